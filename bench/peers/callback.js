'use strict';
// What both peers know of a callback: which columns its fields become.  Plain
// code with the one library call each needs, as one would write it in a day.
const { createHash, createHmac, timingSafeEqual } = require('node:crypto');

const DAY_MS = 24 * 3600 * 1000;
const KINDS = { images: 'image', videos: 'video', audios: 'audio' };

const date = (ms) => (Number.isFinite(ms) && ms > 0 ? new Date(ms) : null);

function extensionKind(url)
{
	if (/\.(png|jpe?g|webp|gif)($|[?#])/i.test(url))
		return 'image';
	if (/\.(mp4|webm|mov)($|[?#])/i.test(url))
		return 'video';
	return /\.(mp3|wav|flac|ogg)($|[?#])/i.test(url) ? 'audio' : 'file';
}

// The end of a link that AWS's way of signing gives.
function signedUntil(url)
{
	const query = new URL(url).searchParams;
	const at = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/
	    .exec(query.get('X-Amz-Date') || '');

	if (!at)
		return null;
	const [, y, mo, d, h, mi, s] = at.map(Number);
	return date(Date.UTC(y, mo - 1, d, h, mi, s) +
	    Number(query.get('X-Amz-Expires')) * 1000);
}

function apimart(doc)
{
	const task = doc.data && !Array.isArray(doc.data) ? doc.data : doc;
	const outputs = [];

	for (const [list, kind] of Object.entries(KINDS))
		for (const item of (task.result && task.result[list]) || [])
			for (const url of [].concat(item.url))
				outputs.push({ kind, url, source: 'field',
				    until: date(item.expires_at * 1000) });
	return { id: task.id, status: { completed: 'succeeded',
	    failed: 'failed', cancelled: 'cancelled' }[task.status],
	    error: task.error, submitted: date(task.created * 1000),
	    finished: date(task.completed * 1000), outputs };
}

function novita(doc)
{
	const { task, extra, ...lists } = doc.payload;
	const debug = (extra && extra.debug_info) || {};
	const outputs = [];

	for (const [list, kind] of Object.entries(KINDS))
		for (const item of lists[list] || []) {
			const url = item[`${kind}_url`];
			const signed = signedUntil(url);
			const ttl = Number(item[`${kind}_url_ttl`]) * 1000;

			outputs.push({ kind, url,
			    source: signed ? 'url' : 'field',
			    until: signed || date(ttl && Date.now() + ttl) });
		}
	return { id: task.task_id, status: { TASK_STATUS_SUCCEED: 'succeeded',
	    TASK_STATUS_FAILED: 'failed' }[task.status],
	    error: { message: task.reason },
	    model: debug.request_info &&
	    JSON.parse(debug.request_info).model_name,
	    submitted: date(Number(debug.submit_time_ms)),
	    finished: date(Number(debug.complete_time_ms)), outputs };
}

function apixo(doc)
{
	const { data } = doc;
	const finished = date(data.completeTime);
	const urls = data.resultJson ?
	    JSON.parse(data.resultJson).resultUrls || [] : [];

	return { id: data.taskId, status: { success: 'succeeded',
	    failed: 'failed' }[data.state],
	    error: { code: data.failCode, message: data.failMsg },
	    submitted: date(data.createTime), finished,
	    outputs: urls.map((url) => ({ kind: extensionKind(url), url,
	    source: 'provider', until: date(+finished + DAY_MS) })) };
}

function wavespeed(doc)
{
	const submitted = date(Date.parse(doc.created_at));

	return { id: doc.id, model: doc.model, status: { completed: 'succeeded',
	    failed: 'failed', cancelled: 'cancelled' }[doc.status],
	    error: { message: doc.error }, submitted, finished: null,
	    outputs: (doc.outputs || []).map((url) => ({
	    kind: extensionKind(url), url, source: 'provider',
	    until: date(+submitted + 7 * DAY_MS) })) };
}

const PROVIDERS = { apimart, novita, apixo, wavespeed };

// WaveSpeed signs "id.timestamp.body".
function signatureIsRight(secret, headers, body)
{
	const id = headers['webhook-id'];
	const at = headers['webhook-timestamp'];
	const want = 'v3,' + createHmac('sha256', secret.replace(/^whsec_/, ''))
	    .update(`${id}.${at}.`).update(body).digest('hex');
	const got = Buffer.from(headers['webhook-signature'] || '');

	return Math.abs(Date.now() / 1000 - Number(at)) <= 300 &&
	    got.length === want.length &&
	    timingSafeEqual(got, Buffer.from(want));
}

function tokenIsRight(want, got)
{
	return want !== undefined && want.length === got.length &&
	    timingSafeEqual(Buffer.from(want), Buffer.from(got));
}

// What must be the same for a second result to be a repeat of the first.
function resultDigest(task)
{
	const hash = createHash('sha256').update(task.status);

	for (const o of task.outputs)
		hash.update(o.kind).update(o.url.replace(/[?#].*/, ''));
	return hash.digest();
}

// The callback as one record for store(), or undefined: refuse it with code.
function callbackRead(settings, provider, token, headers, body)
{
	const parse = Object.hasOwn(PROVIDERS, provider) && PROVIDERS[provider];
	let doc;

	if (!parse || !tokenIsRight(settings.tokens[provider], token))
		return { code: 404, error: 'not found' };
	if (provider === 'wavespeed' &&
	    !signatureIsRight(settings.secret, headers, body))
		return { code: 401, error: 'signature' };
	try {
		doc = JSON.parse(body);
	} catch (e) {
		return { code: 400, error: e.message };
	}
	const task = parse(doc);
	if (!task.id || !task.status)
		return { code: 400, error: 'no final result' };
	return { code: 200, task, digest: resultDigest(task) };
}

module.exports = { callbackRead };
