'use strict';
// WaveSpeed's callbacks, signed beforehand, one a line:
//
//	node sign.js BODY COUNT	(the secret in GENHOOK_SECRET_WAVESPEED)
//	id timestamp v3,signature body
const { createHmac, randomBytes } = require('node:crypto');
const { readFileSync, writeSync } = require('node:fs');

const CHUNK = 1000;

const [, , path, count] = process.argv;
const key = (process.env.GENHOOK_SECRET_WAVESPEED || '').replace(/^whsec_/, '');
const template = readFileSync(path, 'utf8');

function line()
{
	const id = randomBytes(16).toString('hex');
	const at = Math.floor(Date.now() / 1000);
	const body = template.replaceAll('@ID@', id);
	const mac = createHmac('sha256', key).update(`${id}.${at}.${body}`);

	return `${id} ${at} v3,${mac.digest('hex')} ${body}\n`;
}

for (let left = Number(count); left > 0; left -= CHUNK)
	writeSync(1, Array.from({ length: Math.min(left, CHUNK) }, line)
	    .join(''));
