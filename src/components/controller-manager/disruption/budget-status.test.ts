import { describe, expect, it } from '@jest/globals';
import type { Stored, V1Pod, V1PodDisruptionBudget } from '../../../api/meta/object.ts';
import { budgetTarget, disruptedPods, failedStatus, healthyPods, nextStatus } from './budget-status.ts';
import { staleInMs } from './stale-disruptions.ts';

const nowMs = Date.parse('2026-01-01T00:10:00Z');
const now = '2026-01-01T00:10:00Z';
const budget = (
    spec: V1PodDisruptionBudget['spec'],
    status?: V1PodDisruptionBudget['status'],
): Stored<V1PodDisruptionBudget> => ({
    metadata: { name: 'b', generation: 2 },
    ...(spec === undefined ? {} : { spec }),
    ...(status === undefined ? {} : { status }),
});
const pod = (name: string, ready = true, metadata: { deletionTimestamp?: string } = {}): Stored<V1Pod> => ({
    metadata: { name, ...metadata },
    status: { conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
});

describe('what a budget asks for', () => {
    it.each<[V1PodDisruptionBudget['spec'], { pods: number; scale: number }, [number, number]]>([
        [{ maxUnavailable: 1 }, { pods: 2, scale: 3 }, [3, 2]],
        [{ maxUnavailable: '34%' }, { pods: 3, scale: 3 }, [3, 1]],
        [{ maxUnavailable: 5 }, { pods: 3, scale: 3 }, [3, 0]],
        [{ minAvailable: 2 }, { pods: 4, scale: 0 }, [4, 2]],
        [{ minAvailable: '50%' }, { pods: 2, scale: 5 }, [5, 3]],
        [{}, { pods: 2, scale: 2 }, [0, 0]],
    ])('%j with %j', (spec, counts, [expectedPods, desiredHealthy]) => {
        expect(budgetTarget(budget(spec), counts)).toEqual({ expectedPods, desiredHealthy });
    });
});

describe('evicted pods', () => {
    it('count as gone for two minutes, then as healthy again', () => {
        const status = {
            disruptedPods: {
                fresh: '2026-01-01T00:09:00Z',
                old: '2026-01-01T00:05:00Z',
                going: '2026-01-01T00:09:30Z',
                unknown: '2026-01-01T00:09:30Z',
            },
        };
        const pods = [
            pod('fresh'),
            pod('old'),
            pod('going', true, { deletionTimestamp: now }),
            pod('unready', false),
            pod('well'),
        ];
        const disrupted = disruptedPods(budget({}, status), pods, nowMs);
        expect(disrupted.pods).toEqual({ fresh: '2026-01-01T00:09:00Z' });
        expect(disrupted.overdue.map(({ metadata }) => metadata.name)).toEqual(['old']);
        expect(disrupted.recheckMs).toBe(60_000);
        expect(healthyPods(pods, disrupted.pods)).toBe(2);
    });
});

describe('the status of a budget', () => {
    const counted = { expectedPods: 3, desiredHealthy: 2, currentHealthy: 3, disruptedPods: {} };

    it('is undefined when it is what the budget has', () => {
        const status = nextStatus(budget({}), counted, now)!;
        expect(status).toMatchObject({ disruptionsAllowed: 1, observedGeneration: 2 });
        expect(nextStatus(budget({}, status), counted, '2027-01-01T00:00:00Z')).toBeUndefined();
    });

    it.each([
        [{ ...counted, currentHealthy: 1 }, 0],
        [{ ...counted, expectedPods: 0, desiredHealthy: 0 }, 0],
        [{ ...counted, desiredHealthy: 0 }, 3],
    ])('of %j allows %i', (counts, allowed) => {
        expect(nextStatus(budget({}), counts, now)?.disruptionsAllowed).toBe(allowed);
    });

    it('allows nothing when it cannot be computed', () => {
        const before = nextStatus(budget({}), counted, now);
        const status = failedStatus(budget({}, before), 'no controller', now);
        expect(status).toMatchObject({
            disruptionsAllowed: 0,
            currentHealthy: 3,
            conditions: [
                {
                    type: 'DisruptionAllowed',
                    status: 'False',
                    reason: 'SyncFailed',
                    message: 'no controller',
                },
            ],
        });
    });
});

describe('a pod that was to be disrupted', () => {
    const marked = (reason: string, lastTransitionTime: string, phase = 'Running'): V1Pod => ({
        status: {
            phase,
            conditions: [{ type: 'DisruptionTarget', status: 'True', reason, lastTransitionTime }],
        },
    });
    it.each<[string, V1Pod, number | undefined]>([
        ['a minute ago', marked('EvictionByEvictionAPI', '2026-01-01T00:09:00Z'), 60_000],
        ['long ago', marked('EvictionByEvictionAPI', '2026-01-01T00:00:00Z'), 0],
        ['by its kubelet', marked('TerminationByKubelet', '2026-01-01T00:00:00Z'), undefined],
        ['and has ended', marked('EvictionByEvictionAPI', '2026-01-01T00:00:00Z', 'Failed'), undefined],
        ['never', { status: {} }, undefined],
    ])('%s', (_what, subject, expected) => {
        expect(staleInMs(subject, nowMs)).toBe(expected);
    });
});
