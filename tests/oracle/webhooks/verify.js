// What genhook sends, verified by the libraries that receivers use.  The log of
// tests/e2e/lib/receiver.py comes on standard input; each request to PATH has to
// be taken with each of the secrets by both libraries, and with one byte of its
// body changed by none.
//
//	node verify.js PATH SECRET...
'use strict';
const standard = require('standardwebhooks').Webhook;
const svix = require('svix').Webhook;

const [path, ...secrets] = process.argv.slice(2);
const seen = new Set();
let verified = 0, refused = 0;

function takes(verifier, body, headers) {
	try {
		verifier.verify(body, headers);
		return true;
	} catch {
		return false;
	}
}

for (const line of require('fs').readFileSync(0, 'utf8').split('\n').filter(Boolean)) {
	const r = JSON.parse(line);
	if (r.path !== path || !r.id || seen.has(r.id))
		continue;
	seen.add(r.id);
	const body = Buffer.from(r.body, 'base64').toString();
	const forged = body.replace('"', ' ');
	const verifiers = secrets.flatMap(s => [new standard(s), new svix(s)]);
	if (verifiers.every(v => takes(v, body, r.headers)))
		verified += secrets.length;
	for (const v of verifiers)
		refused += !takes(v, forged, r.headers);
}
console.log(`${verified} verified, ${refused} forgeries refused`);
