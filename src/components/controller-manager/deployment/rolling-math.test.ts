import { describe, expect, it } from '@jest/globals';
import type { IntOrString, Stored, V1Deployment } from '../../../api/meta/object.ts';
import { proportionalScaling } from './proportional-scaling.ts';
import { findActiveOrLatest, type ReplicaSet } from './replica-sets.ts';
import {
    maxScaledDown,
    maxSurge,
    maxUnavailable,
    newSetReplicas,
    rollingScaleDown,
    unhealthyScaleDown,
    type Scaling,
} from './rolling-math.ts';

function deployment(replicas: number, surge?: IntOrString, unavailable?: IntOrString): Stored<V1Deployment> {
    return {
        metadata: { name: 'web', namespace: 'shop' },
        spec: {
            replicas,
            selector: {},
            template: {},
            strategy: {
                type: 'RollingUpdate',
                rollingUpdate: { maxSurge: surge, maxUnavailable: unavailable },
            },
        },
    };
}

function set(name: string, replicas: number, options: { available?: number; max?: number } = {}): ReplicaSet {
    const { available = replicas, max } = options;
    return {
        metadata: {
            name,
            creationTimestamp: '2024-01-01T00:00:00Z',
            annotations: max === undefined ? {} : { 'deployment.kubernetes.io/max-replicas': String(max) },
        },
        spec: { replicas, selector: {} },
        status: { replicas, availableReplicas: available },
    };
}

const sizes = (steps: readonly Scaling[]): Record<string, number> =>
    Object.fromEntries(steps.map(({ set, replicas }) => [set.metadata.name, replicas]));

describe('bounds of a rolling update', () => {
    it.each([
        // replicas, maxSurge, maxUnavailable → surge, unavailable
        [10, undefined, undefined, 3, 2],
        [3, undefined, undefined, 1, 0],
        [1, '25%', '25%', 1, 0],
        [4, 0, 0, 0, 1],
        [4, 0, '1%', 0, 1],
        [2, 5, 5, 5, 2],
        [10, '100%', '0%', 10, 0],
        [0, 1, 1, 1, 0],
    ])('%i replicas with maxSurge %p and maxUnavailable %p', (replicas, surge, unavailable, s, u) => {
        const object = deployment(replicas, surge, unavailable);
        expect([maxSurge(object), maxUnavailable(object)]).toEqual([s, u]);
    });

    it('a replacement has neither', () => {
        const object = { ...deployment(4), spec: { ...deployment(4).spec!, strategy: { type: 'Recreate' } } };
        expect([maxSurge(object), maxUnavailable(object)]).toEqual([0, 0]);
    });
});

describe('scaling up the new set', () => {
    it.each([
        // replicas, surge, old, new → new
        [10, 0, 10, 0, 0],
        [10, 2, 10, 0, 2],
        [10, 2, 5, 2, 7],
        [10, 2, 10, 2, 2],
        [10, 30, 10, 0, 10],
        [3, 1, 0, 0, 3],
    ])('%i replicas, surge %i, %i old and %i new ones', (replicas, surge, old, current, next) => {
        const sets = [set('old', old), set('new', current)];
        expect(newSetReplicas(deployment(replicas, surge, 0), sets, current)).toBe(next);
    });
});

describe('scaling down old sets', () => {
    it.each([
        // replicas, unavailable, old, new, newAvailable → limit
        [10, 0, 10, 0, 0, 0],
        [10, 2, 10, 0, 0, 2],
        [10, 2, 8, 4, 0, 0],
        [10, 2, 10, 4, 4, 6],
        [10, 2, 10, 0, 0, 2],
    ])('%i replicas, %i may be unavailable, %i old, %i new of which %i available', (...row) => {
        const [replicas, unavailable, old, current, available, limit] = row;
        const object = deployment(replicas, 5, unavailable);
        expect(maxScaledDown(object, [set('old', old)], set('new', current, { available }))).toBe(limit);
    });

    it('removes what is not available first, the oldest set first', () => {
        const steps = unhealthyScaleDown([set('a', 4, { available: 2 }), set('b', 6, { available: 1 })], 4);
        expect(sizes(steps)).toEqual({ a: 2, b: 4 });
    });

    it('leaves as many available as must be', () => {
        const object = deployment(10, 0, 2);
        const steps = rollingScaleDown(object, [set('a', 3), set('b', 8)], set('new', 2));
        expect(sizes(steps)).toEqual({ a: 0, b: 6 });
        expect(rollingScaleDown(object, [set('a', 8)], set('new', 2, { available: 0 }))).toEqual([]);
    });
});

describe('proportional scaling', () => {
    it.each<[string, number, [number, number][], number[]]>([
        ['up in proportion', 20, [[10, 10]], [20]],
        [
            'up, shares equal',
            12,
            [
                [5, 10],
                [5, 10],
            ],
            [6, 6],
        ],
        [
            'up, the largest takes the rest',
            15,
            [
                [8, 13],
                [5, 13],
            ],
            [9, 6],
        ],
        [
            'down in proportion',
            5,
            [
                [8, 13],
                [5, 13],
            ],
            [3, 2],
        ],
        [
            'down to zero',
            0,
            [
                [8, 13],
                [5, 13],
            ],
            [0, 0],
        ],
        [
            'unchanged',
            13,
            [
                [8, 13],
                [5, 13],
            ],
            [8, 5],
        ],
    ])('%s', (_, replicas, before, after) => {
        const sets = before.map(([size, max], i) => set(`rs-${i}`, size, { max }));
        const steps = sizes(proportionalScaling(deployment(replicas, 0, 1), sets));
        expect(Object.values(steps).sort((a, b) => b - a)).toEqual(after);
    });

    it('always adds up to replicas plus surge', () => {
        for (let replicas = 1; replicas < 40; replicas++) {
            const sets = [7, 5, 3, 1].map((size, i) => set(`rs-${i}`, size, { max: 16 }));
            const steps = proportionalScaling(deployment(replicas, 3, 0), sets);
            expect(steps.reduce((sum, step) => sum + step.replicas, 0)).toBe(replicas + 3);
        }
    });
});

describe('the set that a scaling concerns', () => {
    it.each<[string, number | undefined, number[], string | undefined]>([
        ['the only active one', 0, [0, 3], 'old-1'],
        ['the new one when none is active', 0, [0, 0], 'new'],
        ['the youngest when there is no new one and none is active', undefined, [0, 0], 'old-1'],
        ['none of several active ones', 2, [0, 3], undefined],
    ])('is %s', (_, newReplicas, old, expected) => {
        const newSet = newReplicas === undefined ? undefined : set('new', newReplicas);
        const found = findActiveOrLatest(
            newSet,
            old.map((size, i) => set(`old-${i}`, size)),
        );
        expect(found?.metadata.name).toBe(expected);
    });
});
