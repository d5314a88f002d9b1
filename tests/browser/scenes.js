/*
 * Invented pictures for the documentation, drawn as SVG and taken by Chromium:
 *
 *	node scenes.js FOLDER
 *
 * makes FOLDER/SUBJECT-COLOURS.webp, of a few subjects in six colours each.
 */
'use strict';
const fs = require('fs');
const { chromium } = require('playwright-core');

const COLOURS = [
	['#fde7c9', '#f6a56b', '#c2547a', '#3b2a58'], ['#dff1f7', '#8cc5d8', '#3d7ea6', '#183a55'], ['#f9efe0', '#d9b382', '#8a5f45', '#33241d'],
	['#e3f0df', '#93bf8b', '#4a7f63', '#1d3a34'], ['#201a3d', '#4b2f7a', '#a0458e', '#f3a774'], ['#0f2233', '#1c4a66', '#3d8c9c', '#d8f0e8'],
];
const SIZES = [[480, 360], [400, 500], [480, 320], [420, 420]];

// Numbers that are the same each time.
const chance = seed => () => (seed = seed * 1103515245 + 12345 & 0x7fffffff) / 0x7fffffff;

const hills = (r, w, h, base, height, colour) => {
	let d = `M0 ${h}V${base}`;
	for (let x = 0; x <= w + 60; x += 60)
		d += `Q${x - 30} ${base + (r() - .5) * height} ${x} ${base + (r() - .5) * height}`;
	return `<path d="${d}V${h}Z" fill="${colour}"/>`;
};
const SUBJECTS = {
	lighthouse(r, w, h, c) {
		const x = w * .62, y = h * .3, waves = Array.from({ length: 24 }, () => `<rect x="${r() * w}" y="${h * (.7 + r() * .28)}" width="${20 + r() * 50}" height="2" fill="#fff" opacity=".2"/>`);
		return `${hills(r, w, h, h * .64, 16, c[1])}<rect y="${h * .68}" width="${w}" height="${h}" fill="${c[2]}"/>${waves.join('')}
			<path d="M${x} ${y + 18}L0 ${y - 50}V${y + 70}Z" fill="#fff" opacity=".22"/><path d="M${x - 17} ${h * .8}L${x - 11} ${y + 26}h22L${x + 17} ${h * .8}Z" fill="#fbfaf7"/>
			<path d="M${x - 15} ${y + 88}h30l2 26h-34zM${x - 13} ${y + 46}h26l1 15h-28z" fill="#c2413a"/><rect x="${x - 10}" y="${y + 6}" width="20" height="21" fill="#ffe9a8"/>
			<path d="M${x - 15} ${y + 8}L${x} ${y - 12}l15 20z" fill="${c[3]}"/><path d="M${x - 120} ${h}q40-96 130-88t${w - x + 120} 60V${h}Z" fill="${c[3]}"/>`;
	},
	city(r, w, h, c) {
		const parts = [];
		for (let layer = 0; layer < 3; layer++)
			for (let x = -20; x < w;) {
				const bw = 26 + r() * 42, y = h * (.38 + layer * .12 + r() * .26);
				parts.push(`<rect x="${x}" y="${y}" width="${bw}" height="${h}" fill="${c[layer + 1]}" opacity="${.6 + layer * .2}"/>`);
				for (let i = 0; layer && i < 9; i++)
					parts.push(`<rect x="${x + 4 + Math.floor(r() * (bw - 10) / 7) * 7}" y="${y + 8 + Math.floor(r() * 14) * 9}" width="4" height="5" fill="#ffe7a8"/>`);
				x += bw + 2;
			}
		return parts.join('');
	},
	bottle: (r, w, h, c) => `<rect y="${h * .72}" width="${w}" height="${h}" fill="${c[1]}"/><ellipse cx="${w / 2}" cy="${h * .78}" rx="${h * .32}" ry="${h * .07}" fill="${c[2]}"/>
		<rect x="${w / 2 - h * .13}" y="${h * .34}" width="${h * .26}" height="${h * .42}" rx="16" fill="#fff" opacity=".6"/><rect x="${w / 2 - h * .13}" y="${h * .52}" width="${h * .26}" height="${h * .24}" rx="16" fill="${c[2]}" opacity=".8"/>
		<rect x="${w / 2 - h * .055}" y="${h * .22}" width="${h * .11}" height="${h * .12}" rx="5" fill="${c[3]}"/><rect x="${w / 2 - h * .1}" y="${h * .38}" width="8" height="${h * .3}" rx="4" fill="#fff" opacity=".7"/>`,
	dunes: (r, w, h, c) => hills(r, w, h, h * .56, 40, c[1]) + hills(r, w, h, h * .7, 60, c[2]) + hills(r, w, h, h * .84, 60, c[3]),
	mountains(r, w, h, c) {
		const firs = Array.from({ length: 26 }, () => {
			const x = r() * w, y = h * (.82 + r() * .14), s = 12 + r() * 26;
			return `<path d="M${x} ${y - s}l${s * .32} ${s}h${-s * .64}z" fill="${c[3]}"/>`;
		});
		return hills(r, w, h, h * .5, 120, c[1]) + hills(r, w, h, h * .64, 90, c[2]) + hills(r, w, h, h * .86, 40, c[3]) + firs.join('');
	},
};
function scene(subject, n, w, h) {
	const r = chance(7919 * (n + 3) + subject.length), c = COLOURS[n], night = n > 3;
	const x = w * (.2 + r() * .3), y = h * (.18 + r() * .14), stars = Array.from({ length: night ? 60 : 0 }, () => `<circle cx="${r() * w}" cy="${r() * h * .6}" r="${r() * 1.4}" fill="#fff"/>`);
	return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${w} ${h}" width="${w}" height="${h}"><defs><linearGradient id="s" x2="0" y2="1"><stop stop-color="${c[0]}"/><stop offset="1" stop-color="${c[1]}"/></linearGradient></defs>
		<rect width="${w}" height="${h}" fill="url(#s)"/>${stars.join('')}<circle cx="${x}" cy="${y}" r="${h * .07}" fill="#fff" opacity=".9"/>${SUBJECTS[subject](r, w, h, c)}</svg>`;
}

(async () => {
	const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-dev-shm-usage'] });
	const page = await browser.newPage(), session = await page.context().newCDPSession(page);
	for (const [i, subject] of Object.keys(SUBJECTS).entries())
		for (let n = 0; n < COLOURS.length; n++) {
			const [width, height] = SIZES[(i + n) % SIZES.length];
			await page.setViewportSize({ width, height });
			await page.setContent(`<style>body { margin: 0; overflow: hidden } svg { display: block }</style>${scene(subject, n, width, height)}`);
			const shot = await session.send('Page.captureScreenshot', { format: 'webp', quality: 80 });
			fs.writeFileSync(`${process.argv[2]}/${subject}-${n}.webp`, Buffer.from(shot.data, 'base64'));
		}
	await browser.close();
})().catch(e => {
	console.error(e);
	process.exit(1);
});
