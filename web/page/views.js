/* The pages: for each what it loads and what it shows.  A page is
 * { title, load(args, filters), show(data, args, filters, page) }; page is what
 * page.js lends to all of them: who is signed in, and what buttons do. */
import { html, svg, nothing } from './lit-html.js';
import {
	afford, ago, bars, between, bytes, capped, chips, clock, credits, day, fileOf, filtered, full, icon, json, kindIcon, kpi, known, last, legend, life,
	many, media, number, colourOf, preview, provider, short, shown, spark, tag, thumb, to, until, usd,
} from './parts.js';

// --- what pages share

const find = (page, value = '') => html`<form role="search" @submit=${e => page.search(e)}><input type="search" name="q" .value=${value}
	placeholder="id, prompt, order:4127 …   ( / )" aria-label="Find a task by its id, its prompt or your metadata"></form>`;
const pick = (page, name, words, values, value) => html`<select aria-label=${words} @change=${e => page.filter(name, e.target.value)}>
	<option value="" ?selected=${!value}>${words}</option>
	${[...new Set([...values, ...(value ? [value] : [])])].sort().map(v => html`<option value=${v} ?selected=${v === value}>${v}</option>`)}</select>`;
const spans = [['', 'any time'], ['1', 'last 24 hours'], ['7', 'last 7 days'], ['30', 'last 30 days']];
const pickSpan = (page, value) => html`<select aria-label="Time" @change=${e => page.filter('days', e.target.value)}>
	${spans.map(([v, words]) => html`<option value=${v} ?selected=${v === (value ?? '')}>${words}</option>`)}</select>`;
const since = days => days ? new Date(Date.now() - days * 864e5).toISOString() : '';
const older = (data, page) => data.next ? html`<div class="head gap"><span class="dim small">${data.rows.length} so far</span><span class="grow"></span>
	<button class="btn" @click=${e => page.more(e)}>Older</button></div>` : nothing;
const nothingHere = (data, words) => data.rows.length ? nothing : html`<p class="empty">${data.next ? 'Nothing yet among the newest; there may be older ones.' : words}</p>`;
const goTo = href => e => {
	if (e.target.closest('a, button, audio, video'))
		return;
	if (e.ctrlKey || e.metaKey || e.button === 1)
		open(href, '_blank', 'noopener');
	else
		location.hash = href;
};
const trouble = t => t.error_message ? html`<div class="small bad-ink">${t.error_message}</div>` :
	t.last_poll_error ? html`<div class="small wait-ink">${t.last_poll_error}</div>` :
	t.gone ? html`<div class="small bad-ink">${t.gone} of ${t.outputs} outputs could not be downloaded</div>` :
	t.waiting ? html`<div class="small wait-ink">downloading${t.soonest_expiry ? `, ${until(t.soonest_expiry)} left` : ''}</div>` : nothing;
const asked = t => t.prompt ?? t.model ?? t.task_id;
const tile = o => html`<a class="tile" href=${to('view', o.provider, o.task_id, o.position)} aria-label=${asked(o)}>${o.kind === 'text' ?
	html`<span class="one small">${o.inline_text}</span>` : preview(o, '')}${o.kind === 'video' || o.kind === 'audio' ?
	html`<span class="badge">${icon(kindIcon[o.kind], '')}${o.kind}</span>` : nothing}</a>`;

// --- overview

const overview = {
	title: 'Overview',
	every: 15,
	load: (args, filters, api) => api('overview'),
	show(d, args, { span = '24h' }, page) {
		if (d.empty)
			return welcome.show({ accounts: page.accounts ?? { rows: [] } }, args, {}, page);
		const sum = (list, key) => list.reduce((n, r) => n + Number(r[key] ?? 0), 0);
		const finished = sum(d.hours, 'by_callback') + sum(d.hours, 'by_poll');
		const polled = finished ? sum(d.hours, 'by_poll') / finished * 100 : 0;
		const ran = d.sweep?.finished ?? d.sweep?.started;
		return html`<div class="head"><h1>Overview</h1><span class="dim small">as of ${clock(d.now)} UTC</span><span class="grow"></span>${find(page)}</div>
		${d.attention ? html`<a class="banner t-bad" href="#attention">${icon('alert', '')}<span class="grow">${capped(d.attention, 1000)}
			${d.attention === 1 ? 'thing needs' : 'things need'} you.</span><span class="small">Look →</span></a>` : nothing}
		<section class="grid kpis" aria-label="Now">
			${kpi('Finished, 24 h', number(finished), `${number(sum(d.hours, 'failed'))} of them failed`, '#tasks')}
			${kpi('Waiting', capped(d.pending, 10000), d.oldest_pending ? `one for ${ago(d.oldest_pending)}` : 'nothing is awaited', filtered('tasks', { status: 'pending' }))}
			${kpi('Found by poll', `${polled.toFixed(1)} %`, `${number(sum(d.hours, 'by_poll'))} never called back`, filtered('tasks', { source: 'poll' }))}
			${kpi('To download', capped(d.due, 10000), d.soon[0]?.expires_at ? `first link ends in ${until(d.soon[0].expires_at)}` : d.due ? 'no end is known' : 'all is stored', '#sweeps')}
			${kpi('Told cost, today', usd(d.cost.cost ?? 0), d.cost.told > 0 ? `of ${many(d.cost.told, 'task')} whose provider says it` : 'no provider said it yet', '#cost')}
			${kpi('Last sweep', ran ? ago(ran) : 'never', ran ? 'ago' + (d.sweep.error ? ', not all done' : ', all done') : 'does cron run it?', '#sweeps')}
		</section>
		<div class="grid two gap">
		<section class="panel"><header><h2>Tasks finished</h2><span class="grow"></span><span class="seg">${[['24h', '24 h'], ['30d', '30 days']].map(([v, words]) =>
			html`<a href=${filtered('overview', { span: v })} aria-current=${v === span ? 'true' : nothing}>${words}</a>`)}</span></header>
			<div class="chartbox">${span === '30d' ? monthly(d.days) : hourly(d.hours)}</div>
			${legend([['by-callback', 'by callback'], ['by-poll', 'by poll'], ['by-failed', 'failed']])}</section>
		<section class="panel"><header><h2>Links that end soon</h2><span class="grow"></span><a class="link small" href="#sweeps">all ${capped(d.due, 10000)}</a></header>
			${d.soon.map(o => html`<a class="soon" href=${to('task', o.provider, o.task_id)}><span class="thumb">${icon(kindIcon[o.kind] ?? 'file')}</span>
			<span><span class="small one">${provider(o.provider)} <span class="dim">${o.model}</span></span>${o.expires_at ? life(o.finished_at, o.expires_at) : nothing}</span>
			<span class="small num">${o.expires_at ? until(o.expires_at) : 'unknown'}</span></a>`)}
			${d.soon.length ? nothing : html`<p class="empty">Nothing waits: every output is stored.</p>`}</section>
		</div>
		<section class="panel gap"><header><h2>Providers</h2><span class="dim small">last 24 hours</span></header>
		<div class="wide scroll" tabindex="0" role="region" aria-label="Providers"><table><thead><tr><th>Provider<th>Tasks by hour<th>Last callback<th class="n">By callback<th class="n">By poll<th class="n">Waiting<th class="n">To download<th class="n">Lost links<th>State</tr></thead>
		<tbody>${d.providers.map(p => html`<tr><td>${provider(p.provider)}<td>${spark((p.hours ?? []).map(Number), `s${colourOf(p.provider)}`)}<td class="num">${p.last_callback ? ago(p.last_callback) + ' ago' : '–'}
			<td class="n">${number(p.finished_by_callback)}<td class="n">${number(p.finished_by_poll)} <span class="faint">${p.percent_by_poll == null ? '' : p.percent_by_poll + ' %'}</span>
			<td class="n">${number(p.pending_tasks)}<td class="n">${number(p.pending_outputs)}<td class="n">${number(p.links_lost)}<td>${stateOf(p)}</tr>`)}</tbody></table></div>
		<div class="cards">${d.providers.map(p => html`<div class="card plain"><b>${provider(p.provider)}</b>${stateOf(p)}<span class="small dim p">last callback
			${p.last_callback ? ago(p.last_callback) + ' ago' : 'never'} · ${p.percent_by_poll ?? 0} % by poll · ${number(p.pending_tasks)} waiting</span></div>`)}</div></section>
		<section class="panel gap"><header><h2>Newest</h2><span class="grow"></span><a class="link small" href="#gallery">gallery</a></header>
			${d.newest.length ? html`<div class="strip">${afford(d.newest).map(tile)}</div>` : html`<p class="empty">No file is stored yet.</p>`}</section>`;
	},
};
// An account without credit, or walled off, waits for a person.
const stateOf = p => p.went_quiet ? tag('bad', 'went quiet') : p.paused_until ? tag(/^(no credit|walled off)$/.test(p.paused_because) ? 'bad' : 'warn',
	`${p.paused_because == null || p.paused_because === 'rate limit' ? 'asks to wait' : p.paused_because}, ${until(p.paused_until)}`) : tag('ok', 'well');
const hourly = hours => bars(hours.map(h => ({
	label: clock(h.hour).slice(0, 2), values: [Number(h.by_callback), Number(h.by_poll), Number(h.failed)].map((v, i, a) => i === 0 ? Math.max(0, v - a[2]) : v),
	title: `${clock(h.hour).slice(0, 5)}: ${h.by_callback} by callback, ${h.by_poll} by poll, ${h.failed} of them failed`,
})), ['by-callback', 'by-poll', 'by-failed'], `Tasks finished in each of the last 24 hours: ${hours.reduce((n, h) => n + Number(h.by_callback) + Number(h.by_poll), 0)} in all`);
const monthly = days => {
	const rows = dates(30).map(date => {
		const of = days.filter(d => d.day === date), sum = key => of.reduce((n, d) => n + Number(d[key]), 0);
		const polled = Math.min(sum('by_poll'), sum('succeeded'));
		return { label: date.slice(5), values: [sum('succeeded') - polled, polled, sum('failed')], title: `${date}: ${sum('succeeded')} succeeded, ${sum('by_poll')} by poll, ${sum('failed')} failed` };
	});
	return bars(rows, ['by-callback', 'by-poll', 'by-failed'], 'Tasks finished on each of the last 30 days', { every: 5 });
};
const dates = n => Array.from({ length: n }, (_, i) => new Date(Date.now() - (n - 1 - i) * 864e5).toISOString().slice(0, 10));

// --- the first day

const command = text => html`<pre tabindex="0">${text}</pre>`;
// Models by which an example is sure to be understood; of others the person knows one.
const EXAMPLES = { novita: 'txt2img', wavespeed: 'wavespeed-ai/flux-dev', apixo: 'flux-2' };
// An example of the provider that is wanted, if there is such an account, or of one that there is.
const example = (accounts, wanted) => {
	const has = accounts.rows.map(a => a.provider), name = has.includes(wanted) || !has.length ? wanted : has[0];
	return [name, EXAMPLES[name] ?? 'MODEL'];
};
const welcome = {
	title: 'Begin',
	every: 10,
	load: async (args, filters, api) => ({ accounts: await api('accounts') }),
	show({ accounts }) {
		const [submits, submitsModel] = example(accounts, 'novita'), [inserts, insertsModel] = example(accounts, 'wavespeed'), [registers, registersModel] = example(accounts, 'apixo');
		const novita = submits === 'novita';
		return html`<div class="head"><h1>Nothing has come yet</h1></div>
	<p class="dim">genhook is up. Three ways to the first task; this page becomes the overview by itself.</p>
	<div class="grid three">
	<section class="panel"><header><h2>1. From the command line</h2></header><div class="pad"><p class="dim">It submits a request and waits for the files.${novita ? html` With <code>--test-mode</code> novita makes a mock event, for nothing.` : nothing}</p>
		${command(`genhook submit ${submits} ${submitsModel} \\\n  --param ${novita ? 'request.' : ''}prompt='a lighthouse' \\\n  ${novita ? '--test-mode ' : ''}--wait`)}</div></section>
	<section class="panel"><header><h2>2. By SQL</h2></header><div class="pad"><p class="dim">A row is a submission. The next sweep sends it.</p>
		${command(`insert into genhook.requests\n  (provider, model, request) values\n  ('${inserts}', '${insertsModel}',\n   '{"prompt": "a lighthouse"}');`)}</div></section>
	<section class="panel"><header><h2>3. From your own program</h2></header><div class="pad"><p class="dim">It goes on submitting: give the provider the callback’s address, and tell genhook the task’s id.</p>
		${command(`select genhook.register_task(\n  '${registers}', 'TASK_ID', '${registersModel}');`)}</div></section></div>
	<section class="panel gap"><header><h2>Addresses for the providers</h2><span class="dim small">the token is in the settings</span></header>
	<div class="scroll" tabindex="0" role="region" aria-label="Addresses"><table><thead><tr><th>Account<th>Callback address<th>API key<th>Signature</tr></thead><tbody>${accounts.rows.map(a =>
		html`<tr><td>${provider(a.provider)} <span class="dim">${a.account}</span><td class="mono">${accounts.base_url || 'https://YOUR.HOST'}/hook/${a.provider}/••••••••
		<td>${a.has_key ? tag('ok', 'set') : tag('warn', 'none: no polls, no submits')}<td>${a.signs ? tag('ok', 'checked') : html`<span class="dim">by the token</span>`}</tr>`)}</tbody></table></div></section>`;
	},
};

// --- tasks

const tasks = {
	title: 'Tasks',
	load: (args, f, api) => api('tasks', { ...f, days: '', since: since(f.days) }),
	show(d, args, f, page) {
		const states = ['pending', 'succeeded', 'failed', 'lost', 'cancelled'];
		return html`<div class="head"><h1>Tasks</h1><span class="grow"></span>${find(page, f.q)}<button class="btn hide-s" @click=${() => page.csv('tasks', d.rows,
			['provider', 'task_id', 'status', 'model', 'account', 'source', 'submitted_at', 'finished_at', 'cost', 'prompt', 'error_message'])}>${icon('down', '')}CSV</button></div>
		${chips('States', [['All', filtered('tasks', { ...f, status: '' }), !f.status], ...states.map(s => [s === 'pending' ? 'waiting' : s, filtered('tasks', { ...f, status: s }), f.status === s])])}
		<div class="filters">${pick(page, 'provider', 'every provider', known.providers, f.provider)}${pick(page, 'model', 'every model', known.models, f.model)}${pick(page, 'source', 'callback or poll', ['callback', 'poll'], f.source)}${pickSpan(page, f.days)}
			${f.q ? html`<a class="chip" href=${filtered('tasks', { ...f, q: '' })}>“${f.q}” ×</a>` : nothing}</div>
		<section class="panel">${nothingHere(d, 'No task is like that.')}${d.rows.length ? html`<div class="wide"><table aria-label="Tasks"><thead><tr><th><span class="faint">Output</span><th>Status<th class="wideword">Prompt<th>Model<th>Task<th class="n">Took<th>By<th class="n">Cost<th class="n">Age</tr></thead>
		<tbody>${afford(d.rows).map(t => html`<tr class="go" @click=${goTo(to('task', t.provider, t.task_id))} @auxclick=${goTo(to('task', t.provider, t.task_id))}><td>${thumb(t)}<td>${tag(t.status)}
			<td class="cut"><a href=${to('task', t.provider, t.task_id)}>${asked(t)}</a>${trouble(t)}<td class="small">${provider(t.provider)}<div class="dim">${last(t.model)}</div>
			<td class="mono dim nowrap" title=${t.task_id}>${short(t.task_id)}<td class="n">${t.status === 'succeeded' ? between(t.submitted_at, t.finished_at) : ''}<td class="dim">${t.source ?? ''}<td class="n">${t.cost == null && t.price == null && t.credits != null ? credits(t.credits) : html`${t.cost == null && t.price != null ? '~' : ''}${usd(t.cost ?? t.price)}`}
			<td class="n dim" title=${full(t.finished_at ?? t.submitted_at)}>${ago(t.finished_at ?? t.submitted_at)}</tr>`)}</tbody></table></div>
		<div class="cards">${d.rows.map(t => html`<a class="card" href=${to('task', t.provider, t.task_id)}>${thumb(t)}<span>${tag(t.status)}</span><span class="small dim num">${ago(t.finished_at ?? t.submitted_at)}</span>
			<span class="p small one">${asked(t)}</span><span class="p small dim one">${provider(t.provider)} ${last(t.model)}</span></a>`)}</div>` : nothing}</section>${older(d, page)}`;
	},
};

// --- one task

const eventClass = e => Date.parse(e.at) > Date.now() ? 'yet' : e.what === 'stored' || e.what === 'told' ? 'good' : e.what === 'not told' ? 'ill' : e.what === 'delivery' ? e.outcome === 'accepted' ? 'heard' : '' :
	e.what === 'finished' ? e.status === 'succeeded' ? 'good' : 'ill' : '';
const eventWords = {
	queued: e => html`Queued as <a class="link" href=${filtered('outbox', { id: e.request_id })}>request ${e.request_id}</a>`,
	sent: e => html`Sent to the provider${e.attempts > 1 ? html`, try ${e.attempts}` : nothing}`,
	submitted: () => 'Known as submitted',
	delivery: e => html`<b>${e.source === 'poll' ? 'Poll' : e.source === 'replay' ? 'Replay' : 'Callback'}</b> ${e.outcome}
		<span class="dim">${e.verdict === 'none' ? '' : `· ${e.verdict} `}${e.remote_addr ? `· from ${e.remote_addr}` : ''}</span>${e.note ? html`<div class="small dim">${e.note}</div>` : nothing}`,
	finished: e => html`<b>${e.status}</b>${e.source ? html`<span class="dim"> · by ${e.source}</span>` : nothing}`,
	stored: e => html`Output ${e.position} stored <span class="dim">· ${bytes(e.bytes)}</span>`,
	'link ends': e => html`The provider’s link of output ${e.position} ends`,
	action: e => html`${e.name}: ${e.action.replaceAll('_', ' ')}${e.changed ? '' : ', nothing to do'}`,
	'next poll': () => 'Not asked again before then',
	told: e => html`Told ${e.forward} <span class="dim">of ${e.type}${e.attempts > 1 ? `, by try ${e.attempts}` : ''}${e.http_status ? ` · it answered ${e.http_status}` : ''}</span>`,
	'not told': (e, page, key) => html`<b>Not told: ${e.forward}</b> <span class="dim">of ${e.type}, given up after ${e.attempts} ${e.attempts === 1 ? 'try' : 'tries'}</span>${e.error ? html`<div class="small bad-ink">${e.error}</div>` : nothing}
		${page.mayAct ? page.button('Tell again', 'send', { do: 'retry_forwards', name: e.forward, ...key }, n => `${n} due: the next sweep tells`) : nothing}`,
	'next telling': e => html`${e.attempts ? 'Tell' : 'To tell'} ${e.forward} <span class="dim">${e.attempts ? 'again ' : ''}of ${e.type}</span>${e.error ? html`<div class="small wait-ink">${e.error}</div>` : nothing}`,
};
const event = (e, page, key) => html`<li class=${eventClass(e)}><div>${(eventWords[e.what] ?? (() => e.what))(e, page, key)}</div><span class="at" title=${full(e.at)}>${Date.parse(e.at) > Date.now() ? `in ${until(e.at)}` : clock(e.at)}</span>
	${e.what === 'delivery' && page.mayAct ? html`<details @toggle=${ev => page.body(ev, e)}><summary>What came</summary><div class="body"></div></details>` : nothing}</li>`;
const output = o => html`<figure class="out"><a class="tile" href=${to('view', o.provider, o.task_id, o.position)} aria-label="Output ${o.position}">${o.status === 'stored' ? preview(o) :
	o.status === 'inline' ? html`<span class="gtext">${(o.inline_text ?? '').slice(0, 600)}</span>` : icon(kindIcon[o.kind] ?? 'file')}</a>
	${o.status === 'stored' && o.kind === 'audio' && shown(o) ? media(o, true) : nothing}
	<figcaption><span class="grow"><b>${o.position}</b> <span class="dim num">${bytes(o.bytes)}</span></span>${tag(o.status)}${o.last_error && o.status !== 'stored' ? html`<span class="small bad-ink break">${o.last_error}</span>` : nothing}</figcaption></figure>`;
const task = {
	title: 'Task',
	load: ([p, id], f, api) => api('task', { provider: p, task_id: id }),
	show(d, args, f, page) {
		const t = d.task, key = { provider: t.provider, task_id: t.task_id }, open = t.status === 'pending' || t.status === 'lost';
		const gone = d.outputs.some(o => o.status === 'expired' || o.status === 'failed');
		return html`<div class="head"><a class="btn quiet" href="#tasks">← Tasks</a><h1 class="mono">${short(t.task_id)}</h1>
			<button class="btn quiet" aria-label="Copy the id" @click=${() => page.copy(`${t.provider}/${t.task_id}`)}>${icon('copy', '')}</button>${tag(t.status)}${t.is_test ? tag('off', 'test') : nothing}<span class="grow"></span>
			${page.mayAct && gone ? page.button('Download again', 'down', { do: 'retry_outputs', ...key }, n => `${n} due: the next sweep downloads`) : nothing}
			${page.mayAct && open ? page.button('Ask again', 'redo', { do: 'repoll_tasks', ...key }, () => 'The next sweep asks the provider') : nothing}
			${page.mayAct && open ? page.button('Stop waiting', 'stop', { do: 'cancel_tasks', ...key }, () => 'Cancelled here; the provider was told nothing', 'Really? A late result will not count') : nothing}</div>
		${t.error_message || t.error_code ? html`<div class="banner t-bad">${icon('x', '')}<span class="break">${t.error_code ? html`<b>${t.error_code}</b> ` : nothing}${t.error_message}</span></div>` : nothing}
		<div class="grid two"><div class="grid">
		<section class="panel"><header><h2>${d.outputs.length} output${d.outputs.length === 1 ? '' : 's'}</h2></header>${d.outputs.length ? html`<div class="outs">${afford(d.outputs).map(output)}</div>` :
			html`<p class="empty">${t.status === 'pending' ? 'Not finished yet.' : 'It has none.'}</p>`}</section>
		<section class="panel"><header><h2>What was asked</h2><span class="grow"></span>${t.request ? html`<button class="btn quiet" @click=${() => page.copy(asCommand(t))}>${icon('copy', '')}as command</button>` : nothing}</header>
			<div class="pad">${t.prompt ? html`<p class="break">${t.prompt}</p>` : nothing}${t.request ? json(t.request) : html`<p class="dim">Your own program submitted it; genhook knows its id${t.model ? ' and its model' : ''}.</p>`}</div></section>
		${t.result == null ? nothing : html`<section class="panel"><header><h2>What the provider said</h2></header><div class="pad"><details><summary>The result</summary>${json(t.result)}</details></div></section>`}
		</div><div class="grid">
		<section class="panel"><header><h2>Facts</h2></header><dl class="meta"><dt>Provider</dt><dd>${provider(t.provider)}</dd><dt>Task</dt><dd class="mono">${t.task_id}</dd><dt>Model</dt><dd>${t.model ?? '–'}</dd><dt>Account</dt><dd>${t.account}</dd>
			<dt>Took</dt><dd class="num">${between(t.submitted_at, t.finished_at) || '–'}</dd><dt>Cost</dt><dd class="num">${t.cost == null && t.price == null && t.credits != null ? credits(t.credits) : usd(t.cost ?? t.price)}${t.cost == null && t.price == null && t.credits == null ? nothing :
				html` <span class="faint">${t.cost == null && t.price != null ? `by your prices${t.credits == null ? '' : `, ${credits(t.credits)}`}` : 'as the provider says'}</span>`}</dd>
			${t.request_id ? html`<dt>Request</dt><dd><a class="link" href=${filtered('outbox', { id: t.request_id })}>${t.request_id}</a></dd>` : nothing}<dt>Polls</dt><dd>${t.polls}</dd>
			${t.last_poll_error ? html`<dt>Last poll</dt><dd class="bad-ink">${t.last_poll_error}</dd>` : nothing}${t.metadata ? html`<dt>Metadata</dt><dd><code>${JSON.stringify(t.metadata)}</code></dd>` : nothing}</dl></section>
		<section class="panel"><header><h2>Its life</h2><span class="grow"></span><span class="dim small">${day(t.submitted_at ?? t.finished_at)} UTC</span></header><ol class="time">${d.life.map(e => event(e, page, key))}</ol></section>
		</div></div>`;
	},
};
const quote = s => `'${s.replaceAll("'", `'\\''`)}'`;
const asCommand = t => `genhook submit ${t.provider} ${quote(t.model ?? 'MODEL')} --account ${t.account} <<'END'\n${JSON.stringify(t.request, null, 2)}\nEND`;

// --- gallery and viewer

const gallery = {
	title: 'Gallery',
	load: (args, f, api) => api('gallery', { limit: 40, ...f, days: '', since: since(f.days) }),
	show: (d, args, f, page) => html`<div class="head"><h1>Gallery</h1><span class="grow"></span>${find(page)}</div>
	${chips('Kinds', [['', 'All'], ['image', 'pictures'], ['video', 'films'], ['audio', 'sounds'], ['text', 'texts'], ['file', 'files']].map(([k, words]) => [words, filtered('gallery', { ...f, kind: k }), (f.kind ?? '') === k]))}
	<div class="filters">${pick(page, 'provider', 'every provider', known.providers, f.provider)}${pick(page, 'model', 'every model', known.models, f.model)}${pickSpan(page, f.days)}</div>
	${nothingHere(d, 'No output is like that.')}
	<div class="gal">${afford(d.rows).map(o => html`<div><a class="tile" href=${to('view', o.provider, o.task_id, o.position)}>${o.kind === 'text' ? html`<span class="gtext">${o.inline_text}</span>` :
		o.kind === 'audio' || o.kind === 'file' || !shown(o) ? html`<span class="file">${icon(kindIcon[o.kind] ?? 'file')}</span>` : preview(o, '')}
		${o.kind === 'image' ? nothing : html`<span class="badge">${icon(kindIcon[o.kind] ?? 'file', '')}${o.kind}</span>`}<span class="cap"><b>${asked(o)}</b><span class="one">${o.provider} · ${last(o.model)} · ${ago(o.at)}</span></span></a>
		${o.kind === 'audio' && shown(o) ? media(o, true) : nothing}</div>`)}</div>${older(d, page)}`,
};
// Whether the file came: events of pictures and films do not bubble.
const given = { capture: true, handleEvent: e => e.currentTarget.classList.toggle('refused', e.type === 'error') };
const view = {
	title: 'Output',
	load: ([p, id], f, api) => api('task', { provider: p, task_id: id }),
	show(d, [p, id, n], f, page) {
		const t = d.task, o = d.outputs.find(x => String(x.position) === n) ?? d.outputs[0];
		if (!o)
			return html`<p class="empty">This task has no outputs.</p>`;
		return html`<div class="head"><a class="btn quiet" href="#gallery">← Gallery</a><span class="grow"></span><span class="dim small hide-s">← → walks on, Esc goes back</span>
			<a class="btn" href=${to('task', t.provider, t.task_id)}>The task</a>${o.status === 'stored' ? html`<a class="btn" href=${fileOf(o, true)} download>${icon('down', '')}File</a>` : nothing}</div>
		<h1 class="skip">Output ${o.position} of ${t.task_id}</h1><figure class="viewer"><div class="stage" @error=${given} @load=${given} @loadedmetadata=${given}><p class="refusal" role="status">It could not be shown: the archive did not give it. May the page's user read the folder, or the key the bucket?</p>${o.status === 'inline' ? html`<div class="gtext">${o.inline_text}</div>` :
			o.status !== 'stored' ? html`<p class="empty">${o.last_error ?? 'Not downloaded yet.'}</p>` : shown(o) && o.kind !== 'file' ? media(o, true, asked(t)) :
			html`<p class="empty">A browser is not shown this kind of file (${o.content_type}); it can be saved.</p>`}</div>
			<figcaption>${asked(t)}<div class="dim small">${t.provider} · ${t.model ?? ''} · ${full(t.finished_at)} · ${o.content_type ?? o.kind} ${bytes(o.bytes)}</div></figcaption></figure>`;
	},
};

// --- attention

// What mends a row: the button's words, its mark, and what it does.
const cure = r => {
	const id = r.cure?.match(/p_id => '([0-9a-f-]{36})'/)?.[1], request = r.cure?.match(/requeue_requests\((\d+)\)/)?.[1];
	const settle = r.cure?.match(/settle_request\((\d+), '((?:[^']|'')*)'\)/), key = { provider: r.provider, task_id: r.task_id };
	const forward = r.cure?.match(/retry_forwards\('((?:[^']|'')*)'/)?.[1];
	const account = r.cure?.match(/resume_accounts\('(?:[^']|'')*', '((?:[^']|'')*)'/)?.[1];
	if (forward != null)
		return ['Tell again', 'send', { do: 'retry_forwards', name: forward.replaceAll("''", "'"), ...(r.provider && { provider: r.provider }), ...(/p_status => 'pending'/.test(r.cure) && { status: 'pending' }) }];
	if (r.task_id && r.cure?.startsWith('select * from genhook.repoll_tasks('))
		return ['Ask again', 'redo', { do: 'repoll_tasks', ...key }];
	if (r.task_id && r.cure?.startsWith('select * from genhook.retry_outputs('))
		return ['Download again', 'down', { do: 'retry_outputs', ...key }];
	if (account)
		return ['Try it now', 'redo', { do: 'resume_accounts', provider: r.provider, account: account.replaceAll("''", "'") }];
	if (id)
		return ['Parse again', 'redo', { do: 'replay_deliveries', id }];
	if (settle)
		return ['It is that task', 'check', { do: 'settle_request', id: settle[1], task_id: settle[2].replaceAll("''", "'") }];
	if (request)
		return ['Send again', 'send', { do: 'requeue_request', id: request }, 'Really? It may cost money'];
	return null;
};
const kindOf = reason => /lost|unknown/.test(reason) ? 'lost' : /expired|failed|quiet/.test(reason) ? 'bad' : 'warn';
const groups = rows => {
	const all = new Map();
	for (const r of rows) {
		const name = r.reason.replace(/ \d+$/, ''), key = `${name}\n${r.provider}`;
		all.set(key, [...(all.get(key) ?? []), r]);
	}
	return [...all].map(([key, list]) => ({ name: key.split('\n')[0], list }));
};
const HURRY = { 1: 'now', 2: 'soon', 3: 'look', 4: 'waits', 5: 'over' };
const lead = g => html`${tag(kindOf(g.name), g.list.length > 1 ? g.list.length : HURRY[g.list[0].urgency])}<h2>${g.name}</h2>${g.list[0].provider ? provider(g.list[0].provider) : nothing}`;
// One of its kind has the kind's name in it.
const oneCase = (r, page, group) => {
	const c = cure(r), request = r.details?.match(/^request (\d+)/)?.[1];
	return html`<div class="case"><div><div class="row">${group ? lead(group) : nothing}${r.task_id ? html`<a class="link mono small break" href=${to('task', r.provider, r.task_id)}>${r.task_id}</a>` : nothing}
		${request ? html`<a class="link small" href=${filtered('outbox', { id: request })}>request ${request}</a>` : nothing}${r.model ? html`<span class="dim small">${last(r.model)}</span>` : nothing}${r.since ? html`<span class="faint small">for ${ago(r.since)}</span>` : nothing}</div><div class="dim break">${r.details}</div></div>
		<div class="row">${page.mayAct && c ? page.button(c[0], c[1], c[2], n => `${c[0]}: ${n} changed`, c[3], 'main') : nothing}
		${page.mayAct && r.cure ? page.button('Set aside', 'check', { do: 'set_aside', reason: r.reason, ...(r.provider && { provider: r.provider }), ...(r.task_id && { task_id: r.task_id }) }, () => 'Set aside; it comes back when it changes') : nothing}</div>
		${r.cure ? html`<details><summary>By SQL</summary><pre tabindex="0">${r.cure}</pre></details>` : nothing}</div>`;
};
const attention = {
	title: 'Attention',
	load: (args, f, api) => api('attention', { limit: 200, ...f }),
	show: (d, args, f, page) => html`<div class="head"><h1>${f.set_aside ? 'Set aside' : 'Attention'}</h1><span class="dim small">${f.set_aside ? 'it comes back when it changes' : 'what a person should look at, and what mends it'}</span><span class="grow"></span>
		<a class="btn quiet" href=${filtered('attention', { set_aside: f.set_aside ? '' : 1 })}>${f.set_aside ? 'What needs me' : `Set aside (${capped(d.set_aside, 1000)})`}</a></div>
	<section class="panel">${d.rows.length ? groups(d.rows).map(g => g.list.length === 1 ? oneCase(g.list[0], page, g) : html`<div class="case lead"><div class="row">${lead(g)}</div></div>
		<div class="kind">${g.list.slice(0, 5).map(r => oneCase(r, page))}${g.list.length > 5 ? html`<details class="pad"><summary>${g.list.length - 5} more</summary>${g.list.slice(5).map(r => oneCase(r, page))}</details>` : nothing}</div>`) :
		html`<p class="empty">${f.set_aside ? 'Nothing is set aside.' : 'Nothing needs you.'}</p>`}</section>${older(d, page)}`,
};

// --- outbox

const outbox = {
	title: 'Outbox',
	load: (args, f, api) => api('requests', f),
	show: (d, args, f, page) => html`<div class="head"><h1>Outbox</h1><span class="dim small">rows of genhook.requests</span></div>
	${chips('States', [['All', filtered('outbox', { ...f, status: '', id: '' }), !f.status && !f.id], ...['queued', 'sending', 'submitted', 'refused', 'unknown'].map(s =>
		[s, filtered('outbox', { ...f, status: s, id: '' }), f.status === s, d.counts?.[s] ? capped(d.counts[s], 1000) : ''])])}
	<section class="panel">${nothingHere(d, 'No request is like that.')}${d.rows.length ? html`<div class="scroll" tabindex="0" role="region" aria-label="Requests"><table><thead><tr><th>Request<th>Status<th>Model<th class="wideword">Prompt or reason<th class="n">Tries<th class="n">Age<th>Do</tr></thead>
	<tbody>${d.rows.map(r => html`<tr><td class="num">${r.task_id ? html`<a class="link" href=${to('task', r.provider, r.task_id)}>${r.id}</a>` : r.id}<td>${tag(r.status)}<td class="small">${provider(r.provider)} <span class="dim">${last(r.model)}</span>
		<td class="cut" title=${r.error ?? r.prompt ?? ''}>${r.error ?? r.prompt ?? ''}${r.held_because ? html`<div class="small wait-ink" title=${r.held_because}>${r.held_because}</div>` : nothing}<td class="n">${r.attempts}<td class="n dim" title=${full(r.queued_at)}>${ago(r.queued_at)}<td><div class="row">
		${page.mayAct && r.status === 'queued' ? page.button('Withdraw', 'x', { do: 'cancel_request', id: r.id }, n => n ? 'Withdrawn' : 'It is on its way already') : nothing}
		${page.mayAct && (r.status === 'refused' || r.status === 'unknown') ? page.button('Send again', 'send', { do: 'requeue_request', id: r.id }, () => 'Queued: the next sweep sends it', r.status === 'unknown' ? 'Really? It may be paid twice' : 'Really? It may cost money') : nothing}
		${page.mayAct && r.status === 'unknown' ? html`<form class="row" @submit=${e => page.settle(e, r.id)}><input name="task_id" size="14" placeholder="task id" aria-label="The task that request ${r.id} became"><button class="btn">It is that task</button></form>` : nothing}</div></tr>`)}</tbody></table></div>` : nothing}</section>${older(d, page)}`,
};

// --- cost

// What is told in credits is money by a price for each credit, and else said as that.
const costFrom = r => r.told > 0 && r.priced > 0 ? 'the provider, and your prices' : r.told > 0 ? 'the provider' :
	r.credits > 0 ? `the provider, in credits${r.price != null ? ', and your prices' : ': what one costs is for genhook.prices'}` :
	r.price != null ? 'your prices' : 'nobody says: insert it into genhook.prices';
const costSum = r => r.told > 0 || r.price != null ? usd(Number(r.cost) + Number(r.priced)) : r.credits > 0 ? credits(r.credits) : '–';
const costEach = r => r.told > 0 ? usd(r.cost / r.told) : r.priced > 0 && r.succeeded > 0 ? usd(r.priced / r.succeeded) : r.price == null && r.credits > 0 && r.succeeded > 0 ? credits(r.credits / r.succeeded) : usd(r.price);

const cost = {
	title: 'Cost',
	load: (args, f, api) => api('cost', { days: 30, ...f }),
	show(d, args, f, page) {
		const n = Number(f.days ?? 30), sum = (list, key) => list.reduce((a, r) => a + Number(r[key] ?? 0), 0);
		const toldSum = sum(d.rows, 'cost'), priced = sum(d.rows, 'priced'), total = toldSum + priced, done = sum(d.rows, 'succeeded'), told = sum(d.rows, 'told');
		const names = [...new Set(d.days.map(x => x.provider))].sort(), byMoney = total > 0;
		const rows = dates(Math.min(n, 62)).map(date => {
			const values = names.map(p => {
				const own = d.days.filter(x => x.day === date && x.provider === p);
				return byMoney ? sum(own, 'cost') + sum(own, 'priced') : sum(own, 'succeeded');
			});
			return { label: date.slice(5), values, title: `${date}: ${names.map((p, i) => `${p} ${byMoney ? usd(values[i]) : number(values[i])}`).join(', ')}` };
		});
		return html`<div class="head"><h1>Cost</h1><span class="grow"></span><span class="seg">${[[7, '7 days'], [30, '30 days'], [365, '12 months']].map(([v, words]) =>
			html`<a href=${filtered('cost', { days: v })} aria-current=${v === n ? 'true' : nothing}>${words}</a>`)}</span>
			<button class="btn" @click=${() => page.csv('cost', d.rows, ['provider', 'model', 'succeeded', 'failed', 'cancelled', 'lost', 'outputs', 'bytes', 'seconds', 'cost', 'told', 'priced', 'price', 'credits'])}>${icon('down', '')}CSV</button></div>
		<section class="grid kpis">${kpi('Cost', usd(total), `last ${n} days${d.before?.cost > 0 ? `; told in the ${n} days before: ${usd(d.before.cost)}` : ''}`)}
			${kpi('Told by providers', usd(toldSum), `of ${many(told, 'task')}`)}${kpi('By your prices', usd(priced), priced ? 'genhook.prices' : 'genhook.prices has none for these')}
			${kpi('Succeeded', number(done), `${number(sum(d.rows, 'failed'))} failed, ${number(sum(d.rows, 'lost'))} lost`)}
			${kpi('Stored', bytes(sum(d.rows, 'bytes')), many(sum(d.rows, 'outputs'), 'output'))}</section>
		<section class="panel gap"><header><h2>${byMoney ? 'Cost by day' : 'Tasks by day'}</h2></header><div class="chartbox">${bars(rows, names.map(p => `f${colourOf(p)}`),
			`${byMoney ? 'Cost' : 'Tasks'} by day and provider`, { every: Math.ceil(rows.length / 7), unit: byMoney ? v => '$' + number(v) : undefined, width: innerWidth > 720 ? 1180 : 420 })}</div>
			${legend(names.map(p => [`k${colourOf(p)}`, p]))}</section>
		<section class="panel gap"><header><h2>By model</h2><span class="dim small">counted ${d.counted_at ? ago(d.counted_at) + ' ago' : 'by the next sweep'}${d.complete ? '' : '; older days are still being counted'}</span></header>
		${d.rows.length ? html`<div class="scroll" tabindex="0" role="region" aria-label="By model"><table><thead><tr><th>Model<th class="n">Succeeded<th class="n">Failed<th class="n">Outputs<th class="n">Stored<th class="n">Took<th class="n">Each<th class="n">Sum<th>Cost from</tr></thead>
		<tbody>${d.rows.map(r => html`<tr class="go" @click=${goTo(filtered('tasks', { provider: r.provider, model: r.model }))}><td class="small"><a href=${filtered('tasks', { provider: r.provider, model: r.model })}>${provider(r.provider)} <span class="dim">${r.model || 'no model'}</span></a>
			<td class="n">${number(r.succeeded)}<td class="n">${number(r.failed)}<td class="n">${number(r.outputs)}<td class="n">${bytes(r.bytes)}<td class="n">${r.succeeded > 0 ? (r.seconds / r.succeeded).toFixed(1) + ' s' : ''}
			<td class="n">${costEach(r)}<td class="n"><b>${costSum(r)}</b><td class="dim small">${costFrom(r)}</tr>`)}</tbody></table></div>` : html`<p class="empty">No task has ended in that time.</p>`}</section>`;
	},
};

// --- sweeps

const swept = r => r.error ? tag('warn', r.error) : r.finished ? tag('ok', 'all done') : tag('pending', 'runs, or was killed');
const sweeps = {
	title: 'Sweeps',
	every: 30,
	load: (args, f, api) => api('sweeps', { limit: 60, ...f }),
	show(d, args, f, page) {
		const newest = d.rows[0], minutes = Array.from({ length: 60 }, (_, i) => {
			const begin = Date.parse(d.now) - (60 - i) * 6e4, ran = d.rows.filter(r => Date.parse(r.started) >= begin && Date.parse(r.started) < begin + 6e4);
			return { begin, cls: !ran.length ? 'none' : ran.some(r => r.error) ? 'ill' : 'ok' };
		});
		const ran = minutes.filter(m => m.cls !== 'none').length;
		return html`<div class="head"><h1>Sweeps</h1><span class="dim small">runs of genhook-sweep, and what they have to download</span></div>
		<section class="grid kpis">${kpi('Last sweep', newest ? ago(newest.finished ?? newest.started) : 'never', newest ? `ago, on ${newest.host}${newest.finished ? `, took ${between(newest.started, newest.finished)}` : ''}` : 'does cron run it?')}
			${kpi('To download', capped(d.due_count, 1000), d.due[0]?.expires_at ? `first link ends in ${until(d.due[0].expires_at)}` : 'by the next sweep')}
			${kpi('Database', bytes(d.database.bytes), `schema ${d.database.schema_version}`)}</section>
		<section class="panel gap"><header><h2>The last hour</h2><span class="dim small">one box is a minute</span></header><svg class="beat" viewBox="0 0 600 26" preserveAspectRatio="none" role="img" aria-label="${ran} of the last 60 minutes had a sweep">${minutes.map((m, i) => beat(m, i))}</svg>
		${nothingHere(d, 'No sweep has run yet.')}${d.rows.length ? html`<div class="scroll" tabindex="0" role="region" aria-label="Sweeps"><table><thead><tr><th>Began<th>Host<th class="n">Took<th class="n">Drained<th class="n">Submitted<th class="n">Polled<th class="n">Stored<th class="n">Given up<th>Result</tr></thead>
		<tbody>${d.rows.map(r => html`<tr><td class="num" title=${full(r.started)}>${clock(r.started)}<td>${r.host}<td class="n">${r.finished ? ((Date.parse(r.finished) - Date.parse(r.started)) / 1000).toFixed(1) + ' s' : ''}
			<td class="n">${r.counts.drained ?? 0}<td class="n">${r.counts.submitted ?? 0}<td class="n">${r.counts.polled ?? 0}<td class="n">${r.counts.stored ?? 0}<td class="n">${(r.counts.expired ?? 0) + (r.counts.failed ?? 0)}<td class="break">${swept(r)}</tr>`)}</tbody></table></div>` : nothing}</section>${older(d, page)}
		<section class="panel gap"><header><h2>To download, soonest end first</h2></header>${d.due.map(o => html`<a class="soon" href=${to('task', o.provider, o.task_id)}><span class="thumb">${icon(kindIcon[o.kind] ?? 'file')}</span>
			<span><span class="small one">${provider(o.provider)} <span class="mono dim">${short(o.task_id)}</span> ${o.last_error ? html`<span class="bad-ink">${o.last_error}</span>` : nothing}</span>${o.expires_at ? life(null, o.expires_at) : nothing}</span>
			<span class="small num">${o.expires_at ? until(o.expires_at) : 'unknown'}</span></a>`)}${d.due.length ? nothing : html`<p class="empty">Nothing waits.</p>`}</section>`;
	},
};
const beat = (m, i) => svg`<rect class=${m.cls} x=${i * 10 + 1} y="2" width="8" height="22" rx="2"><title>${clock(m.begin)}: ${m.cls === 'none' ? 'none' : m.cls === 'ok' ? 'all done' : 'something undone'}</title></rect>`;

// --- signing in

const login = {
	title: 'Sign in',
	load: async () => ({}),
	show: (d, args, f, page) => html`<div class="gate"><section class="panel"><h1>Sign in</h1>${page.refused ? html`<p class="bad-ink" role="alert">${page.refused}</p>` : nothing}
		<p class="dim">On the server, as the user who looks after genhook:</p><pre tabindex="0">genhook web login NAME --act</pre>
		<p class="dim gap">It prints a link that works once, within ten minutes. Without <code>--act</code> it may only look.</p></section></div>`,
};

export const views = { overview, tasks, task, gallery, view, attention, outbox, cost, sweeps, welcome, login };
