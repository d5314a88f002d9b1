'use strict';
// One callback, one call of the same SQL function that the handlers use.
const { randomUUID } = require('node:crypto');

const SQL = `select outcome from genhook.receive(
    array[$1::uuid], array[$2::timestamptz], array[$3::text],
    array['default'], array['callback'], array['accepted'], array[$4::text],
    array[$5::text], array[$6::text], array[$7::bytea], array[null::text],
    array[$8::text], array[$9::text], array[$10::text], array[$11::text],
    array[$12::text], array[false], array[$13::timestamptz],
    array[$14::timestamptz], array[$15::bytea],
    $16::integer[], $17::integer[], $18::text[], $19::text[], $20::text[],
    $21::timestamptz[], $22::text[], p_again => false) as received (outcome)`;

// Resolves to what became of it: accepted, duplicate or conflict.
async function store(pool, provider, request, task, digest)
{
	const failed = task.status !== 'succeeded';
	const error = (failed && task.error) || {};
	const list = (value) => task.outputs.map(value);
	const { rows } = await pool.query({ name: 'receive', text: SQL, values: [
		randomUUID(), new Date(), provider,
		provider === 'wavespeed' ? 'signature' : 'token',
		request.address, JSON.stringify(request.headers), request.body,
		task.id, task.status, task.model || null,
		error.code ? String(error.code) : null, error.message || null,
		task.submitted, task.finished, digest,
		list(() => 1), list((o, i) => i), list((o) => o.kind),
		list((o) => o.url), list(() => null), list((o) => o.until),
		list((o) => (o.until ? o.source : 'unknown')),
	] });

	return rows[0].outcome === 'accepted' ? 'accepted' : 'duplicate';
}

module.exports = { store };
