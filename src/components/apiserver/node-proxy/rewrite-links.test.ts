import { describe, expect, it } from '@jest/globals';
import type { IncomingHttpHeaders } from 'node:http';
import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { gunzipSync, gzipSync } from 'node:zlib';
import { rewriteLinks, rewriteUrl } from './rewrite-links.ts';

const prefix = '/api/v1/namespaces/shop/pods/web:80/proxy';
const page = { prefix, backendHost: '10.244.0.7:80', requestHost: 'localhost:8001' };

/** The page as it comes out, given in chunks of so many bytes. */
async function rewritten(html: Buffer, headers: IncomingHttpHeaders = {}, chunkBytes = 7): Promise<Buffer> {
    const { body } = await rewriteLinks({ 'content-type': 'text/html; charset=x', ...headers }, page);
    const chunks: Buffer[] = [];
    for (let at = 0; at < html.length; at += chunkBytes) chunks.push(html.subarray(at, at + chunkBytes));
    const out: Buffer[] = [];
    const collect = new Writable({
        write: (chunk: Buffer, _encoding, done) => {
            out.push(chunk);
            done();
        },
    });
    await pipeline([Readable.from(chunks), ...body, collect]);
    return Buffer.concat(out);
}

const text = async (html: string): Promise<string> => (await rewritten(Buffer.from(html))).toString();

describe('a URL of a proxied page', () => {
    it.each([
        ['/', `${prefix}/`],
        ['/a/b?x=1&y=2#z', `${prefix}/a/b?x=1&y=2#z`],
        ['/a/../b', `${prefix}/b`],
        ['http://10.244.0.7:80/a', `${prefix}/a`],
        ['//10.244.0.7:80/a/', `${prefix}/a/`],
        ['http://localhost:8001/a', `http://localhost:8001${prefix}/a`],
        [`${prefix}/a`, `${prefix}/a`],
    ])('leads through the proxy: %s', (url, through) => {
        expect(rewriteUrl(url, page)).toBe(through);
    });

    it.each([
        'a/b',
        '',
        '#top',
        '?page=2',
        'mailto:a@b',
        'https://example.com/a',
        '//example.com/a',
        'data:,x',
    ])('stays: %s', (url) => {
        expect(rewriteUrl(url, page)).toBe(url);
    });
});

describe('a proxied page', () => {
    it('leads through the proxy with its links alone', async () => {
        const html = [
            '<!DOCTYPE html><html><head><link rel=stylesheet href=/s.css><script src="/a.js">',
            'if (a < b) location = "/not-a-link"; // <a href="/x">',
            '</script></head><!-- <a href="/c"> --><body>',
            `<A  HREF='/rewriteme' class=x>&lt;test</A><a href="here">h</a><img src="/i.png?a=1&amp;b=2"/>`,
            '<a title="/t" href="https://example.com/x">e</a></body></html>\r\n',
        ].join('\n');
        expect(await text(html)).toBe(
            html
                .replace(
                    '<link rel=stylesheet href=/s.css>',
                    `<link rel="stylesheet" href="${prefix}/s.css">`,
                )
                .replace('src="/a.js"', `src="${prefix}/a.js"`)
                .replace(`<A  HREF='/rewriteme' class=x>`, `<a href="${prefix}/rewriteme" class="x">`)
                .replace('src="/i.png', `src="${prefix}/i.png`),
        );
    });

    it('keeps every byte, whatever encoding its text has', async () => {
        const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)).toString('latin1');
        const safe = bytes.replaceAll(/[<>&\0\r]/g, '');
        const html = Buffer.from(`<p>${safe}</p><a title="\xe4&euro;" href="/\xfc">x</a>`, 'latin1');
        const expected = `<p>${safe}</p><a title="\xe4&#8364;" href="${prefix}/\xfc">x</a>`;
        expect((await rewritten(html)).toString('latin1')).toBe(expected);
    });

    it.each(['constructor', 'toString', '__proto__', 'valueOf'])('may have a tag named %s', async (name) => {
        expect(await text(`<${name} href="/a" ${name}="/b">`)).toBe(`<${name} href="/a" ${name}="/b">`);
    });

    it('may be compressed', async () => {
        const out = await rewritten(gzipSync('<a href="/a">b</a>'), { 'content-encoding': 'gzip' });
        expect(gunzipSync(out).toString()).toBe(`<a href="${prefix}/a">b</a>`);
    });

    it('ends where a part of it has no end', async () => {
        const endless = Buffer.alloc(9 * 1024 * 1024, 'a');
        await expect(
            rewritten(Buffer.concat([Buffer.from('<a href="'), endless]), {}, 65_536),
        ).rejects.toThrow('a part of the page is too long');
    });
});

describe('an answer', () => {
    it('has its redirect rewritten, and then its page stays', async () => {
        const headers = { location: '/login?to=%2F', 'content-type': 'text/html' };
        expect(await rewriteLinks(headers, page)).toEqual({
            headers: { ...headers, location: `${prefix}/login?to=%2F` },
            body: [],
        });
    });

    it.each([
        { 'content-type': 'application/json' },
        { 'content-type': 'text/html', 'content-encoding': 'br' },
    ])('that is no page, or in an unknown coding, stays: %j', async (headers) => {
        expect(await rewriteLinks(headers, page)).toEqual({ headers, body: [] });
    });
});
