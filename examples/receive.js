#!/usr/bin/env node
// Be told of finished tasks: a web server for a forward of genhook.
//
//	receive.js PORT
//
// Needs pg and standardwebhooks (npm install pg standardwebhooks).  GENHOOK_SECRET
// is the forward's secret, or several with blanks between; PGHOST, PGUSER, ... say
// where your database is, with the table "taken" of docs/applications.md.
'use strict';
const http = require('http');
const { Pool } = require('pg');
const { Webhook } = require('standardwebhooks');

const db = new Pool();
const webhooks = process.env.GENHOOK_SECRET.split(' ').map((s) => new Webhook(s));

// Is it from who has the secret, as it was sent, and of now?
function isGenuine(headers, body) {
    return webhooks.some((webhook) => {
        try {
            webhook.verify(body, headers);
            return true;
        } catch {
            return false;
        }
    });
}

// Once for each id: what comes again changes nothing.
async function take(id, body) {
    const sql = await db.connect();
    try {
        await sql.query('begin');
        const { rowCount } = await sql.query(
            `insert into taken (webhook_id, event) values ($1, $2)
            on conflict do nothing`, [id, body]);
        if (rowCount === 1) {
            // what you do with it, in the same transaction
        }
        await sql.query('commit');
    } finally {
        sql.release(true);
    }
}

http.createServer(async (request, response) => {
    const parts = [];
    for await (const part of request)
        parts.push(part);
    const body = Buffer.concat(parts).toString();
    let status = 401;
    if (isGenuine(request.headers, body))
        status = await take(request.headers['webhook-id'], body)
            .then(() => 204, () => 500);
    response.writeHead(status).end();
}).listen(Number(process.argv[2]), '127.0.0.1');
