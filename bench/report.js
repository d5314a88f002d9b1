'use strict';
// Figures into words, tables and one plot:
//
//	node report.js RESULTS.TSV FACTS.TSV FOLDER
//
// writes RESULTS.md and results.svg into FOLDER, with what FOLDER/wal.tsv and sweep.tsv
// says.  A rate is the median of its rounds; a ratio is the median of the
// rounds' own ratios.
const { readFileSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const sweep = require('./report-sweep.js');
const wal = require('./report-wal.js');
const { floor } = require('./report-floor.js');

const [, , tsvPath, factsPath, folder] = process.argv;
const CONTESTANTS = ['genhook', 'bare', 'fastify', 'express'];
const NAMES = { genhook: 'genhook', bare: 'bare FastCGI',
    fastify: 'Fastify + pg', express: 'Express + pg' };
const COLORS = { genhook: '#1f6feb', bare: '#b6bec9', fastify: '#e09f3e',
    express: '#9e6240' };

// --- the figures

function tableRead(path)
{
	const [head, ...lines] = readFileSync(path, 'utf8').trimEnd()
	    .split('\n').map((line) => line.split('\t'));

	return lines.map((cells) => Object.fromEntries(head.map((name, i) =>
	    [name, /^[0-9.]+$/.test(cells[i]) ? Number(cells[i]) : cells[i]])));
}

const rows = tableRead(tsvPath);
const facts = Object.fromEntries(readFileSync(factsPath, 'utf8').trimEnd()
    .split('\n').map((line) => line.split('\t')));

const pick = (want) => rows.filter((row) =>
    Object.entries(want).every(([name, value]) => row[name] === value));
const unique = (list) => [...new Set(list)];
const values = (name, want) => pick(want).map((row) => row[name]);

function median(list)
{
	const s = list.filter(Number.isFinite).sort((a, b) => a - b);
	const half = s.length >> 1;

	if (s.length === 0)
		return NaN;
	return s.length % 2 ? s[half] : (s[half - 1] + s[half]) / 2;
}

// What `name` of one is to that of the other, in the median round.
function ratio(one, other, name = 'per_second')
{
	return median(pick(one).map((row) => row[name] /
	    values(name, { ...other, round: row.round })[0]));
}

// --- Markdown

const count = (n) => (Number.isFinite(n) ?
    Math.round(n).toLocaleString('en-US') : '–');
const times = (n) => (Number.isFinite(n) ? n.toFixed(2) : '–');
function ms(n)
{
	if (!Number.isFinite(n))
		return '–';
	return n < 100 ? n.toPrecision(2) : count(n);
}

// The first column is text, the others are figures.
function table(head, body)
{
	const line = (cells) => `| ${cells.join(' | ')} |`;

	return [line(head), line(head.map((_, i) => (i ? '---:' : '---'))),
	    ...body.map(line), ''].join('\n');
}

function closedTable(section, key)
{
	const keys = unique(values(key, { section }));
	const of = (k, contestant) => ({ section, [key]: k, contestant });

	return table([key, ...CONTESTANTS.map((c) => NAMES[c]),
	    '÷ ceiling', '÷ Fastify', '÷ Express', 'p99 ms'], keys.map((k) => [
	    k, ...CONTESTANTS.map((c) =>
	    count(median(values('per_second', of(k, c))))),
	    ...CONTESTANTS.slice(1).map((c) =>
	    times(ratio(of(k, 'genhook'), of(k, c)))),
	    ms(median(values('p99_ms', of(k, 'genhook'))))]));
}

// What a callback costs, and whom: steadier than rates on a machine whose
// speed changes.
function costTable(connections)
{
	const cost = (contestant, name) => median(values(name,
	    { section: 'closed', connections, contestant }));

	return table(['', 'web server', 'program', 'database', 'all'],
	    CONTESTANTS.map((contestant) => {
		const parts = ['web_us', 'program_us', 'database_us']
		    .map((name) => cost(contestant, name));

		return [NAMES[contestant], ...parts.map(count),
		    count(parts.reduce((sum, part) => sum + part))];
	}));
}

function openTable()
{
	const cell = (contestant, rate) => ['p50_ms', 'p99_ms', 'p999_ms']
	    .map((name) => ms(median(values(name,
	    { section: 'open', contestant, rate })))).join(' / ');

	return table(['callbacks/s', ...CONTESTANTS.map((c) => NAMES[c])],
	    unique(values('rate', { section: 'open' })).map((rate) =>
	    [count(rate), ...CONTESTANTS.map((c) => cell(c, rate))]));
}

function halfLine()
{
	const at = (name, contestant) =>
	    median(values(name, { section: 'half', contestant }));
	const all = (contestant) => ['p50_ms', 'p99_ms', 'p999_ms']
	    .map((name) => ms(at(name, contestant))).join(' / ');

	return `At half of genhook's own maximum ` +
	    `(${count(at('rate', 'genhook'))}/s): ${all('genhook')}; ` +
	    `bare FastCGI at the same rate: ${all('bare')}.\n`;
}

function bigTable()
{
	const body = [];

	for (const section of ['big', 'big-novita'])
		for (const connections of unique(values('connections',
		    { section }))) {
			const one = (contestant) =>
			    ({ section, connections, contestant });

			body.push([section === 'big' ? 'apimart' : 'novita',
			    connections,
			    count(median(values('per_second', one('genhook')))),
			    count(median(values('per_second', one('big')))),
			    times(ratio(one('big'), one('genhook')))]);
		}
	return table(['provider', 'connections', 'empty tables',
	    `${count(Number(facts.big_rows))} tasks`, 'ratio'], body);
}

function bigText()
{
	if (pick({ section: 'big' }).length === 0)
		return '';
	return `## With ${count(Number(facts.big_rows))} finished tasks

A second database (${facts.big_size}) with a handler of its own, in turns with
the empty one, ${facts.big_seconds} s a point, its indexes read into memory
before the first. APIMart's ids are in order of
time, Novita's fall anywhere: the first touch of each index page after a
checkpoint, which here is at the beginning of each point, costs the log a whole
page.

${bigTable()}`;
}

const floors = floor({ pick, values, unique, median, table, count, times, ms });
const handlerRows = () => rows.filter((row) =>
    ['genhook', 'big'].includes(row.contestant));
const most = (name, list) => Math.max(...list.map((row) => row[name])
    .filter(Number.isFinite));

function soakText()
{
	const soak = pick({ section: 'soak' });

	if (soak.length === 0)
		return '';
	return `Over ${count(soak.reduce((n, row) => n + row.answered, 0))} ` +
	    `callbacks in one go its RSS went from ${count(soak[0].rss_kb)} ` +
	    `to ${count(soak.at(-1).rss_kb)} KiB.\n`;
}

// --- what was aimed at

function aims()
{
	const at = (contestant, connections) =>
	    ({ section: 'closed', contestant, connections });
	const against = (other, connections) =>
	    ratio(at('genhook', connections), at(other, connections));
	const list = [
		...floors.aims(),
		['÷ Fastify, 64 connections', against('fastify', 64), '≥', 5],
		['÷ Express, 64 connections', against('express', 64), '≥', 7],
		['p99 at 16 connections, ms', median(values('p99_ms',
		    at('genhook', 16))), '≤', 10],
		['p99 at half of the maximum, open loop, ms', median(values(
		    'p99_ms', { section: 'half', contestant: 'genhook' })),
		    '≤', 5],
		['largest RSS of a handler, MiB',
		    most('rss_kb', handlerRows()) / 1024, '≤', 14],
		['database connections of a handler',
		    most('database_connections', handlerRows()), '≤', 1],
	];

	for (const connections of unique(values('connections',
	    { section: 'big' })))
		list.push([`full ÷ empty tables, ${connections} connections`,
		    ratio({ section: 'big', contestant: 'big', connections },
		    { section: 'big', contestant: 'genhook', connections }),
		    '≥', 0.9]);
	return list;
}

function aimsTable()
{
	return table(['aim', 'wanted', 'measured', ''], aims().map(
	    ([what, got, sign, want]) => [what, `${sign} ${want}`, times(got),
	    (sign === '≥' ? got >= want : got <= want) ? 'met' : '**missed**']));
}

function pgbenchTable()
{
	return table(['connections', 'calls/s', 'mean ms'], unique(values(
	    'connections', { section: 'pgbench' })).map((connections) => {
		const all = { section: 'pgbench', connections };

		return [connections, count(median(values('per_second', all))),
		    ms(median(values('p50_ms', all)))];
	}));
}

function markdown()
{
	return `# How fast callbacks are taken

Written by \`make bench\` on ${facts.date}, commit ${facts.commit}. All on one
machine, taking turns: ${facts.cores} cores (${facts.cpu}) shared by load, web
server, handler and database; ${count(Number(facts.memory_mb) / 1024)} GiB;
Linux ${facts.kernel}.
${facts.rounds} rounds of ${facts.seconds} s a point; a rate is the median of
the rounds, a ratio the median of the ratios within the rounds.

PostgreSQL ${facts.server_version} with fsync ${facts.fsync}, synchronous_commit
${facts.synchronous_commit}, full_page_writes ${facts.full_page_writes},
shared_buffers ${facts.shared_buffers}, max_wal_size ${facts.max_wal_size}, on
a disk with ${count(Number(facts.fdatasync))} fdatasync/s when the run began;
lighttpd ${facts.lighttpd}, Node.js ${facts.node}, Fastify ${facts.fastify},
Express ${facts.express}, pg ${facts.pg}. Before each point the tables are
emptied and a checkpoint is made; after it, every answer must have its task,
output and delivery.

- **genhook**: a handler behind lighttpd, ${facts.threads} threads, one database
  connection.
- **bare FastCGI**: the same threads and answer behind the same lighttpd; reads
  the body and stores nothing. The ceiling.
- **Fastify + pg**, **Express + pg**: one Node.js process, a pool of 10
  connections, one call of the same SQL function a callback, the same rows.

![callbacks a second](results.svg)

## Closed loop, APIMart's callback, callbacks/s

${closedTable('closed', 'connections')}
## Four providers, 64 connections, callbacks/s

${closedTable('providers', 'provider')}
## Processor time a callback, 64 connections, microseconds

Of the processes themselves: web server (Node.js is its own), program, and
database connections; not of the load.

${costTable(64)}
${floors.section()}## Open loop: latency at a constant rate, p50 / p99 / p99.9 in ms

Counted from when a request was due, so a stall is charged to all that it
delays. 256 connections.

${openTable()}
${halfLine()}
## The SQL function alone, one callback a call (pgbench)

${pgbenchTable()}
${bigText()}
## Memory and connections

A handler had at most ${count(most('rss_kb', handlerRows()))} KiB of RSS, and
${most('database_connections', handlerRows())} database connection.
${soakText()}
## A flood of duplicates

${count(Number(facts.flood))} deliveries of one finished task: its row
${facts.flood_row}, ${count(Number(facts.flood_wal))} bytes of WAL
(${count(Number(facts.flood_wal) / Number(facts.flood))} each, for the record of
the delivery).

${wal.section(folder)}${sweep.section(folder)}## Aims

${aimsTable()}`;
}

// --- the plot: bars by number of connections, with the rounds' range

const PLOT = { width: 760, height: 380, left: 64, right: 16, top: 64,
    bottom: 48 };

// A round number at or above the largest rate, and the step of the grid.
function scaleOf(largest)
{
	const power = 10 ** Math.floor(Math.log10(largest || 1));
	const step = [0.2, 0.5, 1, 2].map((n) => n * power)
	    .find((n) => largest / n <= 6);

	return { step, top: Math.ceil(largest / step) * step };
}

function bar(contestant, x, width, list, y)
{
	const [low, mid, high] =
	    [Math.min(...list), median(list), Math.max(...list)];
	const middle = (x + width / 2).toFixed(1);

	return `<rect x="${x.toFixed(1)}" y="${y(mid).toFixed(1)}" ` +
	    `width="${width.toFixed(1)}" ` +
	    `height="${(y(0) - y(mid)).toFixed(1)}" ` +
	    `fill="${COLORS[contestant]}"/>` +
	    `<path d="M${middle} ${y(low).toFixed(1)}V${y(high).toFixed(1)}" ` +
	    `stroke="#24292f" stroke-width="1.5"/>` +
	    `<text x="${middle}" y="${(y(high) - 5).toFixed(1)}" ` +
	    `text-anchor="middle" font-size="10">` +
	    `${(mid / 1000).toFixed(1)}k</text>`;
}

function legend()
{
	return CONTESTANTS.map((c, i) => `<rect x="${PLOT.left + i * 140}" ` +
	    `y="36" width="11" height="11" fill="${COLORS[c]}"/>` +
	    `<text x="${PLOT.left + i * 140 + 17}" y="46">${NAMES[c]}</text>`)
	    .join('\n');
}

function grid(scale, y)
{
	const lines = [];

	for (let v = 0; v <= scale.top; v += scale.step)
		lines.push(`<path d="M${PLOT.left} ${y(v).toFixed(1)}H` +
		    `${PLOT.width - PLOT.right}" stroke="#d8dee4"/>` +
		    `<text x="${PLOT.left - 8}" y="${(y(v) + 4).toFixed(1)}" ` +
		    `text-anchor="end" fill="#57606a">${count(v)}</text>`);
	return lines.join('\n');
}

function bars(groups, y)
{
	const span = (PLOT.width - PLOT.left - PLOT.right) / groups.length;
	const width = span * 0.8 / CONTESTANTS.length;

	return groups.map((connections, g) => {
		const from = PLOT.left + g * span + span * 0.1;
		const drawn = CONTESTANTS.map((contestant, i) => bar(contestant,
		    from + i * width, width - 4, values('per_second',
		    { section: 'closed', contestant, connections }), y));

		return drawn.join('\n') + `\n<text x="` +
		    `${(from + span * 0.4).toFixed(1)}" ` +
		    `y="${PLOT.height - PLOT.bottom + 18}" ` +
		    `text-anchor="middle">${connections}</text>`;
	}).join('\n');
}

function plot()
{
	const groups = unique(values('connections', { section: 'closed' }));
	const scale = scaleOf(most('per_second', pick({ section: 'closed' })));
	const inner = PLOT.height - PLOT.top - PLOT.bottom;
	const y = (v) => PLOT.top + inner * (1 - v / scale.top);

	return `<svg xmlns="http://www.w3.org/2000/svg" role="img"
 viewBox="0 0 ${PLOT.width} ${PLOT.height}"
 font-family="system-ui, sans-serif" font-size="12" fill="#24292f">
<title>Callbacks per second by number of connections</title>
<rect width="100%" height="100%" fill="#ffffff"/>
<text x="${PLOT.left}" y="22" font-size="14" font-weight="600">Callbacks per \
second, each committed to PostgreSQL (but for the bare ceiling)</text>
${legend()}
${grid(scale, y)}
${bars(groups, y)}
<text x="${(PLOT.left + PLOT.width - PLOT.right) / 2}" \
y="${PLOT.height - 10}" text-anchor="middle" fill="#57606a">connections at \
once (closed loop); lines: range of ${facts.rounds} rounds</text>
</svg>
`;
}

writeFileSync(join(folder, 'RESULTS.md'), markdown()
    .replace(/\n{3,}/g, '\n\n'));
writeFileSync(join(folder, 'results.svg'), plot());
