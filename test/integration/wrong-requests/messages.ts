import { examples } from './objects.ts';

const path = examples.ConfigMap.collection;
const body = '{"metadata":{"name":"wrong"}}';
const message = (headers: readonly string[], content: string, request = `POST ${path} HTTP/1.1`): string =>
    [
        request,
        'Host: 127.0.0.1',
        'Content-Type: application/json',
        'Connection: close',
        ...headers,
        '',
        content,
    ].join('\r\n');
const refused = /^HTTP\/1\.1 400 Bad Request\r\n/;

/** Messages that are no HTTP, or lie about their length, and how the answer begins. */
export const brokenMessages: { name: string; bytes: string | Buffer; answer: RegExp }[] = [
    {
        name: 'a body that is shorter than announced',
        bytes: message([`Content-Length: ${body.length - 2}`], body),
        answer: refused,
    },
    { name: 'a length that is none', bytes: message(['Content-Length: many'], body), answer: refused },
    { name: 'a negative length', bytes: message(['Content-Length: -5'], body), answer: refused },
    {
        name: 'two lengths',
        bytes: message([`Content-Length: ${body.length}`, 'Content-Length: 3'], body),
        answer: refused,
    },
    {
        name: 'a length and chunks',
        bytes: message([`Content-Length: ${body.length}`, 'Transfer-Encoding: chunked'], body),
        answer: refused,
    },
    {
        name: 'a chunk without size',
        bytes: message(['Transfer-Encoding: chunked'], `${body}\r\n`),
        answer: refused,
    },
    {
        name: 'a chunk that is longer than its size',
        bytes: message(['Transfer-Encoding: chunked'], `3\r\n${body}\r\n0\r\n\r\n`),
        answer: refused,
    },
    {
        name: 'an unknown transfer encoding',
        bytes: message(['Transfer-Encoding: brotli'], body),
        answer: /^HTTP\/1\.1 (?:400|501) /,
    },
    {
        name: 'a length beyond every bound',
        bytes: message(['Content-Length: 99999999999'], ''),
        answer: /^HTTP\/1\.1 413 [^]*"reason":"RequestEntityTooLarge"/,
    },
    { name: 'a header without colon', bytes: message(['Nonsense'], ''), answer: refused },
    { name: 'NUL in a header', bytes: message(['X-A: a\0b'], ''), answer: refused },
    { name: 'a space in the path', bytes: message([], '', `GET ${path}/a b HTTP/1.1`), answer: refused },
    { name: 'a method that is none', bytes: message([], '', `G@T ${path} HTTP/1.1`), answer: refused },
    {
        name: 'an unknown version of HTTP',
        bytes: message([], '', `GET ${path} HTTP/9.9`),
        answer: /^HTTP\/1\.1 (?:400|505) /,
    },
    { name: 'no HTTP at all', bytes: 'EHLO example.com\r\n\r\n', answer: refused },
    {
        name: 'random bytes',
        bytes: Buffer.from(Array.from({ length: 200 }, (_, i) => (i * 37) % 256)),
        answer: refused,
    },
];
