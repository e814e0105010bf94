import { define, type Overload } from '../functions.ts';
import { EntryMap, EvaluationError, List, Opaque } from '../values.ts';
import { textCost } from './text.ts';

/** URLs as Go's url.ParseRequestURI takes them: absolute, or a path from the root. */

interface Url {
    scheme: string;
    host: string;
    path: string;
    query: string;
}

const shape = /^(?:([a-zA-Z][a-zA-Z0-9+.-]*):)?(?:\/\/([^/?]*))?([^?]*)(?:\?([\s\S]*))?$/;
const hostShape = /^(?:\[[0-9a-fA-F:.]+(?:%25[^\]]+)?\]|[^\s:[\]<>"\\^`{|}%]*)(?::\d*)?$/;
const badEscape = /%(?![0-9a-fA-F]{2})/;
/** What Go leaves as it is in a path. */
const toEscape = /[^A-Za-z0-9\-._~!$&'()*+,;=:@/%[\]]/gu;

function invalid(text: string, problem: string): EvaluationError {
    const shown = JSON.stringify(text.slice(0, 256));
    return new EvaluationError(`URL parse error during conversion from string: parse ${shown}: ${problem}`);
}

/** @throws EvaluationError in Go's words. */
export function parseUrl(text: string): Url {
    if (text === '') throw invalid(text, 'empty url');

    if (/[\x00-\x1f\x7f]/.test(text)) throw invalid(text, 'net/url: invalid control character in URL');
    const [, scheme = '', authority, path = '', query = ''] = shape.exec(text) ?? [];
    if (text.startsWith(':')) throw invalid(text, 'missing protocol scheme');
    // Without a scheme "//host" is a path.
    const rooted = scheme === '' ? text.startsWith('/') : authority !== undefined || path.startsWith('/');
    if (!rooted) throw invalid(text, 'invalid URI for request');
    const hasHost = scheme !== '' && authority !== undefined;
    const host = hasHost ? authority.slice(authority.lastIndexOf('@') + 1) : '';
    const whole = hasHost || authority === undefined ? path : `//${authority}${path}`;
    if (!hostShape.test(host)) throw invalid(text, `invalid character in host name`);
    const escape = badEscape.exec(whole);
    if (escape)
        throw invalid(
            text,
            `invalid URL escape ${JSON.stringify(whole.slice(escape.index, escape.index + 3))}`,
        );
    return { scheme: scheme.toLowerCase(), host, path: whole, query };
}

function decode(text: string): string | undefined {
    if (badEscape.test(text)) return undefined;
    const bytes = text
        .replaceAll('+', ' ')
        .replace(/(?:%[0-9a-fA-F]{2})+/g, (run) => Buffer.from(run.replaceAll('%', ''), 'hex').toString());
    return bytes;
}

function queryMap(query: string): EntryMap {
    const values = new Map<string, string[]>();
    for (const pair of query.split('&')) {
        if (pair === '' || pair.includes(';')) continue;
        const [name = '', value = ''] = pair.split(/=(.*)/s);
        const [key, decoded] = [decode(name), decode(value)];
        if (key === undefined || decoded === undefined) continue;
        values.set(key, [...(values.get(key) ?? []), decoded]);
    }
    const map = new EntryMap();
    for (const [key, list] of values) map.add(key, List.of(list));
    return map;
}

function part(read: (url: Url) => string): (value: Opaque) => string {
    return (value) => read(value.value as Url);
}

function isUrl(text: string): boolean {
    try {
        parseUrl(text);
        return true;
    } catch (error) {
        if (error instanceof EvaluationError) return false;
        throw error;
    }
}

const port = /:(\d*)$/;

export const urls: readonly Overload[] = [
    define('url(string) URL', (text: string) => new Opaque('kubernetes.URL', parseUrl(text), text), textCost),
    define('isURL(string) bool', isUrl, textCost),
    define(
        'URL.getScheme() string',
        part(({ scheme }) => scheme),
    ),
    define(
        'URL.getHost() string',
        part(({ host }) => host),
    ),
    define(
        'URL.getHostname() string',
        part(({ host }) => host.replace(port, '').replace(/^\[(.*)\]$/, '$1')),
    ),
    define(
        'URL.getPort() string',
        part(({ host }) => port.exec(host)?.[1] ?? ''),
    ),
    define(
        'URL.getEscapedPath() string',
        part(({ path }) => path.replace(toEscape, encodeURIComponent)),
    ),
    define('URL.getQuery() map(string, list(string))', (value: Opaque) =>
        queryMap((value.value as Url).query),
    ),
];
