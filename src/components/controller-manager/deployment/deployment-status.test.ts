import { describe, expect, it } from '@jest/globals';
import { getCondition } from '../../../api/meta/conditions.ts';
import type { Stored, V1Deployment, V1DeploymentStatus } from '../../../api/meta/object.ts';
import { deadlineCheckMs, isComplete, rolloutStatus } from './deployment-status.ts';
import type { ReplicaSet } from './replica-sets.ts';

const startMs = Date.parse('2024-01-01T00:00:00Z');

function deployment(status?: V1DeploymentStatus, deadline = 600): Stored<V1Deployment> {
    return {
        metadata: { name: 'web', namespace: 'shop', generation: 2 },
        spec: { replicas: 3, progressDeadlineSeconds: deadline, selector: {}, template: {} },
        ...(status === undefined ? {} : { status }),
    };
}

function set(name: string, replicas: number, available: number): ReplicaSet {
    return {
        metadata: { name },
        spec: { replicas, selector: {} },
        status: { replicas, readyReplicas: available, availableReplicas: available },
    };
}

function statusAfter(object: Stored<V1Deployment>, newSet: ReplicaSet, nowMs = startMs): V1DeploymentStatus {
    return rolloutStatus(object, { all: [newSet], newSet, nowMs });
}

const progressing = (status: V1DeploymentStatus): object | undefined =>
    getCondition(status.conditions, 'Progressing');

describe('the status of a rollout', () => {
    it('says that it progresses, and that the minimum is not available, while pods come up', () => {
        const status = statusAfter(deployment(), set('web-1', 3, 1));
        expect(status).toMatchObject({
            observedGeneration: 2,
            replicas: 3,
            updatedReplicas: 3,
            readyReplicas: 1,
            availableReplicas: 1,
            unavailableReplicas: 2,
        });
        expect(progressing(status)).toMatchObject({
            status: 'True',
            reason: 'ReplicaSetUpdated',
            message: 'ReplicaSet "web-1" is progressing.',
        });
        expect(getCondition(status.conditions, 'Available')).toMatchObject({
            status: 'False',
            reason: 'MinimumReplicasUnavailable',
            message: 'Deployment does not have minimum availability.',
        });
    });

    it('says that it succeeded when all are available, and then stays as it is', () => {
        const before = statusAfter(deployment(), set('web-1', 3, 1));
        const after = statusAfter(deployment(before), set('web-1', 3, 3), startMs + 5000);
        expect(isComplete(deployment(), after)).toBe(true);
        expect(progressing(after)).toEqual({
            type: 'Progressing',
            status: 'True',
            reason: 'NewReplicaSetAvailable',
            message: 'ReplicaSet "web-1" has successfully progressed.',
            lastUpdateTime: '2024-01-01T00:00:05Z',
            lastTransitionTime: '2024-01-01T00:00:00Z',
        });
        expect(getCondition(after.conditions, 'Available')).toMatchObject({
            status: 'True',
            message: 'Deployment has minimum availability.',
        });
        const broken = statusAfter(deployment(after), set('web-1', 3, 2), startMs + 9000);
        expect(progressing(broken)).toEqual(progressing(after));
    });

    it('times out when nothing moved for longer than the deadline', () => {
        const before = statusAfter(deployment(), set('web-1', 3, 1));
        const waiting = statusAfter(deployment(before), set('web-1', 3, 1), startMs + 600_000);
        expect(progressing(waiting)).toEqual(progressing(before));
        expect(deadlineCheckMs(deployment(), waiting, startMs + 590_000)).toBe(11_000);
        const late = statusAfter(deployment(before), set('web-1', 3, 1), startMs + 601_000);
        expect(progressing(late)).toMatchObject({
            status: 'False',
            reason: 'ProgressDeadlineExceeded',
            message: 'ReplicaSet "web-1" has timed out progressing.',
        });
        expect(deadlineCheckMs(deployment(), late, startMs)).toBeUndefined();
    });

    it('has no condition Progressing without a deadline', () => {
        const status = statusAfter(deployment(undefined, 2 ** 31 - 1), set('web-1', 3, 1));
        expect(progressing(status)).toBeUndefined();
        expect(deadlineCheckMs(deployment(undefined, 2 ** 31 - 1), status, startMs)).toBeUndefined();
    });

    it("shows the new set's failure to create pods, and drops it when it is over", () => {
        const failing = set('web-1', 3, 0);
        const failure = { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: 'quota' };
        failing.status = { ...failing.status!, conditions: [failure] };
        const status = statusAfter(deployment(), failing);
        expect(getCondition(status.conditions, 'ReplicaFailure')).toMatchObject(failure);
        const healed = statusAfter(deployment(status), set('web-1', 3, 0));
        expect(getCondition(healed.conditions, 'ReplicaFailure')).toBeUndefined();
    });
});
