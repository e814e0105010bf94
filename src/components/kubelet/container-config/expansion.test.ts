import { describe, expect, it } from '@jest/globals';
import { expand } from './expansion.ts';

describe('expand', () => {
    const values: Record<string, string> = { A: '1', B: '$(A)' };
    it.each([
        ['$(A)', '1'],
        ['x-$(A)-y', 'x-1-y'],
        ['$$(A)', '$(A)'],
        ['$$$(A)', '$1'],
        ['$(MISSING)', '$(MISSING)'],
        ['$(B)', '$(A)'],
        ['$A ${A} $', '$A ${A} $'],
        ['$(A', '$(A'],
    ])('turns %j into %j', (text, expected) => {
        expect(expand(text, (name) => values[name])).toBe(expected);
    });
});
