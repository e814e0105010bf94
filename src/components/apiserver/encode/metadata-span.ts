/**
 * Where an object's metadata stands in its stored bytes. `end` is behind its closing brace; the labels' value is
 * from `labelsStart` to `labelsEnd`, both 0 where there are none.
 */
export interface MetadataSpan {
    start: number;
    end: number;
    labelsStart: number;
    labelsEnd: number;
}

const [quote, comma, colon, backslash, openBrace, closeBrace] = [0x22, 0x2c, 0x3a, 0x5c, 0x7b, 0x7d];
const beforeKind = Buffer.from('{"kind":');
const beforeApiVersion = Buffer.from(',"apiVersion":');
const beforeMetadata = Buffer.from(',"metadata":');
const labelsKey = Buffer.from('labels');
const resourceVersionKey = Buffer.from('resourceVersion');

/**
 * Finds the metadata of an object as this server writes it: kind, apiVersion and metadata first, no space between
 * them, no resourceVersion within. Undefined for anything else, which is to be decoded instead.
 *
 *     {"kind":"Pod","apiVersion":"v1","metadata":{"name":"a","labels":{"b":"c"}},"spec":…
 *                                                ^start              ^      ^ ^end
 */
export function findMetadata(bytes: Buffer): MetadataSpan | undefined {
    const kindEnd = endOfText(bytes, after(bytes, 0, beforeKind));
    const versionEnd = endOfText(bytes, after(bytes, kindEnd, beforeApiVersion));
    const start = after(bytes, versionEnd, beforeMetadata);
    if (start < 0 || bytes[start] !== openBrace) return undefined;
    const span = { start, end: 0, labelsStart: 0, labelsEnd: 0 };
    let at = start;
    do {
        const keyStart = at + 1;
        const keyEnd = endOfKey(bytes, keyStart);
        if (keyEnd < 0 || bytes[keyEnd] !== colon) return undefined;
        at = endOfValue(bytes, keyEnd + 1);
        if (at < 0 || isKey(bytes, keyStart, keyEnd, resourceVersionKey)) return undefined;
        if (isKey(bytes, keyStart, keyEnd, labelsKey)) {
            span.labelsStart = keyEnd + 1;
            span.labelsEnd = at;
        }
    } while (bytes[at] === comma);
    if (bytes[at] !== closeBrace) return undefined;
    span.end = at + 1;
    return bytes[span.end] === comma || bytes[span.end] === closeBrace ? span : undefined;
}

/** Behind `expected`; -1 where something else is at `at`, or `at` is -1 already. */
function after(bytes: Buffer, at: number, expected: Buffer): number {
    if (at < 0) return -1;
    for (let i = 0; i < expected.length; i++) if (bytes[at + i] !== expected[i]) return -1;
    return at + expected.length;
}

/** Behind the string that begins at `at`, or -1. */
function endOfText(bytes: Buffer, at: number): number {
    if (at < 0 || bytes[at] !== quote) return -1;
    const { length } = bytes;
    for (let i = at + 1; i < length; i++) {
        switch (bytes[i] ?? 0) {
            case 0x22: // "
                return i + 1;
            case 0x5c: // \
                i++;
        }
    }
    return -1;
}

/** As `endOfText`, for the name of a member; -1 also where it is written in another way than it could be. */
function endOfKey(bytes: Buffer, at: number): number {
    const end = endOfText(bytes, at);
    for (let i = at; i < end; i++) if (bytes[i] === backslash) return -1;
    return end;
}

/** Whether the string from `start` to `end`, quotes included, is `key`. */
function isKey(bytes: Buffer, start: number, end: number, key: Buffer): boolean {
    return end - start === key.length + 2 && after(bytes, start + 1, key) === end - 1;
}

/** Behind the value that begins at `at`, or -1. Takes it for granted that brackets are in pairs. */
function endOfValue(bytes: Buffer, at: number): number {
    const { length } = bytes;
    let depth = 0;
    for (let i = at; i < length; i++) {
        switch (bytes[i] ?? 0) {
            case 0x22: // "
                i = endOfText(bytes, i) - 1;
                if (i < 0) return -1;
                if (depth === 0) return i + 1;
                break;
            case 0x7b: // {
            case 0x5b: // [
                depth++;
                break;
            case 0x7d: // }
            case 0x5d: // ]
                // The end of a number or literal, or of the metadata.
                if (depth === 0) return i === at ? -1 : i;
                if (--depth === 0) return i + 1;
                break;
            case 0x2c: // ,
                if (depth === 0) return i === at ? -1 : i;
                break;
            case 0x20: // spaces
            case 0x09:
            case 0x0a:
            case 0x0d:
                return -1;
        }
    }
    return -1;
}
