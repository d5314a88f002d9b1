'use strict';
// The first ids that load.lua gives APIMart's tasks, a line each:
//
//	node ids.js STARTED_MS SALT COUNT
const DIGITS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const [, , started, salt, count] = process.argv;

function base32(value, digits)
{
	let out = '';

	for (let i = 0; i < digits; i++) {
		out = DIGITS[value % 32] + out;
		value = Math.floor(value / 32);
	}
	return out;
}

const ids = Array.from({ length: Number(count) }, (_, i) => 'task_' +
    base32(Number(started) + Math.floor((i + 1) / 20), 10) + salt +
    base32(i + 1, 6));

process.stdout.write(`${ids.join('\n')}\n`);
