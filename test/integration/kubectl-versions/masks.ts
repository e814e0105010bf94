import { stripVTControlCharacters } from 'node:util';

export interface Mask {
    pattern: RegExp;
    replacement: string;
}

/**
 * What is another in each run: times, ages, uids, revisions, generated names. Space behind an age depends on its
 * length, so it is evened out.
 */
const masks: readonly Mask[] = [
    { pattern: /^([EWI])\d{4} \d\d:\d\d:\d\d\.\d+ +\d+ /gm, replacement: '$1<time> ' },
    { pattern: /\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)/g, replacement: '<time>' },
    { pattern: /\b[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d [+-]\d{4}/g, replacement: '<time>' },
    { pattern: /\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{4} UTC/g, replacement: '<time>' },
    { pattern: /\b[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}\b/g, replacement: '<uid>' },
    { pattern: /(resourceVersion"?: ?)"\d+"/g, replacement: '$1"<rv>"' },
    { pattern: /(Resource Version: +)\d+/g, replacement: '$1<rv>' },
    // Names that controllers and the API server make: a hash of the template, five random characters.
    {
        pattern: /([-=])[bcdfghjklmnpqrstvwxz2456789]{8,10}-[bcdfghjklmnpqrstvwxz2456789]{5}(?![\w-])/g,
        replacement: '$1<hash>-<rand>',
    },
    { pattern: /([-=] ?)[bcdfghjklmnpqrstvwxz2456789]{8,10}(?![\w-])/g, replacement: '$1<hash>' },
    { pattern: /-[bcdfghjklmnpqrstvwxz2456789]{5}(?![\w-])/g, replacement: '-<rand>' },
    {
        pattern:
            /(?<=^| |\()(?<!for )(?:<unknown>|\d{1,3}s|\d+m\d+s|[2-9]m(?=$| {2}|\)))(?= {2,}|$|\)| \(x| ago)( {2,})?/gm,
        replacement: '<age>$1',
    },
    { pattern: /(<age>|\bAGE) {2,}/g, replacement: '$1   ' },
];

/** Text as it is compared: without colours, and with what differs between runs masked. */
export function mask(text: string, own: readonly Mask[]): string {
    return [...own, ...masks].reduce(
        (result, { pattern, replacement }) => result.replace(pattern, replacement),
        stripVTControlCharacters(text),
    );
}
