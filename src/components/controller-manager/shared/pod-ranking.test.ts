import { describe, expect, it } from '@jest/globals';
import type { V1Pod } from '../../../api/meta/object.ts';
import { podsToDelete } from './pod-ranking.ts';

const nowMs = Date.parse('2024-01-01T12:00:00Z');

interface Shape {
    node?: string;
    phase?: string;
    readyForS?: number;
    ageS?: number;
    cost?: string;
    restarts?: number;
}

function pod(uid: string, shape: Shape = {}): V1Pod {
    const { node = 'n', phase = 'Running', readyForS, ageS = 3600, cost, restarts = 0 } = shape;
    const before = (seconds: number): string => new Date(nowMs - seconds * 1000).toISOString();
    return {
        metadata: {
            name: uid,
            uid,
            creationTimestamp: before(ageS),
            ...(cost === undefined
                ? {}
                : { annotations: { 'controller.kubernetes.io/pod-deletion-cost': cost } }),
        },
        spec: { containers: [], nodeName: node },
        status: {
            phase,
            ...(readyForS === undefined
                ? {}
                : { conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: before(readyForS) }] }),
            containerStatuses: [{ name: 'c', image: '', imageID: '', ready: true, restartCount: restarts }],
        },
    };
}

describe('the pod that is deleted first', () => {
    it.each<[string, Shape, Shape]>([
        ['is not assigned to a node', { node: '' }, { phase: 'Pending' }],
        ['is pending', { phase: 'Pending' }, { phase: 'Unknown' }],
        ['is unknown', { phase: 'Unknown' }, {}],
        ['is not ready', {}, { readyForS: 10, cost: '-5' }],
        ['has the lower deletion cost', { readyForS: 1000, cost: '-1' }, { readyForS: 10 }],
        ['has no valid deletion cost', { readyForS: 1000, cost: '007' }, { readyForS: 10, cost: '1' }],
        ['has been ready for less time', { readyForS: 10 }, { readyForS: 1000, restarts: 9 }],
        ['has restarted more often', { restarts: 2 }, { restarts: 1, ageS: 1 }],
        ['is younger', { ageS: 10 }, { ageS: 100_000 }],
        ['has the lower uid, when ages are of one magnitude', { ageS: 3600 }, { ageS: 3601 }],
    ])('%s', (_, first, second) => {
        const [a, b] = [pod('a', first), pod('b', second)];
        for (const pods of [
            [a, b],
            [b, a],
        ]) {
            expect(podsToDelete(pods, { count: 1, related: pods, nowMs })).toEqual([a]);
        }
    });

    it('shares its node with more related pods', () => {
        const [a, b] = [pod('a', { node: 'x' }), pod('b', { node: 'y' })];
        const other = pod('c', { node: 'y' });
        expect(podsToDelete([a, b], { count: 1, related: [a, b, other], nowMs })).toEqual([b]);
    });
});
