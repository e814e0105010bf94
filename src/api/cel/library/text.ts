import { EvaluationError, type Value, sizeOf } from '../values.ts';

/** Texts by code points, which are the characters of the language. */

const surrogates = /[\ud800-\udfff]/;

export function isPlain(text: string): boolean {
    return !surrogates.test(text);
}

/** Every code point as a text of its own. */
export function characters(text: string): string[] {
    return Array.from(text);
}

export function codePoints(text: string): bigint {
    if (isPlain(text)) return BigInt(text.length);
    let count = 0;
    for (const _ of text) count++;
    return BigInt(count);
}

/** What walking a text costs. */
export function textCost(text: Value): number {
    return Math.ceil(sizeOf(text) / 10);
}

/** What walking a text and making another one of it costs. */
export function rewriteCost(text: Value): number {
    return Math.ceil((sizeOf(text) * 2) / 10);
}

export function outOfRange(index: bigint): EvaluationError {
    return new EvaluationError(`index out of range: ${index}`);
}
