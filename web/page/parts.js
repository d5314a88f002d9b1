/* The pieces that pages are made of: words for numbers and times, marks, charts.
 * Foreign text reaches the document by lit-html alone, which never makes markup
 * of it. */
import { html, svg, nothing } from './lit-html.js';

// --- words

const SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, DAY = 24 * HOUR;

const span = ms => ms < MINUTE ? `${Math.max(0, Math.round(ms / SECOND))} s` : ms < HOUR ? `${Math.round(ms / MINUTE)} min` :
	ms < 2 * DAY ? `${Math.round(ms / HOUR)} h` : `${Math.round(ms / DAY)} d`;
export const ago = at => at ? span(Date.now() - Date.parse(at)) : '';
export const until = at => at ? span(Date.parse(at) - Date.now()) : '';
export const between = (a, b) => a && b ? span(Date.parse(b) - Date.parse(a)) : '';
export const clock = at => at ? new Date(at).toISOString().slice(11, 19) : '';
export const day = at => at ? new Date(at).toISOString().slice(0, 10) : '';
export const full = at => at ? new Date(at).toISOString().replace('T', ' ').slice(0, 19) + ' UTC' : '';
export const number = n => n == null ? '–' : Number(n).toLocaleString('en');
export const capped = (n, most) => n >= most ? `${number(most)}+` : number(n);
export const bytes = n => n == null ? '' : n >= 1e9 ? `${(n / 1e9).toFixed(1)} GB` : n >= 1e6 ? `${(n / 1e6).toFixed(1)} MB` :
	n >= 1e3 ? `${Math.round(n / 1e3)} kB` : `${n} B`;
const fixed = (n, digits) => Number(n).toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
export const usd = n => n == null ? '–' : '$' + fixed(n, n > 0 && n < 1 ? 3 : 2);
export const many = (n, word) => `${number(n)} ${word}${Number(n) === 1 ? '' : 's'}`;
export const credits = n => `${Number(Number(n).toFixed(1)).toLocaleString('en')} credit${Number(n) === 1 ? '' : 's'}`;
export const short = id => id && id.length > 16 ? `${id.slice(0, 8)}…${id.slice(-5)}` : id;
// A model without its maker, who is the first of its parts.
export const last = model => model ? model.slice(model.indexOf('/') + 1) : '';

// --- addresses of the page itself: "#NAME/PART/PART?FILTER=VALUE"

export const to = (name, ...parts) => '#' + [name, ...parts.map(p => encodeURIComponent(p))].join('/');
export const filtered = (name, filters) => {
	const q = new URLSearchParams(Object.entries(filters).filter(([, v]) => v !== '' && v != null));
	return `#${name}${q.size ? '?' + q : ''}`;
};
export const fileOf = (o, save = false) =>
	`file/${encodeURIComponent(o.provider)}/${o.task_id.split('/').map(encodeURIComponent).join('/')}/${o.position}${save ? '?save=1' : ''}`;

export const smallOf = o => `thumb/${fileOf(o).slice('file/'.length)}?of=${(o.sha256 ?? '').slice(0, 16)}`;

// --- marks

const ICONS = {
	home: 'M3 11 12 4l9 7M5 10v10h5v-6h4v6h5V10', list: 'M8 6h13M8 12h13M8 18h13M3.5 6h.01M3.5 12h.01M3.5 18h.01',
	image: 'M4 5h16v14H4zM4 16l5-5 4 4 3-3 4 4M15.5 9.5h.01', alert: 'M12 4 2.5 20h19zM12 10v4M12 17h.01',
	send: 'M4 12 20 4l-4 16-4-7z', beat: 'M3 12h4l2-6 4 12 3-8 2 2h3', coin: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M9 15c.5 1 1.600 1.500 3 1.500 1.700 0 3-.7 3-2 0-2.900-5.800-1.100-5.800-4.100 0-1.300 1.200-2 2.800-2 1.200 0 2.300.3 2.800 1.200M12 6.500V8m0 8v1.500',
	more: 'M5 12h.01M12 12h.01M19 12h.01', play: 'M7 5v14l12-7z', note: 'M9 18V6l11-2v12M9 18a3 3 0 1 1-3-3 3 3 0 0 1 3 3M20 16a3 3 0 1 1-3-3 3 3 0 0 1 3 3',
	text: 'M5 6h14M5 11h14M5 16h9', file: 'M6 3h8l4 4v14H6zM14 3v4h4', check: 'M5 12.500 10 17.500 19.500 7', x: 'M6 6l12 12M18 6 6 18',
	clock: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M12 7v5l3.500 2', q: 'M9 9.500a3 3 0 1 1 4.500 2.600c-1 .6-1.500 1.100-1.500 2.400M12 18h.01', stop: 'M6 12h12',
	redo: 'M20 11a8 8 0 1 0-2.300 6M20 5v6h-6', down: 'M12 4v11m-5-5 5 5 5-5M5 20h14', copy: 'M9 9h11v11H9zM15 9V4H4v11h5',
	moon: 'M20 14.500A8 8 0 0 1 9.500 4 8 8 0 1 0 20 14.500',
};
export const icon = (name, cls = 'i') => svg`<svg class=${cls || nothing} viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.900"
	stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><path d=${ICONS[name]}></path></svg>`;
export const kindIcon = { image: 'image', video: 'play', audio: 'note', text: 'text', file: 'file' };

const TAGS = {
	succeeded: ['ok', 'check'], stored: ['ok', 'check'], inline: ['ok', 'check'], submitted: ['ok', 'check'], ok: ['ok', 'check'],
	pending: ['wait', 'clock'], queued: ['wait', 'clock'], sending: ['wait', 'clock'], warn: ['wait', 'clock'],
	failed: ['bad', 'x'], expired: ['bad', 'x'], refused: ['bad', 'x'], bad: ['bad', 'x'],
	lost: ['lost', 'q'], unknown: ['lost', 'q'], cancelled: ['off', 'stop'], off: ['off', 'stop'],
};
export const tag = (state, words = state) => {
	const [colour, mark] = TAGS[state] ?? ['off', 'stop'];
	return html`<span class="tag t-${colour}">${icon(mark, '')}${words}</span>`;
};

// What the server says of itself: the providers and models that it knows, and the
// types of files that it sends to be shown.
export const known = { providers: [], models: [], shows: [] };

// One colour of eight for each provider that the server knows, in their order.
const COLOURS = 8;
export const colourOf = p => {
	const at = known.providers.indexOf(p);
	return 1 + (at >= 0 ? at : [...String(p)].reduce((n, c) => n * 31 + c.charCodeAt(0) | 0, 0) >>> 0) % COLOURS;
};
export const provider = p => html`<span class="prov p${colourOf(p)}">${p}</span>`;

// A small picture of an output, where a browser can show one.
export const shown = o => o.content_type == null || known.shows.includes(o.content_type);
/* Lists show small pictures.  What has none is shown as it is, up to so many bytes
 * of each list; beyond that a mark with its size leads to it. */
const LIST_BYTES = 100e6;
export const afford = rows => {
	let left = LIST_BYTES;
	for (const o of rows)
		if (!o.thumb && (o.kind === 'image' || o.kind === 'video'))
			o.tooLarge = (left -= o.kind === 'video' ? Math.min(o.bytes ?? 0, 1e6) : o.bytes ?? 0) < 0;
	return rows;
};
const small = (o, words) => o.thumb ? html`<img src=${smallOf(o)} alt=${words.slice(0, 200)} loading="lazy" decoding="async">` :
	o.tooLarge ? html`<span class="file small">${icon(kindIcon[o.kind])}${bytes(o.bytes)}</span>` : null;
export const preview = (o, words = `Output ${o.position}`) => shown(o) ? small(o, words) ?? media(o, false, words) : icon(kindIcon[o.kind] ?? 'file');
export const media = (o, controls = false, words = `Output ${o.position}`) => o.kind === 'image' && shown(o) ?
	html`<img src=${fileOf(o)} alt=${words.slice(0, 200)} loading="lazy" decoding="async">` :
	o.kind === 'video' && shown(o) ?
	html`<video src=${fileOf(o) + (controls ? '' : '#t=0.1')} preload="metadata" muted playsinline ?controls=${controls} aria-label="Film ${o.position}"></video>` :
	o.kind === 'audio' && controls && shown(o) ? html`<audio src=${fileOf(o)} controls preload="none" aria-label="Sound ${o.position}"></audio>` :
	icon(kindIcon[o.kind] ?? 'file');
export const thumb = t => html`<span class="thumb">${t.position != null && (t.kind === 'image' || t.kind === 'video') ?
	preview(t, '') : icon(t.kind ? kindIcon[t.kind] ?? 'file' : TAGS[t.status]?.[1] ?? 'clock')}${t.outputs > 1 ? html`<b>${t.outputs}</b>` : nothing}</span>`;

export const kpi = (name, value, says, href) => href ?
	html`<a class="panel kpi" href=${href}><div class="k">${name}</div><div class="v">${value}</div><div class="s">${says}</div></a>` :
	html`<div class="panel kpi"><div class="k">${name}</div><div class="v">${value}</div><div class="s">${says}</div></div>`;
export const chips = (name, list) => html`<div class="filters" role="group" aria-label=${name}>${list.map(([words, href, on, n]) =>
	html`<a class="chip" href=${href} aria-current=${on ? 'true' : nothing}>${words}${n ? html`<b>${n}</b>` : nothing}</a>`)}</div>`;

// JSON with its parts coloured; as text, never as markup.
export const json = value => {
	const text = JSON.stringify(value, null, 2) ?? '', parts = [];
	let at = 0;
	if (text.length > 200000)
		return html`<pre tabindex="0">${text}</pre>`;
	for (const m of text.matchAll(/("(?:[^"\\]|\\.)*")(\s*:)?|-?\d[\d.eE+-]*/g)) {
		parts.push(text.slice(at, m.index), m[1] ? html`<span class=${m[2] ? 'k' : 's'}>${m[1]}</span>${m[2] ?? ''}` : html`<span class="d">${m[0]}</span>`);
		at = m.index + m[0].length;
	}
	return html`<pre tabindex="0">${parts}${text.slice(at)}</pre>`;
};

// --- charts

/* Stacked bars: rows of { label, values, title }, classes of the parts from below,
 * and what it says to whom does not see it. */
export const bars = (rows, classes, says, { every = 3, unit = n => number(n), width = innerWidth > 720 ? 760 : 420, height = innerWidth > 720 ? 240 : 190 } = {}) => {
	const sum = r => r.values.reduce((a, b) => a + b, 0), most = Math.max(...rows.map(sum), 1e-9);
	const step = 10 ** Math.floor(Math.log10(most)), top = [1, 2, 5, 10].map(n => n * step).find(n => n >= most) ?? most;
	const y = v => v / top * (height - 34), w = (width - 50) / rows.length, base = height - 22;
	return html`<svg class="chart" viewBox="0 0 ${width} ${height}" role="img" aria-label=${says}>
		${[0, .25, .5, .75, 1].map(f => svg`<line class="axis" x1="44" x2=${width} y1=${base - y(top * f)} y2=${base - y(top * f)}></line>
			<text x="38" y=${base - y(top * f) + 4} text-anchor="end">${f === .25 || f === .75 ? '' : unit(top * f)}</text>`)}
		${rows.map((r, i) => {
			let at = base;
			return svg`<g><title>${r.title}</title>${r.values.map((v, j) => {
				const h = y(v);
				at -= h;
				return v ? svg`<rect class=${classes[j]} x=${48 + i * w + w * .1} y=${at} width=${w * .8} height=${Math.max(h - .8, .8)} rx="2"></rect>` : nothing;
			})}${i % every === 0 ? svg`<text x=${48 + i * w + w / 2} y=${height - 5} text-anchor="middle">${r.label}</text>` : nothing}</g>`;
		})}</svg>`;
};
export const legend = list => html`<div class="legend">${list.map(([cls, words]) => html`<span><i class=${cls}></i>${words}</span>`)}</div>`;
export const spark = (values, cls) => {
	const most = Math.max(...values, 1);
	return html`<svg class="spark ${cls}" width="94" height="22" viewBox="0 0 94 22" aria-hidden="true"><path stroke="currentColor"
		d=${values.map((v, i) => `${i ? 'L' : 'M'}${(i * 94 / Math.max(values.length - 1, 1)).toFixed(1)} ${(20 - v / most * 17).toFixed(1)}`).join('')}></path></svg>`;
};
// How much of a link's life is left.
export const life = (from, end) => {
	const left = Date.parse(end) - Date.now(), whole = from ? Date.parse(end) - Date.parse(from) : DAY;
	const share = Math.max(3, Math.min(100, left / Math.max(whole, 1) * 100));
	return html`<svg class="bar" viewBox="0 0 100 5" preserveAspectRatio="none" aria-hidden="true"><rect class="back" width="100" height="5"></rect>
		<rect class=${left < HOUR ? 'hot' : left < 6 * HOUR ? 'warm' : 'calm'} width=${share} height="5"></rect></svg>`;
};
