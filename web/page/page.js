/* The frame around the pages: which one the address names, who is signed in,
 * loading, buttons, keys.  All that is asked of the server is asked here. */
import { html, render, nothing } from './lit-html.js';
import { day, icon, json, known, to } from './parts.js';
import { views } from './views.js';

const PAGES = [['overview', 'Overview', 'home'], ['tasks', 'Tasks', 'list'], ['gallery', 'Gallery', 'image'], ['attention', 'Attention', 'alert'],
	['outbox', 'Outbox', 'send'], ['cost', 'Cost', 'coin'], ['sweeps', 'Sweeps', 'beat']];
const TABS = [...PAGES.slice(0, 4), ['sweeps', 'More', 'more']];
// A page of a list is short, or empty, where the server has looked through so many
// rows for it: then the next ones are asked for, for some seconds.
const ENOUGH = 20, PATIENCE_MS = 4000;
const WITHIN = { task: 'tasks', view: 'gallery', welcome: 'overview' };
const $ = sel => document.querySelector(sel);

let session = null, shown = { name: '', data: null, args: [], filters: {} }, needsMe = 0, turn = 0, timer = 0;

// --- the server

class Refused extends Error {
	constructor(status, words) {
		super(words);
		this.status = status;
	}
}
async function ask(path, options) {
	let answer;
	try {
		answer = await fetch(path, { credentials: 'same-origin', ...options });
	} catch {
		throw new Refused(0, 'the server does not answer');
	}
	const said = await answer.json().catch(() => ({ error: `answered ${answer.status}` }));
	if (!answer.ok)
		throw new Refused(answer.status, said.error ?? `answered ${answer.status}`);
	return said;
}
const post = (path, body) => ask(path, { method: 'POST', headers: { 'Content-Type': 'application/json', 'X-Genhook': '1' }, body: JSON.stringify(body) });
const api = (name, filters = {}) => {
	const q = new URLSearchParams(Object.entries(filters).filter(([, v]) => v !== '' && v != null));
	return ask(`api/${name}${q.size ? '?' + q : ''}`);
};

async function load(place, next) {
	const begin = performance.now(), one = key => views[place.name].load(place.args, { ...place.filters, ...(key && { next: key }) }, api);
	let data = await one(next);
	while (data.next && data.rows.length < ENOUGH && performance.now() - begin < PATIENCE_MS) {
		const more = await one(data.next);
		data = { ...data, ...more, rows: [...data.rows, ...more.rows] };
	}
	return data;
}

// --- what pages may do

function say(words) {
	const toast = $('.toast');
	toast.textContent = words;
	toast.classList.add('on');
	clearTimeout(say.timer);
	say.timer = setTimeout(() => toast.classList.remove('on'), 4000);
}
async function act(what, done) {
	try {
		const said = await post('api/action', what);
		say(said.changed ? done(said.changed) : 'Nothing was left to change');
		await show();
	} catch (e) {
		failed(e);
	}
}
// A second press within four seconds is asked for where something cannot be undone.
function press(e, what, done, sure) {
	const button = e.currentTarget;
	if (sure && !button.classList.contains('sure')) {
		const words = button.textContent;
		button.classList.add('sure');
		button.querySelector('.words').textContent = sure;
		setTimeout(() => {
			button.classList.remove('sure');
			button.querySelector('.words').textContent = words.trim();
		}, 4000);
		return;
	}
	button.disabled = true;
	act(what, done).finally(() => button.disabled = false);
}
const page = {
	get mayAct() { return session?.may_act === true; },
	button: (words, mark, what, done, sure, cls = '') =>
		html`<button class="btn ${cls}" @click=${e => press(e, what, done, sure)}>${icon(mark, '')}<span class="words">${words}</span></button>`,
	copy: text => navigator.clipboard?.writeText(text).then(() => say('Copied'), () => say(text)) ?? say(text),
	search(e) {
		e.preventDefault();
		const q = e.target.elements.q.value.trim();
		location.hash = q ? `#tasks?${new URLSearchParams({ q })}` : '#tasks';
	},
	filter(name, value) {
		const q = new URLSearchParams(shown.filters);
		if (value)
			q.set(name, value);
		else
			q.delete(name);
		location.hash = `#${[shown.name, ...shown.args.map(encodeURIComponent)].join('/')}${q.size ? '?' + q : ''}`;
	},
	async more(e) {
		const button = e.currentTarget;
		button.disabled = true;
		try {
			const next = await load(shown, shown.data.next);
			shown.data = { ...shown.data, ...next, rows: [...shown.data.rows, ...next.rows] };
			draw();
		} catch (err) {
			failed(err);
		}
		button.disabled = false;
	},
	async body(e, delivery) {
		const place = e.currentTarget.querySelector('.body');
		if (!e.currentTarget.open || place.dataset.loaded)
			return;
		place.dataset.loaded = '1';
		try {
			const d = await api('body', { id: delivery.id, received_at: delivery.at });
			let value;
			try {
				value = json(JSON.parse(d.body));
			} catch {
				value = html`<pre tabindex="0">${d.body ?? d.base64 ?? 'The body is kept no more.'}</pre>`;
			}
			render(html`<div class="small dim">${d.bytes ?? 0} bytes</div>${value}${d.headers ? json(d.headers) : nothing}`, place);
		} catch (err) {
			delete place.dataset.loaded;
			failed(err);
		}
	},
	settle(e, id) {
		e.preventDefault();
		const taskId = e.target.elements.task_id.value.trim();
		if (taskId)
			act({ do: 'settle_request', id, task_id: taskId }, () => 'Settled: the task is registered');
	},
	csv(name, rows, columns) {
		// A cell that a spreadsheet would take for a formula is none.
		const cell = v => `"${String(v ?? '').replace(/^[=+\-@\t\r]/, "'$&").replaceAll('"', '""')}"`;
		const text = [columns.join(','), ...rows.map(r => columns.map(c => cell(r[c])).join(','))].join('\r\n');
		const link = document.createElement('a');
		link.href = URL.createObjectURL(new Blob([text], { type: 'text/csv' }));
		link.download = `genhook-${name}.csv`;
		link.click();
		setTimeout(() => URL.revokeObjectURL(link.href), 1000);
	},
};

// --- the frame

const LOGO = html`<svg viewBox="0 0 32 32" aria-hidden="true"><rect width="32" height="32" rx="9"></rect><path d="M11 6v11a5.500 5.500 0 0 0 11 0v-2.500M22 14.500l-3.500 3.200M22 14.500l3.500 3.200" fill="none" stroke-width="2.800" stroke-linecap="round" stroke-linejoin="round"></path></svg>`;
const count = name => name === 'attention' && needsMe ? html`<span class="count" aria-label="${needsMe} cases">${needsMe >= 1000 ? '999+' : needsMe}</span>` : nothing;
const link = ([name, words, mark], cls) => html`<a class=${cls} href="#${name}" aria-current=${name === (WITHIN[shown.name] ?? shown.name) ? 'page' : nothing}>${icon(mark)}${words}${count(name)}</a>`;
const theme = () => html`<button class="btn quiet" aria-label="Light or dark" @click=${switchTheme}>${icon('moon', '')}</button>`;
function frame() {
	const bare = shown.name === 'login';
	document.body.classList.toggle('bare', bare);
	render(html`<a class="brand" href="#overview">${LOGO}genhook</a>${PAGES.map(p => link(p, 'item'))}
		<div class="foot">${session ? html`<div>${session.name} · ${session.may_act ? 'may act' : 'may look'}${session.until ? html`<div>until ${day(session.until * 1000)}</div>` : nothing}</div>` : nothing}
		<span>${theme()}${session?.until ? html`<button class="btn quiet" @click=${signOut}>Sign out</button>` : nothing}</span></div>`, $('nav.side'));
	render(TABS.map(p => link(p, nothing)), $('nav.tabs'));
}
const footer = () => html`<div class="cards gap"><div class="row">${PAGES.slice(4).map(([name, words]) => html`<a class="btn" href="#${name}">${words}</a>`)}${theme()}
	${session?.until ? html`<button class="btn" @click=${signOut}>Sign out</button>` : nothing}</div></div>`;
function draw() {
	frame();
	$('.refused')?.classList.remove('refused');
	render(html`${views[shown.name].show(shown.data, shown.args, shown.filters, page)}${shown.name === 'login' ? nothing : footer()}`, $('#main'));
	done();
}
// For whoever waits for it: this address is shown now.
function done() {
	document.title = `${views[shown.name].title} · genhook`;
	$('#main').dataset.shown = shown.name === 'login' ? 'login' : location.hash || '#overview';
}
function failed(e) {
	if (e.status === 401) {
		session = null;
		go('login');
	} else
		say(e.message);
}

// --- which page

function where() {
	const [path, query = ''] = (location.hash.slice(1) || 'overview').split('?');
	const [name, ...args] = path.split('/');
	return { name: Object.hasOwn(views, name) ? name : 'overview', args: args.map(a => {
		try {
			return decodeURIComponent(a);
		} catch {
			return a;
		}
	}), filters: Object.fromEntries(new URLSearchParams(query)) };
}
// What has come since the server said which providers and models it knows.
function learn(rows) {
	for (const [list, name] of [[known.providers, 'provider'], [known.models, 'model']])
		for (const value of new Set(rows.map(r => r[name])))
			if (value && !list.includes(value))
				list.push(value);
}
async function show(place = where()) {
	const mine = ++turn;
	clearTimeout(timer);
	try {
		const data = await load(place);
		if (data.empty)
			page.accounts = await api('accounts');
		if (mine !== turn)
			return;
		learn(data.rows ?? []);
		if (place.name === 'overview')
			needsMe = data.attention;
		else if (place.name === 'attention' && !place.filters.set_aside)
			needsMe = data.rows.length + (data.next ? 1000 : 0);
		shown = { ...place, data };
		draw();
	} catch (e) {
		if (mine !== turn)
			return;
		failed(e);
		if (e.status === 401)
			return;
		shown = { ...place, data: null };
		frame();
		render(html`<div class="head"><h1>${views[place.name].title}</h1></div><section class="panel"><p class="empty" role="alert">${e.message}</p></section>${footer()}`, $('#main'));
		done();
	}
	const every = views[place.name].every;
	if (every && place.name !== 'login')
		timer = setTimeout(again, every * 1000);
}
// Not while somebody writes or looks elsewhere, and not over pages that were added.
function again() {
	if (document.hidden || document.activeElement?.matches('input, select, textarea') || shown.filters.next || shown.data?.rows?.length > 200)
		timer = setTimeout(again, 5000);
	else
		show();
}
async function go(name) {
	if (name === 'login') {
		clearTimeout(timer);
		turn++;
		shown = { name: 'login', data: {}, args: [], filters: {} };
		draw();
		return;
	}
	await show();
	scrollTo(0, 0);
	$('#main').focus({ preventScroll: true });
}

// --- signing in and out

async function signIn(code) {
	history.replaceState(null, '', location.pathname + location.search);
	try {
		await post('api/session', { code });
		session = null;
		page.refused = '';
	} catch (e) {
		page.refused = e.message;
	}
}
async function signOut() {
	await post('api/sign_out', {}).catch(() => {});
	session = null;
	page.refused = '';
	go('login');
}

// --- light and dark

function setTheme(name) {
	document.documentElement.dataset.theme = name;
}
function switchTheme() {
	const name = document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark';
	setTheme(name);
	try {
		localStorage.setItem('genhook-theme', name);
	} catch { /* It is for this time alone. */ }
}
function firstTheme() {
	let kept = new URLSearchParams(location.search).get('theme');
	try {
		kept ??= localStorage.getItem('genhook-theme');
	} catch { /* As the system has it. */ }
	const dark = matchMedia('(prefers-color-scheme: dark)');
	setTheme(kept ?? (dark.matches ? 'dark' : 'light'));
	if (!kept)
		dark.addEventListener('change', () => setTheme(dark.matches ? 'dark' : 'light'));
}

// --- keys

function walk(step) {
	const outputs = shown.data.outputs ?? [], at = outputs.findIndex(o => String(o.position) === (shown.args[2] ?? '0'));
	const next = outputs[at + step];
	if (next)
		location.hash = to('view', next.provider, next.task_id, next.position);
}
addEventListener('keydown', e => {
	const writing = e.target.matches('input, select, textarea');
	if (e.ctrlKey || e.metaKey || e.altKey)
		return;
	if (e.key === '/' && !writing) {
		e.preventDefault();
		const box = $('input[type=search]');
		if (box)
			box.focus();
		else
			location.hash = '#tasks';
	} else if (e.key === 'Escape' && writing)
		e.target.blur();
	else if (e.key === 'Escape' && (shown.name === 'view' || shown.name === 'task'))
		history.back();
	else if (shown.name === 'view' && !writing && !e.target.matches('video, audio') && (e.key === 'ArrowLeft' || e.key === 'ArrowRight'))
		walk(e.key === 'ArrowLeft' ? -1 : 1);
});

// --- begin

addEventListener('hashchange', async () => {
	const code = location.hash.match(/^#in=(\w+)$/)?.[1];
	if (code)
		await begin(code);
	else if (location.hash !== '#main')
		go();
});
async function begin(code) {
	if (code)
		await signIn(code);
	try {
		if (!session) {
			session = await api('session');
			Object.assign(known, { providers: session.providers, models: session.models, shows: session.shows });
		}
	} catch (e) {
		if (e.status !== 401)
			say(e.message);
		return go('login');
	}
	return go();
}
firstTheme();
begin(location.hash.match(/^#in=(\w+)$/)?.[1]);
