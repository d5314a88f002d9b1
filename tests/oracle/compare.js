// What address_refusal() says of an address, beside what ipaddr.js does: on the
// borders of all ranges that either knows, one less and one more, and on
// random addresses.  A difference that is not meant, or a meant one that is
// not there any more, is printed and fails.
//
//	node compare.js JUDGE [COUNT] [SEED]
'use strict';
const { execFileSync } = require('child_process');
const ipaddr = require('ipaddr.js');

const [judge, count = '1000000', seedText = String(Date.now() % 1e9)] = process.argv.slice(2);

// Where the two are meant to differ.
const meant = [
	// Refused here: IANA has given out nothing outside of 2000::/3.
	{ net: '::/3', refused: true, why: 'not global unicast' },
	{ net: '4000::/2', refused: true, why: 'not global unicast' },
	{ net: '8000::/1', refused: true, why: 'not global unicast' },
	// IANA lists these as globally reachable; they are not special to a client.
	{ net: '192.31.196.0/24', refused: false, why: 'AS112, RFC 7535' },
	{ net: '192.52.193.0/24', refused: false, why: 'AMT, RFC 7450' },
	{ net: '192.175.48.0/24', refused: false, why: 'AS112, RFC 7534' },
	{ net: '2620:4f:8000::/48', refused: false, why: 'AS112, RFC 7534' },
];

// Further borders that are of interest whoever knows them.
const borders = ['0.0.0.0/0', '::/0', '2000::/3', '::/96', '::ffff:0:0/96', '::ffff:0:0:0/96', '64:ff9b::/96',
	'64:ff9b:1::/48', '100::/64', '100:0:0:1::/64', '2001::/23', '2001:db8::/32', '2002::/16', '2620:4f:8000::/48',
	'3fff::/20', '5f00::/16', 'fc00::/7', 'fe80::/10', 'fec0::/10', 'ff00::/8', '2002:7f00::/24', '2002:a00::/24',
	'2002:c0a8::/32', '64:ff9b::7f00:0/104', '::ffff:10.0.0.0/104'];

// A generator of our own, so that a seed gives the same addresses again.
let state = BigInt(seedText) * 2n + 1n;
function random(bits) {
	let v = 0n;
	for (let have = 0; have < bits; have += 32) {
		state = (state * 6364136223846793005n + 1442695040888963407n) & ((1n << 64n) - 1n);
		v = v << 32n | state >> 32n;
	}
	return v & ((1n << BigInt(bits)) - 1n);
}

function number(addr) {
	return addr.toByteArray().reduce((n, b) => n << 8n | BigInt(b), 0n);
}
function address(n, bytes) {
	const list = [];
	for (let i = bytes - 1; i >= 0; i--)
		list.push(Number(n >> BigInt(8 * i) & 255n));
	return ipaddr.fromByteArray(list);
}

const wanted = new Map();
function want(n, bytes) {
	if (n < 0n || n >= 1n << BigInt(8 * bytes))
		return;
	const a = address(n, bytes);
	wanted.set(a.toString(), a);
}
function wantBorders(addr, bits) {
	const bytes = addr.toByteArray().length;
	const size = 1n << BigInt(8 * bytes - bits);
	const first = number(addr) / size * size;
	for (const d of [-1n, 0n, 1n, size - 2n, size - 1n, size])
		want(first + d, bytes);
}

const nets = borders.concat(meant.map(m => m.net)).map(n => ipaddr.parseCIDR(n));
for (const kind of [ipaddr.IPv4, ipaddr.IPv6])
	for (const list of Object.values(kind.prototype.SpecialRanges))
		for (const entry of Array.isArray(list[0]) ? list : [list])
			nets.push(entry);
for (const [a, bits] of nets) {
	wantBorders(a, bits);
	// The same behind each disguise that an IPv4 address may wear.
	if (a.kind() === 'ipv4')
		for (const [prefix, shift] of [[0xffffn << 32n, 0n], [0x64ff9bn << 96n, 0n], [0x2002n << 112n, 80n]])
			wantBorders(address(prefix | number(a) << shift, 16), 96 - Number(shift) + bits);
}
const shown = wanted.size;
for (let i = 0; i < Number(count); i++) {
	if (i % 2 === 0) {
		want(random(32), 4);
		continue;
	}
	// Half of the IPv6 ones within a net that somebody knows.
	const [a, bits] = nets[Number(random(16)) % nets.length];
	const inside = i % 4 === 1 && a.kind() === 'ipv6' && bits < 128;
	want(inside ? number(a) | random(128 - bits) : random(128), 16);
}

// The oracle's word; an address that carries another is judged by that.
function carried(a) {
	if (a.kind() === 'ipv4')
		return null;
	const b = a.toByteArray();
	switch (a.range()) {
	case 'ipv4Mapped': return b.slice(12);
	// The local form, 64:ff9b:1::/48, leads wherever its network wants.
	case 'rfc6052': return b.slice(4, 12).every(x => x === 0) ? b.slice(12) : null;
	case '6to4': return b.slice(2, 6);
	default: return null;
	}
}
function oracle(a) {
	const inner = carried(a);
	return inner ? oracle(ipaddr.fromByteArray(inner)) : a.range();
}
function innermost(a) {
	const inner = carried(a);
	return inner ? ipaddr.fromByteArray(inner) : a;
}

const said = execFileSync(judge, { input: [...wanted.keys()].join('\n') + '\n', maxBuffer: 1 << 30 }).toString().trim().split('\n');
const used = new Set();
let unmeant = 0, refused = 0;
for (const line of said) {
	const at = line.indexOf(' '), a = wanted.get(line.slice(0, at)), word = line.slice(at + 1);
	const ours = word !== '-', theirs = oracle(a) !== 'unicast';
	refused += ours;
	if (ours === theirs)
		continue;
	const m = meant.find(x => {
		const i = innermost(a), [net, bits] = ipaddr.parseCIDR(x.net);
		return x.refused === ours && i.kind() === net.kind() && i.match(net, bits);
	});
	if (m)
		used.add(m);
	else if (unmeant++ < 20)
		console.log(`${a}: ${word} here, ${a.range()} there`);
}
for (const m of meant.filter(x => !used.has(x)))
	console.log(`${m.net}: no difference was seen`);
console.log(`${said.length} addresses, ${shown} at borders, ${refused} refused, ${unmeant} differences not meant, ${used.size} of ${meant.length} meant ones seen, seed ${seedText}`);
process.exit(unmeant > 0 || used.size < meant.length || said.length !== wanted.size ? 1 : 0);
