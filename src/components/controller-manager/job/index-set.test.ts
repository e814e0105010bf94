import { describe, expect, it } from '@jest/globals';
import { IndexSet } from './index-set.ts';

describe('index sets', () => {
    it.each([
        ['', 5, '', 0],
        ['1,3-5,7', 10, '1,3-5,7', 5],
        ['0,1', 10, '0,1', 2],
        ['0-2', 10, '0-2', 3],
        ['3,1,2', 10, '1-3', 3],
        ['1-5', 3, '1,2', 2],
        ['7', 3, '', 0],
        ['x,2', 3, '2', 1],
    ])('read "%s" below %i as "%s"', (text, completions, expected, size) => {
        const set = IndexSet.parse(text, completions);
        expect(String(set)).toBe(expected);
        expect(set.size).toBe(size);
    });

    it('grow by joining runs', () => {
        const set = IndexSet.parse('0-2,6', 10).union(IndexSet.of([3, 5, 5]));
        expect(String(set)).toBe('0-3,5,6');
        expect([3, 4, 5].map((index) => set.has(index))).toEqual([true, false, true]);
    });

    it.each([
        ['1,3-5', 3, 8, [0, 2, 6]],
        ['0-2', 5, 5, [3, 4]],
        ['', 2, 5, [0, 1]],
        ['0-9', 2, 5, []],
    ])('know what is missing in "%s"', (text, count, end, expected) => {
        expect(IndexSet.parse(text, 100).firstMissing(count, end)).toEqual(expected);
    });

    it('count what two have in common', () => {
        expect(IndexSet.parse('0-4,8', 10).sharedWith(IndexSet.parse('3-8', 10))).toBe(3);
    });
});
