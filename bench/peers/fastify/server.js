'use strict';
const fastify = require('fastify');
const { Pool } = require('pg');
const { callbackRead } = require('../callback');
const { store } = require('../store');
const settings = require('../settings');

const pool = new Pool(settings.pool);
const app = fastify({ bodyLimit: settings.maxBody, logger: false });

// The bytes as they came: they are signed, and kept.
app.addContentTypeParser('*', { parseAs: 'buffer' },
    (request, body, done) => done(null, body));
app.removeContentTypeParser('application/json');

async function take(request, reply)
{
	const { provider, token } = request.params;
	const { headers, body } = request;
	const got = callbackRead(settings, provider, token, headers, body);

	if (got.code !== 200)
		return reply.code(got.code).send({ error: got.error });
	const status = await store(pool, provider, { address: request.ip, body,
	    headers: settings.headersKept(headers) }, got.task, got.digest);
	return { status };
}

app.post('/hook/:provider/:token', take);
app.post('/hook/:provider/:token/callback', take);

app.listen({ host: '127.0.0.1', port: settings.port }, (err) => {
	if (err)
		throw err;
});
