'use strict';
const express = require('express');
const { Pool } = require('pg');
const { callbackRead } = require('../callback');
const { store } = require('../store');
const settings = require('../settings');

const pool = new Pool(settings.pool);
const app = express();

app.disable('x-powered-by');
app.disable('etag');
// The bytes as they came: they are signed, and kept.
app.use(express.raw({ type: () => true, limit: settings.maxBody }));

async function take(req, res)
{
	const { provider, token } = req.params;
	const { headers, body } = req;
	const got = callbackRead(settings, provider, token, headers, body);

	if (got.code !== 200) {
		res.status(got.code).json({ error: got.error });
		return;
	}
	const status = await store(pool, provider, { address: req.ip, body,
	    headers: settings.headersKept(headers) }, got.task, got.digest);
	res.json({ status });
}

app.post('/hook/:provider/:token', take);
app.post('/hook/:provider/:token/callback', take);

app.listen(settings.port, '127.0.0.1');
