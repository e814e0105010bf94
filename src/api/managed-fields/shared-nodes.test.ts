import { describe, expect, it } from '@jest/globals';
import { knownChars, sharedNode, type Child, emptySet } from './shared-nodes.ts';

const childrenOf = (names: readonly string[]): Child[] => names.map((name) => [`f:${name}`, emptySet]);

describe('nodes of sets of fields', () => {
    it('that are equal are one object', () => {
        expect(sharedNode(false, childrenOf(['a', 'b']))).toBe(sharedNode(false, childrenOf(['a', 'b'])));
        expect(sharedNode(true, childrenOf(['a', 'b']))).not.toBe(sharedNode(false, childrenOf(['a', 'b'])));
    });

    it('that are large are not kept, and those that are kept are bounded by their size too', () => {
        const large = Array.from({ length: 1_000 }, (_, index) => `large-${index}`);
        const before = knownChars();
        const first = sharedNode(false, childrenOf(large));
        const second = sharedNode(false, childrenOf(large));
        expect(second).toEqual(first);
        expect(second).not.toBe(first);
        expect(knownChars()).toBe(before);
        for (let index = 0; index < 3_000; index++)
            sharedNode(false, childrenOf([`${index}-${'x'.repeat(4_000)}`]));
        expect(knownChars()).toBeLessThan(2 * 520 * 1024);
    });
});
