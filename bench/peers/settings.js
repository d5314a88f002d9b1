'use strict';
// From the environment: the tokens and the secret as `make run` writes them.
const env = process.env;

const KEPT = ['content-type', 'user-agent', 'webhook-id', 'webhook-timestamp'];

module.exports = {
	port: Number(env.PEER_PORT),
	secret: env.GENHOOK_SECRET_WAVESPEED,
	tokens: {
		apimart: env.GENHOOK_TOKEN_APIMART,
		apixo: env.GENHOOK_TOKEN_APIXO,
		novita: env.GENHOOK_TOKEN_NOVITA,
		wavespeed: env.GENHOOK_TOKEN_WAVESPEED,
	},
	// pg takes host, user and database from PGHOST, PGUSER and PGDATABASE.
	pool: { max: 10, min: 10 },
	maxBody: 1048576,
	headersKept: (headers) => Object.fromEntries(KEPT
	    .filter((name) => headers[name] !== undefined)
	    .map((name) => [name, headers[name]])),
};
