import { expect, it } from '@jest/globals';
import { durationText } from './duration-text.ts';

it.each([
    [0, '0s'],
    [0.012, '12µs'],
    [531.25, '531.25ms'],
    [1500, '1.5s'],
    [62_500, '1m2.5s'],
    [3_600_000, '1h0m0s'],
])('prints %d ms as %s', (ms, text) => {
    expect(durationText(ms)).toBe(text);
});
