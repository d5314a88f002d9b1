#!/usr/bin/env node
// Submit by SQL, and print where the outputs are:
//
//	client.js PROVIDER MODEL REQUEST
//
// Needs pg (npm install pg).  PGHOST, PGUSER, ... say where the database is; for
// the socket of this machine PGHOST is its folder, /run/postgresql.
'use strict';
const { Client } = require('pg');

const LOOK = `
    select request_status, task_status, error, outputs,
        request_status in ('refused', 'unknown') or (task_status <> 'pending'
            and not outputs @> '[{"status": "pending"}]') as done
    from genhook.request_results where id = $1`;

// Until a message comes, or a while: one can be missed, and none tells of a
// download.
function message(db) {
    return new Promise((resolve) => {
        const timer = setTimeout(resolve, 2000);
        db.once('notification', () => {
            clearTimeout(timer);
            resolve();
        });
    });
}

async function main([provider, model, request]) {
    const db = new Client();
    await db.connect();
    await db.query('listen genhook_request_settled');
    await db.query('listen genhook_task_finished');
    const { rows: [{ id }] } = await db.query(
        `insert into genhook.requests (provider, model, request, metadata)
        values ($1, $2, $3, $4) returning id`,
        [provider, model, request, { client: 'node' }]);

    let row;
    for (;;) {
        ({ rows: [row] } = await db.query(LOOK, [id]));
        if (row.done)
            break;
        await message(db);
    }
    await db.end();
    if (row.task_status !== 'succeeded')
        throw new Error(`request ${id}: ${row.request_status}, ` +
            `${row.task_status}, ${row.error}`);
    for (const output of row.outputs)
        console.log(output.location ?? output.text);
}

if (process.argv.length !== 5) {
    console.error('usage: client.js PROVIDER MODEL REQUEST');
    process.exit(2);
}
main(process.argv.slice(2)).catch((error) => {
    console.error(error.message);
    process.exitCode = 1;
});
