'use strict';
// What a callback costs beside the least that it can: the bare responder and a COPY
// of the same rows, as many at a time as genhook's commits had; and what is taken
// while the database is away.
//
//	section(), aims(): text and rows for report.js; figures is its own object.
function floor(figures)
{
	const { pick, values, unique, median, table, count, times, ms } = figures;
	const parts = ['web_us', 'program_us', 'database_us'];
	const all = (row) => parts.reduce((sum, name) =>
	    sum + (Number.isFinite(row[name]) ? row[name] : 0), 0);
	const of = (section, contestant, connections) =>
	    ({ section, contestant, connections });
	const inRound = (want, round) => pick({ ...want, round })[0];
	// By round: the neighbours of one round are compared.
	const rounds = (connections, f) => unique(values('round',
	    of('floor', 'genhook', connections))).map(f);
	const least = (connections, round) =>
	    all(inRound(of('floor', 'bare', connections), round)) +
	    inRound(of('floor', 'copy', connections), round).database_us;
	const against = (section, connections) => median(rounds(connections,
	    (round) => all(inRound(of(section, 'genhook', connections), round)) /
	    least(connections, round)));
	const databases = (section, connections) => median(rounds(connections,
	    (round) => inRound(of(section, 'genhook', connections), round).database_us /
	    inRound(of('floor', 'copy', connections), round).database_us));

	function line(connections, name, want)
	{
		const cells = parts.map((part) => median(values(part, want)));
		const sum = cells.reduce((a, b) => a + (Number.isFinite(b) ? b : 0), 0);

		return [`${connections}: ${name}`, ...cells.map(count), count(sum)];
	}

	function lines(connections)
	{
		const own = (section) => line(connections, section === 'floor' ?
		    'new tasks' : 'registered tasks', of(section, 'genhook', connections));
		const bare = ['web_us', 'program_us'].map((part) =>
		    median(values(part, of('floor', 'bare', connections))));
		const copy = median(values('database_us', of('floor', 'copy', connections)));
		const batch = median(values('rate', of('floor', 'copy', connections)));

		return [
			[...own('floor'), times(against('floor', connections))],
			[...own('registered'), times(against('registered', connections))],
			[`${connections}: floor, ${count(batch)} rows a COPY`,
			    ...[...bare, copy].map(count),
			    count(bare[0] + bare[1] + copy), times(1)],
		];
	}

	const spooled = (section, name) => median(values(name, { section }));

	function section()
	{
		return `## The floor, processor time a callback in microseconds

The bare responder behind the same lighttpd, and a COPY BINARY of the same three
rows, as many at a time as genhook's commits had: nothing durable can cost less here.

${table(['connections', 'web server', 'program', 'database', 'all', '÷ floor'],
	    unique(values('connections', { section: 'floor' })).flatMap(lines))}
One connection: half of the callbacks were answered within
${ms(median(values('p50_ms', of('floor', 'genhook', 1))))} ms.

## While the database is away

64 connections: ${count(spooled('spool', 'per_second'))} callbacks/s were taken into
the spool, ${count(spooled('spool', 'program_us'))} µs of the handler's processor time
each; ${count(spooled('drain', 'per_second'))}/s were drained from the first one on.

`;
	}

	const aims = () => [
		['processor ÷ floor, 64 connections', against('floor', 64), '≤', 1.35],
		['processor ÷ floor, 16 connections', against('floor', 16), '≤', 1.5],
		['database ÷ COPY, registered, 64 connections',
		    databases('registered', 64), '≤', 1.5],
		['p50 at one connection, ms',
		    median(values('p50_ms', of('floor', 'genhook', 1))), '≤', 0.4],
		['spooling, µs of the handler, 64 connections',
		    spooled('spool', 'program_us'), '≤', 60],
		['drained ÷ taken into the spool',
		    spooled('drain', 'per_second') / spooled('spool', 'per_second'), '≥', 2],
	];

	return { section, aims };
}

module.exports = { floor };
