import { describe, expect, it } from '@jest/globals';
import type { V1StatefulSet } from '../../../api/meta/object.ts';
import { claimNameOf, isMember, isWanted, ordinalOf, parsePodName } from './ordinals.ts';

const set = (replicas: number, start?: number): V1StatefulSet => ({
    metadata: { name: 'web' },
    spec: {
        replicas,
        selector: {},
        template: {},
        ...(start === undefined ? {} : { ordinals: { start } }),
    },
});

describe('ordinals', () => {
    it.each([
        ['web-0', { parent: 'web', ordinal: 0 }],
        ['web-1-23', { parent: 'web-1', ordinal: 23 }],
        ['web', undefined],
        ['web-x', undefined],
        ['web-99999999999', undefined],
    ])('of %s', (name, expected) => {
        expect(parsePodName(name)).toEqual(expected);
    });

    it('are -1 for pods of other names', () => {
        expect(ordinalOf({ metadata: { name: 'other' } })).toBe(-1);
    });

    it.each([
        [set(3), 0, true],
        [set(3), 2, true],
        [set(3), 3, false],
        [set(2, 5), 4, false],
        [set(2, 5), 6, true],
        [set(2, 5), 7, false],
    ])('belong to the set or not', (owner, ordinal, expected) => {
        expect(isWanted(owner, ordinal)).toBe(expected);
    });

    it('make names of pods and claims', () => {
        expect(isMember(set(1), { metadata: { name: 'web-7' } })).toBe(true);
        expect(isMember(set(1), { metadata: { name: 'web-a-7' } })).toBe(false);
        expect(claimNameOf(set(1), 'data', 2)).toBe('data-web-2');
    });
});
