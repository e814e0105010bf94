import type { IncomingHttpHeaders } from 'node:http';
import { posix } from 'node:path';
import { type Duplex, Transform } from 'node:stream';
import { createDeflateRaw, createGunzip, createGzip, createInflateRaw } from 'node:zlib';
import type { RewritingStream } from 'parse5-html-rewriting-stream';

/** Where a proxied page is for the client, and where it came from. */
export interface ProxiedPage {
    /** What the root of the backend is to the client: ".../proxy". */
    prefix: string;
    /** "host:port" of the backend. */
    backendHost: string;
    /** "host[:port]" that the client asked for. */
    requestHost: string;
}

export interface RewrittenAnswer {
    headers: IncomingHttpHeaders;
    /** The body goes through these; none where it stays as it is. */
    body: Duplex[];
}

/** A tag, text or comment that is longer ends the answer: it is kept until its end has come. */
const tokenCharactersMax = 8 * 1024 * 1024;

/** A page that is larger once it is decompressed ends there. */
const pageBytesMax = 64 * 1024 * 1024;

/** HTML's attributes that hold a URL, by tag. */
const urlAttributes: ReadonlyMap<string, readonly string[]> = new Map(
    Object.entries({
        a: ['href'],
        applet: ['codebase'],
        area: ['href'],
        audio: ['src'],
        base: ['href'],
        blockquote: ['cite'],
        body: ['background'],
        button: ['formaction'],
        command: ['icon'],
        del: ['cite'],
        embed: ['src'],
        form: ['action'],
        frame: ['longdesc', 'src'],
        head: ['profile'],
        html: ['manifest'],
        iframe: ['longdesc', 'src'],
        img: ['longdesc', 'src', 'usemap'],
        input: ['src', 'usemap', 'formaction'],
        ins: ['cite'],
        link: ['href'],
        object: ['classid', 'codebase', 'data', 'usemap'],
        q: ['cite'],
        script: ['src'],
        source: ['src'],
        video: ['poster', 'src'],
    }),
);

type Coding = () => { decode: Duplex[]; encode: Duplex[] };

const codings: ReadonlyMap<string, Coding> = new Map<string, Coding>([
    ['', () => ({ decode: [], encode: [] })],
    ['gzip', () => ({ decode: [createGunzip()], encode: [createGzip()] })],
    ['deflate', () => ({ decode: [createInflateRaw()], encode: [createDeflateRaw()] })],
]);

/**
 * Makes what a backend answers lead through the proxy: its redirect, or the links of its HTML page. Links to other
 * hosts and those relative to the page stay, as does a page in a coding that is not known.
 */
export async function rewriteLinks(
    headers: IncomingHttpHeaders,
    page: ProxiedPage,
): Promise<RewrittenAnswer> {
    const { location, 'content-type': type = '', 'content-encoding': encoding = '' } = headers;
    if (location !== undefined && location !== '')
        return { headers: { ...headers, location: rewriteUrl(location, page) }, body: [] };
    const coding = codings.get(encoding);
    if (type.split(';')[0]?.trim() !== 'text/html' || coding === undefined) return { headers, body: [] };
    const { 'content-length': _length, ...others } = headers;
    const { decode, encode } = coding();
    return { headers: others, body: [...decode, ...(await htmlRewriter(page)), ...encode] };
}

/** @returns the URL through the proxy, if it names the backend's host or none, and its path is absolute */
export function rewriteUrl(url: string, { prefix, backendHost, requestHost }: ProxiedPage): string {
    const {
        scheme = '',
        host = '',
        path = '',
        rest = '',
    } = /^(?<scheme>[a-z][a-z0-9+.-]*:)?(?:\/\/(?<host>[^/?#]*))?(?<path>[^?#]*)(?<rest>.*)$/is.exec(url)
        ?.groups ?? {};
    const isElsewhere = host !== '' && host !== backendHost && host !== requestHost;
    if (isElsewhere || !path.startsWith('/')) return url;
    const origin = host !== '' && host === requestHost ? `${scheme}//${host}` : '';
    const through = path.startsWith(prefix) ? path : posix.join(prefix, path);
    return `${origin}${through}${rest}`;
}

/** Bytes in, bytes out: each byte is a character in between, so that any encoding of the text survives. */
async function htmlRewriter(page: ProxiedPage): Promise<Duplex[]> {
    const parse5 = await import('parse5-html-rewriting-stream');
    const rewriter = new parse5.RewritingStream();
    let pageBytes = 0;
    let pendingCharacters = 0;
    const decode = new Transform({
        readableObjectMode: true,
        transform: (chunk: Buffer, _encoding, done) => {
            pageBytes += chunk.length;
            pendingCharacters += chunk.length;
            if (pageBytes > pageBytesMax) done(new Error('the page is too long'));
            else if (pendingCharacters > tokenCharactersMax)
                done(new Error('a part of the page is too long'));
            else done(null, chunk.toString('latin1'));
        },
    });
    const encode = new Transform({
        decodeStrings: false,
        transform: (text: string, _encoding, done) => {
            done(null, Buffer.from(text, 'latin1'));
        },
    });
    const emit = (html: () => string): void => {
        pendingCharacters = 0;
        try {
            rewriter.emitRaw(html());
        } catch (error) {
            // Nobody could catch what a listener throws.
            rewriter.destroy(error as Error);
        }
    };
    rewriter.on('startTag', (tag, raw) => {
        emit(() => rewriteTag(tag, raw, page));
    });
    for (const event of ['endTag', 'comment', 'text', 'doctype'] as const) {
        rewriter.on(event, (_token: unknown, raw: string) => {
            emit(() => raw);
        });
    }
    return [decode, rewriter, encode];
}

type StartTag = Parameters<RewritingStream['emitStartTag']>[0];

/** The tag as it was written where nothing changes. */
function rewriteTag({ tagName, attrs, selfClosing }: StartTag, raw: string, page: ProxiedPage): string {
    const names = urlAttributes.get(tagName);
    if (names === undefined) return raw;
    const rewritten = attrs.map(({ name, value }) => ({
        name,
        value: names.includes(name) ? rewriteUrl(value, page) : value,
    }));
    if (rewritten.every(({ value }, index) => value === attrs[index]?.value)) return raw;
    const written = rewritten.map(({ name, value }) => ` ${name}="${escapeAttribute(value)}"`);
    return `<${tagName}${written.join('')}${selfClosing ? '/' : ''}>`;
}

function escapeAttribute(value: string): string {
    return value
        .replaceAll('&', '&amp;')
        .replaceAll('"', '&quot;')
        .replaceAll(/[^\0-\xff]/gu, (character) => `&#${character.codePointAt(0)};`);
}
