/*
 * The page in Debian's Chromium, for tests/e2e/page.sh.  Each line on standard
 * output is "ok      WORDS" or "FAILED  WORDS", as that script counts them.
 *
 *	node page.js visit BASE JAR		every page, in each form
 *	node page.js pictures BASE JAR FOLDER	a picture of each, for the documentation
 *	node page.js ways BASE JAR		arrows, tabs, filters, what is not given
 *	node page.js core BASE JAR		every page once, as for another server
 *	node page.js store BASE JAR STORE	outputs that a store of that address has
 *	node page.js reader BASE JAR		what a session that may look is not given
 *	node page.js weigh BASE JAR MOST	the bytes that a long gallery moves
 *	node page.js hostile BASE JAR		the same full of hostile texts
 *	node page.js sign-in BASE LINK JAR	trade a link for a cookie, into JAR
 *	node page.js press BASE JAR BUTTONS	press what stands in a file of JSON
 */
'use strict';
const fs = require('fs');
const { chromium } = require('playwright-core');
const axe = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

const FORMS = [
	{ name: 'desktop-light', viewport: { width: 1280, height: 860 }, colorScheme: 'light' },
	{ name: 'desktop-dark', viewport: { width: 1280, height: 860 }, colorScheme: 'dark' },
	{ name: 'phone-light', viewport: { width: 390, height: 844 }, colorScheme: 'light', hasTouch: true, isMobile: true, reducedMotion: 'reduce' },
	{ name: 'phone-dark', viewport: { width: 390, height: 844 }, colorScheme: 'dark', hasTouch: true, isMobile: true },
];
const [, , what, BASE, ...rest] = process.argv;

const check = (words, good, more = '') => console.log(`${good ? 'ok     ' : 'FAILED '} ${words}${good || !more ? '' : `: ${more}`}`.replaceAll('\n', ' '));
const cookies = jar => [{ name: 'genhook_session', value: fs.readFileSync(jar, 'utf8').match(/genhook_session[\s=]+(\S+)/)[1], url: BASE, httpOnly: true, sameSite: 'Strict' }];

// A page of which everything that a browser complains of is kept.
async function watched(browser, form, jar) {
	const context = await browser.newContext(form), faults = [];
	if (jar)
		await context.addCookies(cookies(jar));
	await context.addInitScript(() => {
		window.reports = [];
		document.addEventListener('securitypolicyviolation', e => window.reports.push(`${e.violatedDirective} ${e.blockedURI} ${e.sourceFile ?? ''}`));
		window.alert = window.confirm = window.prompt = () => window.reports.push('a dialog');
	});
	const page = await context.newPage();
	page.expected = [];
	page.allowed = BASE;
	page.on('console', m => /error|warning/.test(m.type()) && !page.expected.some(e => m.text().includes(e)) && faults.push(`console: ${m.text()}`));
	page.on('pageerror', e => faults.push(`error: ${e.message}`));
	page.on('dialog', d => { faults.push(`dialog: ${d.message()}`); d.dismiss(); });
	page.on('request', r => r.url().startsWith(BASE) || r.url().startsWith(page.allowed) || /^(blob|data|about):/.test(r.url()) || faults.push(`request: ${r.url()}`));
	page.on('popup', p => faults.push(`popup: ${p.url()}`));
	page.faults = async () => [...faults.splice(0), ...await page.evaluate(() => window.reports.splice(0))];
	return page;
}
// Wait until the page named in the address has been drawn.
async function settle(page) {
	await page.waitForFunction(() => {
		const shown = document.querySelector('#main')?.dataset.shown;
		return shown && (shown === 'login' || shown === (location.hash || '#overview'));
	}, null, { timeout: 30000 }).catch(async e => { throw new Error(`${page.url()} shows ${await page.evaluate(() => document.querySelector('#main')?.dataset.shown)}: ${e.message}`); });
	await page.waitForFunction(() => [...document.images].every(i => i.complete || !i.offsetParent || i.getBoundingClientRect().top > innerHeight * 2), null, { timeout: 30000 });
}
async function open(page, hash) {
	if (page.url().startsWith(BASE))
		await page.evaluate(h => {
			delete document.querySelector('#main').dataset.shown;
			if (location.hash === `#${h}`)
				dispatchEvent(new HashChangeEvent('hashchange'));
			else
				location.hash = h;
		}, hash);
	else
		await page.goto(`${BASE}#${hash}`);
	await settle(page);
}
async function accessible(page) {
	await page.evaluate(axe);
	const found = await page.evaluate(() => window.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'best-practice'] }));
	return found.violations.map(v => `${v.id}: ${v.nodes.slice(0, 3).map(n => n.html.slice(0, 160) + ' ' + (n.any[0]?.message ?? '')).join(' | ')}`);
}
// What the window shows, as WebP, which is small.
async function picture(page, path) {
	const session = await page.context().newCDPSession(page);
	const shot = await session.send('Page.captureScreenshot', { format: 'webp', quality: 62 });
	fs.writeFileSync(path, Buffer.from(shot.data, 'base64'));
	await session.detach();
}
// What the documentation shows: of each page its form and the address within it.
const PICTURES = [['desktop-light', ['overview', 'tasks', 'task', 'gallery', 'view', 'attention', 'outbox', 'cost', 'sweeps', 'welcome', 'login']],
	['desktop-dark', ['overview', 'gallery', 'task']], ['phone-light', ['overview', 'tasks', 'task', 'gallery', 'attention']]];
async function pictures(browser, [jar, folder]) {
	for (const [name, pages] of PICTURES) {
		const page = await watched(browser, FORMS.find(f => f.name === name), jar);
		await open(page, 'overview');
		const one = (await page.evaluate(() => fetch('api/tasks?q=order:4127').then(r => r.json()))).rows[0], at = `${one.provider}/${one.task_id}`;
		for (const shows of pages) {
			await open(page, { task: `task/${at}`, view: `view/${at}/0` }[shows] ?? shows);
			if (shows === 'task' && name.startsWith('desktop')) {
				await page.click('.time details summary');
				await page.waitForSelector('.time .body pre');
			}
			await picture(page, `${folder}/${name.replace('-light', '')}-${shows}.webp`);
		}
		const faults = await page.faults();
		check(`pictures, ${name}: nothing to complain of`, faults.length === 0, faults.join('; '));
		await page.context().close();
	}
}
const wide = page => page.evaluate(() => document.documentElement.scrollWidth > innerWidth + 1);

// Of each list the first row's own page.
async function hashes(page) {
	const get = path => page.evaluate(p => fetch(p).then(r => r.json()), path);
	await open(page, 'overview');
	const tasks = (await get('api/tasks?limit=200')).rows, gallery = (await get('api/gallery?limit=200')).rows, texts = (await get('api/gallery?kind=text')).rows;
	const at = (name, o, n) => `${name}/${encodeURIComponent(o.provider)}/${encodeURIComponent(o.task_id)}${n == null ? '' : `/${n}`}`;
	const one = (list, test) => list.filter(test).slice(0, 1);
	return ['overview', 'overview?span=30d', 'tasks', 'tasks?status=failed', 'gallery', 'gallery?kind=text', 'attention', 'attention?set_aside=1', 'outbox', 'cost', 'cost?days=365', 'sweeps', 'welcome', 'login',
		...['succeeded', 'failed', 'pending'].flatMap(s => one(tasks, t => t.status === s)).map(t => at('task', t)),
		...['image', 'video', 'audio'].flatMap(k => one(gallery, o => o.kind === k)).concat(texts.slice(0, 1)).map(o => at('view', o, o.position))];
}

async function visit(browser, [jar]) {
	for (const form of FORMS) {
		const page = await watched(browser, form, jar);
		for (const hash of await hashes(page)) {
			await open(page, hash);
			const faults = await page.faults();
			check(`${form.name} ${hash.slice(0, 40)}: nothing to complain of`, faults.length === 0, faults.join('; '));
			const ill = await accessible(page);
			check(`${form.name} ${hash.slice(0, 40)}: accessible`, ill.length === 0, ill.join('; '));
			check(`${form.name} ${hash.slice(0, 40)}: no wider than the window`, !await wide(page));
			await page.faults();
		}
		await page.context().close();
	}
	await keys(browser, jar);
	await signedOut(browser);
}
async function keys(browser, jar) {
	const page = await watched(browser, FORMS[0], jar);
	await open(page, 'tasks');
	await page.keyboard.press('/');
	check('"/" goes to the search', await page.evaluate(() => document.activeElement.type === 'search'));
	await page.keyboard.type('zzz nobody');
	await page.keyboard.press('Enter');
	await page.waitForFunction(() => location.hash.includes('q=zzz'));
	await settle(page);
	check('a search is in the address', (await page.textContent('#main')).includes('No task is like that'));
	await page.goBack();
	await page.waitForFunction(() => document.querySelector('tr.go'));
	await settle(page);
	const href = await page.getAttribute('tr.go td.cut a', 'href');
	await page.click('tr.go td:nth-child(6)');
	await page.waitForFunction(h => location.hash === h, href);
	check('a row leads to its task', true);
	await page.waitForFunction(() => document.title.startsWith('Task'));
	await settle(page);
	await page.keyboard.press('Escape');
	await page.waitForFunction(() => location.hash === '#tasks');
	await settle(page);
	check('Esc goes back', true);
	await page.selectOption('select[aria-label="every provider"]', 'apixo');
	await page.waitForFunction(() => location.hash.includes('provider=apixo'));
	await settle(page);
	check('a filter is in the address', await page.evaluate(() => [...document.querySelectorAll('tr.go .prov')].every(e => e.textContent === 'apixo')));
	await page.click('button[aria-label="Light or dark"]');
	const dark = await page.evaluate(() => document.documentElement.dataset.theme);
	await page.reload();
	await settle(page);
	check('light or dark is remembered', dark === 'dark' && await page.evaluate(() => document.documentElement.dataset.theme) === 'dark');
	const faults = await page.faults();
	check('keys: nothing to complain of', faults.length === 0, faults.join('; '));
	await page.context().close();
}
// The second of a task's outputs, by the arrows; a row in a tab of its own; stillness.
async function ways(browser, [jar]) {
	const page = await watched(browser, FORMS[0], jar);
	await open(page, 'overview');
	const states = await page.$$eval('.wide tbody tr', all => all.map(r => `${r.querySelector('.prov').textContent}: ${r.lastElementChild.textContent.trim()}`));
	check('the overview says why an account waits', states.some(s => s.startsWith('luma: no credit, ')) && states.some(s => /: asks to wait, /.test(s)), states.join(' | '));
	// The lists ask for the picture of the output whose file is gone, too.
	page.expected = ['404'];
	await open(page, 'tasks');
	const several = (await page.evaluate(() => fetch('api/tasks?limit=200').then(r => r.json()))).rows.find(t => t.stored > 1);
	const base = `view/${several.provider}/${encodeURIComponent(several.task_id)}`;
	await open(page, `${base}/0`);
	for (const [key, at] of [['ArrowRight', 1], ['ArrowLeft', 0]]) {
		await page.keyboard.press(key);
		await page.waitForFunction(h => location.hash === h, `#${base}/${at}`);
		await settle(page);
		check(`${key} walks to output ${at}`, (await page.textContent('h1')).startsWith(`Output ${at} `));
	}
	await open(page, 'tasks');
	const href = await page.getAttribute('tr.go td.cut a', 'href');
	for (const how of [{ button: 'middle' }, { modifiers: ['Control'] }]) {
		const [tab] = await Promise.all([page.context().waitForEvent('page'), page.click('tr.go td:nth-child(6)', how)]);
		await tab.waitForFunction(() => document.title.startsWith('Task'));
		check(`a row opens in a tab of its own: ${JSON.stringify(how)}`, tab.url().endsWith(href) && page.url().endsWith('#tasks'));
		await tab.close();
	}
	await open(page, 'tasks?status=succeeded&provider=apixo&days=7');
	const known = await page.evaluate(() => fetch('api/session').then(r => r.json()));
	const offered = name => page.$$eval(`select[aria-label="${name}"] option`, all => all.map(o => o.value).filter(Boolean).join());
	check(`the filter offers the providers that the server knows (${known.providers})`, await offered('every provider') === known.providers.join() && known.providers.includes('luma'));
	check(`and the models (${known.models.length})`, known.models.length > 3 && (await offered('every model')).split(',').length >= known.models.length);
	check('filters come from the address', await page.evaluate(() => document.querySelector('select[aria-label="every provider"]').value === 'apixo' &&
		document.querySelector('select[aria-label="Time"]').value === '7' && [...document.querySelectorAll('a.chip[aria-current]')].some(a => a.textContent.includes('succeeded'))));
	await open(page, 'view/apimart/missing/0');
	await page.waitForSelector('.refusal', { state: 'visible' });
	check('a file that is not given is said so', (await page.textContent('.refusal')).startsWith('It could not be shown'));
	await open(page, 'view/apimart/missing/1');
	check('a sound that is sent only to be saved has no player', !await page.$('audio') && (await page.textContent('.stage')).includes('it can be saved'));
	await open(page, `${base}/0`);
	check('and the next one is not', await page.isHidden('.refusal'));
	await open(page, 'outbox?status=queued');
	check('the outbox says why a request is held', (await page.textContent('#main')).includes('is paused until'));
	const faults = (await page.faults()).filter(f => !f.startsWith('popup'));
	check('ways: nothing to complain of', faults.length === 0, faults.join('; '));
	await page.context().close();
	for (const reducedMotion of ['reduce', 'no-preference']) {
		const other = await watched(browser, { ...FORMS[0], reducedMotion }, jar);
		await open(other, 'overview');
		const moves = await other.evaluate(() => [...document.querySelectorAll('*')].some(e => parseFloat(getComputedStyle(e).transitionDuration) > 0));
		check(`prefers-reduced-motion: ${reducedMotion}`, moves === (reducedMotion !== 'reduce'));
		await other.context().close();
	}
}
async function core(browser, [jar]) {
	const page = await watched(browser, FORMS[0], jar);
	let pictures = 0;
	for (const hash of await hashes(page)) {
		await open(page, hash);
		const faults = await page.faults(), ill = await accessible(page);
		check(`${hash.slice(0, 40)}: nothing to complain of`, faults.length + ill.length === 0, [...faults, ...ill].join('; '));
		pictures += await page.evaluate(() => [...document.images].filter(i => i.naturalWidth > 0).length);
		await page.faults();
	}
	check(`pictures are seen (${pictures})`, pictures > 0);
	await open(page, 'tasks');
	await page.fill('input[type=search]', 'lighthouse');
	await page.keyboard.press('Enter');
	await page.waitForFunction(() => location.hash.includes('q=lighthouse'));
	await settle(page);
	check('a prompt is found', (await page.textContent('#main')).includes('a lighthouse at dusk'));
	const said = await page.evaluate(() => fetch('api/action', { method: 'POST', headers: { 'Content-Type': 'application/json', 'X-Genhook': '1' }, body: JSON.stringify({ do: 'repoll_tasks', provider: 'novita', task_id: 'waits-1' }) }).then(r => r.json()));
	check('a button\'s post is taken', said.changed === 1, JSON.stringify(said));
	await page.context().close();
}
// Pictures and films that the page's policy lets the store give, and one that it has not.
async function store(browser, [jar, at]) {
	const page = await watched(browser, FORMS[0], jar);
	page.allowed = `${at}/`;
	await open(page, 'view/apimart/in-store/0');
	check('a picture comes from the store', await page.$eval('.stage img', i => i.complete && i.naturalWidth > 0));
	await open(page, 'view/apimart/in-store/1');
	const plays = page.waitForFunction(() => document.querySelector('.stage video')?.readyState > 0, null, { timeout: 15000 }).then(() => true, () => false);
	check('so does a film', await plays);
	const faults = await page.faults();
	check('the policy lets it', faults.length === 0, faults.join('; '));
	page.expected = ['404'];
	await open(page, 'view/apimart/in-store/2');
	const said = page.waitForSelector('.refusal', { state: 'visible', timeout: 15000 }).then(() => true, () => false);
	check('what the store does not give is said so', await said);
	await page.context().close();
}
async function reader(browser, [jar]) {
	const page = await watched(browser, FORMS[0], jar), found = new Set();
	for (const hash of await hashes(page)) {
		await open(page, hash);
		for (const words of await page.$$eval('#main button', all => all.map(b => b.textContent.trim())))
			found.add(words);
		if (await page.$('#main .case form, #main td form, #main details .body'))
			found.add(`a form on ${hash}`);
	}
	const harmless = ['CSV', '', 'as command', 'Older', 'Sign out'];
	check('a reader has no button that acts', [...found].every(w => harmless.includes(w)), [...found].join(', '));
	page.expected = ['403'];
	const statuses = await page.evaluate(async () => {
		const post = await fetch('api/action', { method: 'POST', headers: { 'Content-Type': 'application/json', 'X-Genhook': '1' }, body: '{"do":"repoll_tasks","provider":"novita","task_id":"waits-1"}' });
		return [post.status, (await fetch('api/body?id=01998b5e-7d2f-7000-8000-000000000000')).status];
	});
	check('nor does the server let it', statuses.join() === '403,403', statuses.join());
	await page.context().close();
}
async function weigh(browser, [jar, most]) {
	const page = await watched(browser, FORMS[0], jar), session = await page.context().newCDPSession(page);
	let moved = 0;
	await session.send('Network.enable');
	session.on('Network.loadingFinished', e => { moved += e.encodedDataLength; });
	await open(page, 'gallery');
	for (let more = true; more;) {
		const n = await page.$$eval('.gal > *', all => all.length);
		for (let y = 0; y < await page.evaluate(() => document.documentElement.scrollHeight); y += 600) {
			await page.evaluate(at => scrollTo(0, at), y);
			await page.waitForTimeout(50);
		}
		await page.waitForFunction(() => [...document.images].every(i => i.complete), null, { timeout: 120000 });
		const button = page.locator('button:has-text("Older")');
		more = n < 50 && await button.count() > 0;
		if (more) {
			await button.click();
			await page.waitForFunction(m => document.querySelectorAll('.gal > *').length > m, n);
		}
	}
	const seen = await page.$$eval('.gal > *', all => all.length), faults = await page.faults();
	check(`a gallery of ${seen} moved ${(moved / 1e6).toFixed(1)} MB, and ${most} MB at most`, seen >= 50 && moved < most * 1e6);
	check('a long gallery: nothing to complain of', faults.length === 0, faults.join('; '));
	await page.context().close();
}
async function signedOut(browser) {
	for (const form of FORMS.slice(0, 3)) {
		const page = await watched(browser, form);
		page.expected = ['401'];
		const asks = [];
		for (const hash of form === FORMS[0] ? ['overview', 'tasks', 'task/novita/waits-1', 'gallery', 'view/novita/waits-1/0', 'attention', 'outbox', 'cost', 'sweeps', 'welcome', 'login'] : ['tasks']) {
			await open(page, hash);
			asks.push(await page.textContent('#main h1'));
		}
		check(`${form.name}: signed out, it asks to sign in, whatever is asked for (${asks.length})`, asks.every(words => words === 'Sign in'), asks.join(', '));
		const ill = await accessible(page), faults = await page.faults();
		check(`${form.name}: sign-in is accessible`, ill.length === 0, ill.join('; '));
		check(`${form.name}: and nothing to complain of`, faults.length === 0, faults.join('; '));
		await page.context().close();
	}
}

// What foreign text must never become.
const intruders = () => {
	const bad = [];
	for (const e of document.querySelectorAll('*')) {
		for (const a of e.attributes)
			if (/^on/i.test(a.name) || /^(srcdoc|formaction|action)$/i.test(a.name) || (/^(href|src|xlink:href)$/i.test(a.name) && /^\s*(javascript|data|vbscript|https?):/i.test(a.value)))
				bad.push(`${e.tagName} ${a.name}=${a.value}`);
		if (/^(SCRIPT|IFRAME|OBJECT|EMBED|BASE|META|LINK|STYLE|MATH|FOREIGNOBJECT|ANIMATE|SET)$/i.test(e.tagName) && e.closest('body') )
			bad.push(e.outerHTML.slice(0, 80));
	}
	return bad.concat(window.xss ? ['xss ran'] : []);
};
async function hostile(browser, [jar]) {
	const page = await watched(browser, FORMS[0], jar);
	await open(page, 'overview');
	const tasks = await page.evaluate(async () => {
		const all = [];
		for (let next = ''; next != null;) {
			const d = await fetch(`api/tasks?limit=200&next=${encodeURIComponent(next)}`).then(r => r.json());
			all.push(...d.rows);
			next = d.next;
		}
		return all;
	});
	const list = ['overview', 'overview?span=30d', 'tasks?days=1', 'tasks?status=failed', 'gallery', 'gallery?kind=text', 'attention', 'outbox', 'cost', 'sweeps',
		...tasks.map(t => `task/${encodeURIComponent(t.provider)}/${encodeURIComponent(t.task_id)}`),
		...tasks.filter(t => t.outputs).map(t => `view/${encodeURIComponent(t.provider)}/${encodeURIComponent(t.task_id)}/0`),
		...['<img src=x onerror=window.xss=1>', 'javascript:window.xss=1', '"><script>window.xss=1</script>', '__proto__', 'constructor', '%3Cscript%3E', '%'].flatMap(x =>
			[x, `tasks?q=${encodeURIComponent(x)}`, `tasks?model=${encodeURIComponent(x)}&provider=${encodeURIComponent(x)}`])];
	page.expected = ['404', '400'];
	let bad = [], texts = 0;
	for (const hash of list) {
		await open(page, hash);
		for (const d of await page.$$('details'))
			await d.evaluate(e => { e.open = true; });
		await page.waitForFunction(() => [...document.querySelectorAll('details .body')].every(e => e.childElementCount));
		const found = await page.evaluate(intruders), faults = await page.faults();
		texts += (await page.textContent('#main')).includes('window.xss') ? 1 : 0;
		if (found.length || faults.length)
			bad.push(`${hash.slice(0, 80)}: ${[...found, ...faults].slice(0, 3).join(', ')}`);
	}
	check(`${list.length} pages full of hostile texts: none became anything but text`, bad.length === 0, bad.slice(0, 5).join('; '));
	check(`they were there to be seen (${texts})`, texts > 200);
	// Files that are none of the list, opened as a page of their own.
	for (const t of tasks.filter(x => x.task_id.startsWith('file-'))) {
		const other = await watched(browser, { ...FORMS[0], acceptDownloads: false }, jar);
		await other.goto(`${BASE}file/${t.provider}/${encodeURIComponent(t.task_id)}/0`).catch(e => {
			if (!/ERR_ABORTED|Download is starting/.test(e.message))
				throw e;
		});
		const ran = await other.evaluate(() => Boolean(window.xss) || document.title === 'xss').catch(() => false);
		check(`${t.task_id}: opened by itself, nothing of it runs`, !ran);
		await other.context().close();
	}
	await page.context().close();
}

async function signIn(browser, [link, jar]) {
	const page = await watched(browser, FORMS[0]);
	page.expected = ['401'];
	await page.goto(link);
	await settle(page);
	check('a link signs in', (await page.textContent('h1')) !== 'Sign in');
	check('its code is gone from the address', !page.url().includes('in='));
	const cookie = (await page.context().cookies()).find(c => c.name === 'genhook_session');
	check('scripts cannot read the cookie', cookie?.httpOnly && cookie.sameSite === 'Strict' && !(await page.evaluate(() => document.cookie)).includes('genhook'));
	fs.writeFileSync(jar, `genhook_session=${cookie?.value}\n`);
	const again = await watched(browser, FORMS[0]);
	again.expected = ['401'];
	await again.goto(link);
	await again.waitForSelector('[role=alert]');
	check('it works once', (await again.textContent('[role=alert]')).includes('was used'));
	const faults = [...await page.faults(), ...await again.faults()];
	check('signing in: nothing to complain of', faults.length === 0, faults.join('; '));
	await again.context().close();
	await page.click('nav.side button:has-text("Sign out")');
	await page.waitForFunction(() => document.querySelector('h1').textContent === 'Sign in');
	check('signing out', !(await page.context().cookies()).some(c => c.name === 'genhook_session'));
	await page.context().close();
}

// Each of { hash, button, sure }: press it, twice where it asks to be sure.
async function press(browser, [jar, file]) {
	const page = await watched(browser, FORMS[0], jar);
	for (const { hash, button, nth = 0, sure, fill } of JSON.parse(fs.readFileSync(file, 'utf8'))) {
		await open(page, hash);
		if (fill)
			await page.fill(fill[0], fill[1]);
		const found = page.locator(`#main button:has-text("${button}")`).nth(nth);
		if (!await found.count()) {
			check(`${hash}: the button "${button}"`, false, 'is not there');
			continue;
		}
		// What the last one said is none of this one's.
		await page.evaluate(() => document.querySelector('.toast').classList.remove('on'));
		await found.click();
		if (sure)
			await page.locator('#main button.sure').click();
		await page.waitForFunction(() => document.querySelector('.toast').classList.contains('on'), null, { timeout: 15000 });
		const said = await page.textContent('.toast');
		check(`${hash}: "${button}" says "${said}"`, !said.startsWith('Nothing was left'), said);
	}
	const faults = await page.faults();
	check('buttons: nothing to complain of', faults.length === 0, faults.join('; '));
	await page.context().close();
}

(async () => {
	const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-dev-shm-usage'] });
	await { visit, pictures, ways, core, store, reader, weigh, hostile, 'sign-in': signIn, press }[what](browser, rest);
	await browser.close();
})().catch(e => {
	console.log(`FAILED  ${what}: ${String(e.stack ?? e).replaceAll('\n', ' ')}`);
	process.exit(1);
});
