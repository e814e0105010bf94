import { describe, expect, it } from '@jest/globals';
import type { Stored, V1Node, V1Pod } from '../../../api/meta/object.ts';
import { podVerdict, surplusTerminated, type PodVerdict } from './pod-verdict.ts';

const pod = (nodeName: string | undefined, deleted = false): Stored<V1Pod> => ({
    metadata: { name: 'p', ...(deleted ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}) },
    spec: { containers: [], ...(nodeName === undefined ? {} : { nodeName }) },
});
const node = (ready: string, taints: string[] = []): V1Node => ({
    spec: { taints: taints.map((key) => ({ key, effect: 'NoExecute' })) },
    status: { conditions: [{ type: 'Ready', status: ready }] },
});
const outOfService = 'node.kubernetes.io/out-of-service';

describe('a pod', () => {
    it.each<[string, Stored<V1Pod>, V1Node | undefined, PodVerdict]>([
        ['waiting for a node', pod(undefined), undefined, 'keep'],
        ['deleted before it had one', pod(undefined, true), undefined, 'unscheduled'],
        ['on a node that is not there', pod('n'), undefined, 'orphaned'],
        ['on a node', pod('n'), node('True'), 'keep'],
        [
            'deleted, on a node that is shut down',
            pod('n', true),
            node('Unknown', [outOfService]),
            'out-of-service',
        ],
        ['on a node that is shut down', pod('n'), node('Unknown', [outOfService]), 'keep'],
        ['deleted, on a node that is ready after all', pod('n', true), node('True', [outOfService]), 'keep'],
    ])('%s', (_what, subject, its, verdict) => {
        expect(podVerdict(subject, its)).toBe(verdict);
    });
});

describe('terminated pods above the threshold', () => {
    it('go evicted ones first, then the oldest', () => {
        const ended = (name: string, minute: number, reason?: string): Stored<V1Pod> => ({
            metadata: { name, creationTimestamp: `2026-01-01T00:0${minute}:00Z` },
            status: { phase: 'Failed', ...(reason === undefined ? {} : { reason }) },
        });
        const running: Stored<V1Pod> = { metadata: { name: 'r' }, status: { phase: 'Running' } };
        const pods = [running, ended('young', 3), ended('old', 1), ended('evicted', 2, 'Evicted')];
        expect(surplusTerminated(pods, 1).map(({ metadata }) => metadata.name)).toEqual(['evicted', 'old']);
        expect(surplusTerminated(pods, 3)).toEqual([]);
    });
});
