import { define, type Overload } from '../functions.ts';
import { EvaluationError, List, type Meter, sizeOf } from '../values.ts';
import { formatText } from './string-format.ts';
import { characters, codePoints, isPlain, outOfRange, rewriteCost, textCost } from './text.ts';

/** The strings extension of cel-go, and the functions on texts of the language itself. */

/** A text cut at code points. */
function slice(text: string, start: bigint, end: bigint): string {
    if (isPlain(text)) return text.slice(Number(start), Number(end));
    return characters(text).slice(Number(start), Number(end)).join('');
}

function charAt(text: string, index: bigint): string {
    const size = codePoints(text);
    if (index < 0n || index > size) throw outOfRange(index);
    return slice(text, index, index + 1n);
}

function substring(text: string, start: bigint, end: bigint): string {
    if (start > end) throw new EvaluationError(`invalid substring range. start: ${start}, end: ${end}`);
    const size = codePoints(text);
    for (const index of [start, end]) if (index < 0n || index > size) throw outOfRange(index);
    return slice(text, start, end);
}

function tail(text: string, start: bigint): string {
    const size = codePoints(text);
    if (start < 0n || start > size) throw outOfRange(start);
    return slice(text, start, size);
}

/** UTF-16 units from code points, and back. */
function unitAt(text: string, point: bigint): number {
    return isPlain(text) ? Number(point) : slice(text, 0n, point).length;
}

function pointAt(text: string, unit: number): bigint {
    if (unit < 0) return -1n;
    return isPlain(text) ? BigInt(unit) : codePoints(text.slice(0, unit));
}

function indexOf(text: string, part: string, offset = 0n): bigint {
    if (part === '') return offset;
    if (offset < 0n || offset >= codePoints(text)) {
        if (offset === 0n) return -1n;
        throw outOfRange(offset);
    }
    return pointAt(text, text.indexOf(part, unitAt(text, offset)));
}

function lastIndexOf(text: string, part: string): bigint {
    return part === '' ? codePoints(text) : pointAt(text, text.lastIndexOf(part));
}

function lastIndexOfFrom(text: string, part: string, offset: bigint): bigint {
    if (part === '') return offset;
    if (offset < 0n || offset >= codePoints(text)) throw outOfRange(offset);
    return pointAt(text, text.lastIndexOf(part, unitAt(text, offset)));
}

/** As Go's strings.SplitN: at most `limit` parts, none for 0, all for a negative one. */
function splitParts(text: string, separator: string, limit: number): string[] {
    if (limit === 0) return [];
    const parts = separator === '' ? characters(text) : text.split(separator);
    if (limit < 0 || parts.length <= limit) return parts;
    return [...parts.slice(0, limit - 1), parts.slice(limit - 1).join(separator)];
}

function split(text: string, separator: string, limit: bigint | Meter): List {
    return List.of(splitParts(text, separator, typeof limit === 'bigint' ? Number(limit) : -1));
}

interface Replacement {
    text: string;
    old: string;
    by: string;
    limit: bigint;
}

function replace({ text, old, by, limit }: Replacement, meter: Meter): string {
    const count = limit < 0n ? Infinity : Number(limit);
    // An empty text is found before every character and at the end.
    const parts = old === '' ? ['', ...characters(text)] : text.split(old);
    const places = Math.min(count, old === '' ? parts.length : parts.length - 1);
    // The call is charged by the text; what is written beyond that is charged here.
    meter.charge(Math.max(0, Math.floor((places * by.length - 2 * text.length) / 10)));
    let result = '';
    for (const [index, part] of parts.entries()) {
        if (old === '') result += part + (index < places ? by : '');
        else result += part + (index === parts.length - 1 ? '' : index < places ? by : old);
    }
    return result;
}

function join(list: List, separator: string, meter: Meter): string {
    const parts: string[] = [];
    let size = Math.max(0, list.size - 1) * separator.length;
    for (const part of list) {
        if (typeof part !== 'string') throw new EvaluationError('no such overload');
        size += part.length;
        parts.push(part);
    }
    meter.charge(Math.ceil((size * 2) / 10));
    return parts.join(separator);
}

const quoteEscapes: Readonly<Record<string, string>> = {
    '\x07': '\\a',
    '\b': '\\b',
    '\f': '\\f',
    '\n': '\\n',
    '\r': '\\r',
    '\t': '\\t',
    '\v': '\\v',
    '\\': '\\\\',
    '"': '\\"',
};

function quote(text: string): string {
    return `"${text.replace(/[\x07-\r\\"]/g, (char) => quoteEscapes[char] ?? char)}"`;
}

function lowerAscii(text: string): string {
    return text.replace(/[A-Z]+/g, (part) => part.toLowerCase());
}

function upperAscii(text: string): string {
    return text.replace(/[a-z]+/g, (part) => part.toUpperCase());
}

/** What Go takes as white space. */
const outerSpace = /^[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/;

function trim(text: string): string {
    const start = text.replace(outerSpace, '');
    let end = start.length;
    while (end > 0 && outerSpace.test(start.charAt(end - 1))) end--;
    return start.slice(0, end);
}

/** As cel-go: both texts are charged, for one is looked for in the other. */
function containsCost(text: string, part: string): number {
    return Math.ceil(sizeOf(text) / 10) * Math.ceil(sizeOf(part) / 10);
}

export const strings: readonly Overload[] = [
    define('string.contains(string) bool', (text: string, part: string) => text.includes(part), containsCost),
    define('string.startsWith(string) bool', (text: string, part: string) => text.startsWith(part), textCost),
    define('string.endsWith(string) bool', (text: string, part: string) => text.endsWith(part), textCost),
    define('string.charAt(int) string', charAt),
    define('string.indexOf(string) int', (text: string, part: string) => indexOf(text, part), textCost),
    define('string.indexOf(string, int) int', indexOf, textCost),
    define('string.lastIndexOf(string) int', lastIndexOf, textCost),
    define('string.lastIndexOf(string, int) int', lastIndexOfFrom, textCost),
    define('string.lowerAscii() string', lowerAscii, textCost),
    define('string.upperAscii() string', upperAscii, textCost),
    define(
        'string.replace(string, string) string',
        (text: string, old: string, by: string, meter: Meter) =>
            replace({ text, old, by, limit: -1n }, meter),
        rewriteCost,
    ),
    define(
        'string.replace(string, string, int) string',
        (...[text, old, by, limit, meter]: [string, string, string, bigint, Meter]) =>
            replace({ text, old, by, limit }, meter),
        rewriteCost,
    ),
    define('string.split(string) list(string)', split, rewriteCost),
    define('string.split(string, int) list(string)', split, rewriteCost),
    define('string.substring(int) string', (text: string, start: bigint) => tail(text, start), textCost),
    define('string.substring(int, int) string', substring, textCost),
    define('string.trim() string', trim, textCost),
    define(
        'list(string).join() string',
        (list: List, meter: Meter) => join(list, '', meter),
        () => 0,
    ),
    define('list(string).join(string) string', join, () => 0),
    define('strings.quote(string) string', quote, textCost),
    define('string.format(list(dyn)) string', formatText, textCost),
];
