'use strict';
// What a callback writes to the database's log, as a section of RESULTS.md:
//
//	node report-wal.js FOLDER
//
// puts what FOLDER/wal.tsv says into FOLDER/RESULTS.md, in place of the section
// that is there.  report.js takes it from here as well.
const { existsSync, readFileSync, statSync, writeFileSync } =
    require('node:fs');
const { join } = require('node:path');

const TITLE = '## WAL';
const BEFORE = '## The sweep';
// Between two checkpoints, in MB of log: half of max_wal_size, and a little.
const DEFAULT_MB = 539;
const MOST = 2;

function rowsRead(path)
{
	const [head, ...lines] = readFileSync(path, 'utf8').trimEnd()
	    .split('\n').map((line) => line.split('\t'));

	return lines.map((cells) => Object.fromEntries(head.map((name, i) =>
	    [name, /^[0-9.]+$/.test(cells[i]) ? Number(cells[i]) : cells[i]])))
	    .filter((row) => row.what === 'log');
}

const count = (n) => n.toLocaleString('en-US');
const kilobytes = (row) => (row.figure / 1000).toFixed(1);
const written = (row) => row.figure * row.callbacks / (1 << 20);

const curve = (rows, kind, filled) => rows.filter((row) =>
    row.kind === kind && (row.tasks > 0) === filled);

// Where to look at a curve; one that is shorter is level at its end.
const end = (rows) => rows[rows.length - 1];
const after = (callbacks) => (rows) =>
    rows.find((row) => row.callbacks >= callbacks) ?? end(rows);
const full = (rows) => rows.find((row) => written(row) >= DEFAULT_MB) ?? end(rows);
const points = [
	['10,000 callbacks', after(1e4)],
	['100,000 callbacks', after(1e5)],
	['`max_wal_size` 1GB, as it comes', full],
	['`max_wal_size` 8GB', end],
];

function line(rows, name, pick)
{
	const empty = pick(curve(rows, 'off', false));
	const cells = ['off', 'lz4'].flatMap((kind) => {
		const row = pick(curve(rows, kind, true));

		return [kilobytes(row), (row.figure / empty.figure).toFixed(2),
		    count(row.callbacks)];
	});

	return `| ${name} | ${kilobytes(empty)} | ${cells.join(' | ')} |`;
}

function aim(settings, got)
{
	return `| log of a callback ÷ empty, ${settings} | ≤ ${MOST} | ` +
	    `${got.toFixed(2)} | ${got <= MOST ? 'met' : '**missed**'} |`;
}

// The section, or nothing when the log was not measured.
function section(folder)
{
	const path = join(folder, 'wal.tsv');

	if (!existsSync(path))
		return '';
	const rows = rowsRead(path);
	const tasks = Math.max(...rows.map((row) => row.tasks));
	const times = (kind, pick) => pick(curve(rows, kind, true)).figure /
	    pick(curve(rows, 'off', false)).figure;

	return `${TITLE}

Measured on ${statSync(path).mtime.toISOString().slice(0, 10)} by
\`bench/database log\`, Novita's callback, whose ids fall anywhere, 16 at a time, from
a checkpoint on: kB of write-ahead log a callback until the next one, in empty tables
and with ${count(tasks)} tasks.  These are bytes, which no machine's speed changes.
A checkpoint makes the next touch of each page go into the log whole, so what counts is
how many callbacks come before the next: in the last two lines, as many as fill the log
that \`max_wal_size\` allows.

| until the next checkpoint | empty | ${count(tasks)} tasks | ÷ empty | callbacks | with \`wal_compression\` lz4 | ÷ empty | callbacks |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
${points.map(([name, pick]) => line(rows, name, pick)).join('\n')}

| aim | wanted | measured | |
| --- | ---: | ---: | ---: |
${aim('as PostgreSQL comes', times('off', full))}
${aim('with `max_wal_size` 8GB', times('off', end))}
${aim('with that and lz4', times('lz4', end))}

`;
}

function sectionPut(folder)
{
	const path = join(folder, 'RESULTS.md');
	const [head, rest] = readFileSync(path, 'utf8').split(`\n${BEFORE}\n`);
	const before = head.split(`\n${TITLE}\n`)[0].trimEnd();

	writeFileSync(path, `${before}\n\n${section(folder)}${BEFORE}\n${rest}`);
}

module.exports = { section };
if (require.main === module)
	sectionPut(process.argv[2]);
