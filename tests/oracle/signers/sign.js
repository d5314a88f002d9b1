// Callbacks as providers sign them, beside what they give out for checking them:
// openai's webhooks.unwrap(), replicate's validateWebhook(); for fal, which gives
// out nothing, Node's own Ed25519.  Each is taken by both; signed with the secret
// of another account by neither; and with one bit changed, in a header that counts
// or in the body, not by genhook, whatever the library says of bits that mean
// nothing in Base64.
//
//	node sign.js keys FILE               a key set into FILE, the keys beside it
//	node sign.js PLAN [BITS] [SEED]      PLAN: provider to { url, secret, other }
'use strict';
const crypto = require('crypto');
const fs = require('fs');
const http = require('http');
const { Webhook } = require('standardwebhooks');
const { validateWebhook } = require('replicate');
const { OpenAI } = require('openai');

const agent = new http.Agent({ keepAlive: true, maxSockets: 4 });

function keys(file) {
	const pairs = [0, 1].map(() => crypto.generateKeyPairSync('ed25519'));
	const { kty, crv, x } = pairs[0].publicKey.export({ format: 'jwk' });
	fs.writeFileSync(file, JSON.stringify({ keys: [{ kty, crv, x }] }));
	pairs.forEach((p, i) => fs.writeFileSync(`${file}.${i}`,
		p.privateKey.export({ format: 'pem', type: 'pkcs8' })));
}

// A generator of our own, so that a seed gives the same bits again.
let state = 1n;
function random(n) {
	state = (state * 6364136223846793005n + 1442695040888963407n) & ((1n << 64n) - 1n);
	return Number((state >> 33n) % BigInt(n));
}

function standard(secret, id, body) {
	const at = new Date();
	return {
		'webhook-id': id,
		'webhook-timestamp': String(Math.floor(at / 1000)),
		'webhook-signature': new Webhook(secret).sign(id, at, body),
	};
}
const fal = {
	text: (h, body) => `${h['x-fal-webhook-request-id']}\n${h['x-fal-webhook-user-id']}\n` +
		`${h['x-fal-webhook-timestamp']}\n${crypto.createHash('sha256').update(body).digest('hex')}`,
	sign(pem, id, body) {
		const h = {
			'x-fal-webhook-request-id': id,
			'x-fal-webhook-user-id': 'auth0|user',
			'x-fal-webhook-timestamp': String(Math.floor(Date.now() / 1000)),
		};
		h['x-fal-webhook-signature'] = crypto.sign(null, Buffer.from(fal.text(h, body)), pem).toString('hex');
		return h;
	},
};

const providers = {
	openai: {
		body: id => ({ id: `evt_${id}`, object: 'event', created_at: 1750861210, type: 'response.completed', data: { id: `resp_${id}` } }),
		sign: standard,
		check: (headers, body, secret) => new OpenAI({ apiKey: 'none' }).webhooks.unwrap(body, headers, secret),
	},
	replicate: {
		body: id => ({ id, model: 'o/n', version: 'hidden', status: 'failed', error: 'no caf\u00e9', output: null }),
		sign: standard,
		check: (headers, body, secret) => validateWebhook({ headers, body }, secret),
	},
	fal: {
		body: id => ({ request_id: id, status: 'ERROR', error: 'no', payload: { detail: [{ msg: 'not allowed' }] } }),
		sign: fal.sign,
		check: (headers, body, pem) => crypto.verify(null, Buffer.from(fal.text(headers, body)),
			crypto.createPublicKey(pem), Buffer.from(headers['x-fal-webhook-signature'], 'hex')),
	},
};

function post(url, headers, body) {
	return new Promise((resolve, reject) => {
		const r = http.request(url, { method: 'POST', agent, headers: { ...headers, 'content-length': body.length } }, res => {
			res.resume();
			res.on('end', () => resolve(res.statusCode));
		});
		r.on('error', reject);
		r.end(body);
	});
}
async function takes(p, headers, body, secret) {
	try {
		return await p.check(headers, body.toString(), secret) !== false;
	} catch {
		return false;
	}
}

// Another copy with one bit changed; null where it could not be sent.
function flip(headers, body, part, bit) {
	if (part === 'body') {
		const other = Buffer.from(body);
		other[bit >> 3] ^= 1 << (bit & 7);
		return { headers, body: other };
	}
	const text = Buffer.from(headers[part]);
	text[bit >> 3] ^= 1 << (bit & 7);
	// A comma would make two headers of one, and a blank at an end is none.
	if (text.some(c => c <= 0x20 || c > 0x7e || c === 0x2c) && part !== 'webhook-signature')
		return null;
	if (text.some(c => c < 0x20 || c > 0x7e) || text[0] === 0x20 || text[text.length - 1] === 0x20)
		return null;
	return { headers: { ...headers, [part]: text.toString() }, body };
}

async function run(name, { url, secret, other }, bits) {
	const p = providers[name], n = { accepted: 0, others: 0, flips: 0, refused: 0, lax: 0 };
	for (let i = 0; i < 20; i++) {
		const id = crypto.randomUUID(), body = Buffer.from(JSON.stringify(p.body(id)));
		const right = p.sign(secret, id, body.toString()), wrong = p.sign(other, id, body.toString());
		n.others += await post(url, wrong, body) === 401 && !await takes(p, wrong, body, secret);
		for (let k = 0; k < bits / 20; k++) {
			const parts = ['body', ...Object.keys(right)], part = parts[random(parts.length)];
			const size = part === 'body' ? body.length : right[part].length;
			const bad = flip(right, body, part, random(8 * size));
			if (bad === null)
				continue;
			n.flips++;
			const status = await post(url, bad.headers, bad.body);
			if (status === 401)
				n.refused++;
			else
				console.log(`${name}: ${status} for ${part}: ${JSON.stringify(bad.headers)} ${bad.body}`);
			n.lax += await takes(p, bad.headers, bad.body, secret);
		}
		n.accepted += await takes(p, right, body, secret) && await post(url, right, body) === 200;
	}
	console.log(`${name}: ${n.accepted} of 20 taken by both, ${n.others} of 20 of another account by neither, ` +
		`${n.refused} of ${n.flips} changed bits refused (${n.lax} of them not by the library)`);
	return n.accepted === 20 && n.others === 20 && n.refused === n.flips && n.flips > bits / 3;
}

async function main() {
	if (process.argv[2] === 'keys')
		return keys(process.argv[3]);
	const plan = JSON.parse(fs.readFileSync(process.argv[2])), bits = Number(process.argv[3] || 400);
	const seed = process.argv[4] || String(Date.now() % 1e9);
	state = BigInt(seed) * 2n + 1n;
	let ok = true;
	for (const name of Object.keys(plan))
		ok = await run(name, plan[name], bits) && ok;
	console.log(`seed ${seed}`);
	agent.destroy();
	process.exitCode = ok ? 0 : 1;
}
main();
