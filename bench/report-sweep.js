'use strict';
// The sweep's figures, as a section of RESULTS.md:
//
//	node report-sweep.js FOLDER
//
// puts what FOLDER/sweep.tsv says into FOLDER/RESULTS.md, in place of the
// section that is there.  report.js takes it from here as well.
const { existsSync, readFileSync, statSync, writeFileSync } =
    require('node:fs');
const { join } = require('node:path');

const TITLE = '## The sweep';
const BEFORE = '## Aims';
const NAMES = { curl: 'curl, 32 at once', curl_sync: 'the same, then `sync -f`',
    sweep: 'genhook-sweep', aria2: 'aria2c -j 16' };

function rowsRead(path)
{
	const [head, ...lines] = readFileSync(path, 'utf8').trimEnd()
	    .split('\n').map((line) => line.split('\t'));

	return lines.map((cells) => Object.fromEntries(head.map((name, i) =>
	    [name, /^[0-9.]+$/.test(cells[i]) ? Number(cells[i]) : cells[i]])));
}

function median(list)
{
	const s = list.filter(Number.isFinite).sort((a, b) => a - b);

	return s.length === 0 ? NaN :
	    (s[(s.length - 1) >> 1] + s[s.length >> 1]) / 2;
}

// How many times as long the other takes, in the median round.
function ratio(rows, other, one = 'sweep')
{
	const at = (who, round) => rows.find((row) => row.who === who &&
	    row.round === round)?.seconds;

	return median([...new Set(rows.map((row) => row.round))]
	    .map((round) => at(other, round) / at(one, round)));
}

const fixed = (n, digits) => (Number.isFinite(n) ? n.toFixed(digits) : '–');

function filesTable(rows)
{
	const line = (who) => {
		const own = rows.filter((row) => row.who === who);
		const seconds = median(own.map((row) => row.seconds));

		return `| ${NAMES[who]} | ${fixed(seconds, 2)} | ` +
		    `${fixed(own[0].count * own[0].bytes / seconds / 1e6, 0)} | ` +
		    `${fixed(median(own.map((row) => row.cpu_s)), 2)} | ` +
		    `${fixed(ratio(rows, 'sweep', who), 2)} |`;
	};

	return ['| | seconds | MB/s | own CPU seconds | speed ÷ sweep\'s |',
	    '| --- | ---: | ---: | ---: | ---: |',
	    ...Object.keys(NAMES).filter((who) =>
	    rows.some((row) => row.who === who)).map(line), ''].join('\n');
}

function aimsTable(of)
{
	const rss = (what) => Math.max(...of(what).filter((row) =>
	    row.who === 'sweep').map((row) => row.rss_mib));
	const list = [
		['2,000 files of 200 kB, speed ÷ curl', ratio(of('small'), 'curl'),
		    '≥', 0.7],
		['the same ÷ aria2c', ratio(of('small'), 'aria2'), '≥', 3],
		['large files, speed ÷ curl', ratio(of('large'), 'curl'), '≥', 0.8],
		['RSS with small files, MiB', rss('small'), '≤', 40],
		['RSS with large files, MiB', rss('large'), '≤', 40],
		['due polls, time ÷ what the cap allows',
		    1 / ratio(of('polls'), 'cap'), '≤', 1.2],
	];

	return ['| aim | wanted | measured | |', '| --- | ---: | ---: | ---: |',
	    ...list.filter(([, got]) => Number.isFinite(got)).map(
	    ([what, got, sign, want]) =>
	    `| ${what} | ${sign} ${want} | ${fixed(got, 2)} | ` +
	    `${(sign === '≥' ? got >= want : got <= want) ? 'met' : '**missed**'} |`),
	    ''].join('\n');
}

function part(title, rows, text)
{
	return rows.length === 0 ? '' : `### ${title}\n\n${text(rows)}\n`;
}

// The section, or nothing when the sweep was not measured.
function section(folder)
{
	const path = join(folder, 'sweep.tsv');

	if (!existsSync(path))
		return '';
	const rows = rowsRead(path);
	const of = (what) => rows.filter((row) => row.what === what);
	const size = (list) => `${list[0].count.toLocaleString('en-US')} files ` +
	    `of ${list[0].bytes.toLocaleString('en-US')} bytes`;

	return `${TITLE}

Measured on ${statSync(path).mtime.toISOString().slice(0, 10)} by
\`bench/sweep\`: all fetch the same files from one lighttpd on loopback, in
turns, each from a disk with nothing left to write; medians of the rounds.
genhook-sweep sums each file, syncs it and its directory, and writes its row.
curl and aria2c do none of that and end while the files are still in memory:
a disk that writes slower than curl fetches sets the pace of whoever waits for
it, and \`sync -f\` after curl shows that pace.  What else the machine did
meanwhile counts against whoever needs more of its processors.

${part(of('small').length ? size(of('small')) : '', of('small'), filesTable)}
${part(of('large').length ? size(of('large')) : '', of('large'), filesTable)}
${part('Polls', of('polls'), (list) =>
    `${list[0].count.toLocaleString('en-US')} due polls, answered after 100 ms: ` +
    `${fixed(list.find((row) => row.who === 'sweep').seconds, 2)} s; the cap ` +
    `allows ${fixed(list.find((row) => row.who === 'cap').seconds, 2)} s.\n`)}
### Aims of the sweep

${aimsTable(of)}
`.replace(/\n{3,}/g, '\n\n');
}

function sectionPut(folder)
{
	const path = join(folder, 'RESULTS.md');
	const [head, rest] = readFileSync(path, 'utf8').split(`\n${BEFORE}\n`);
	const before = head.split(`\n${TITLE}\n`)[0].trimEnd();

	writeFileSync(path,
	    `${before}\n\n${section(folder)}${BEFORE}\n${rest}`);
}

module.exports = { section };
if (require.main === module)
	sectionPut(process.argv[2]);
