import { describe, expect, it } from '@jest/globals';
import type { V1Pod, V1PodStatus } from '../../../meta/object.ts';
import { examplePod, rowOf, strategyOf } from '../../testing.ts';

const pods = strategyOf('pods');
const now = Date.parse('2026-01-02T00:00:00Z');

function row(
    status: V1PodStatus,
    change: (pod: V1Pod & { spec: NonNullable<V1Pod['spec']> }) => void = () => undefined,
) {
    const pod = examplePod(change);
    pod.metadata = { ...pod.metadata, creationTimestamp: '2026-01-01T23:50:00Z' };
    return rowOf(pods, { ...pod, status } as V1Pod, now);
}
const base = { image: '', imageID: '', restartCount: 0, ready: false, name: 'web' };

describe('a line of kubectl get pods', () => {
    it('shows a running pod', () => {
        const cells = row({
            phase: 'Running',
            podIPs: [{ ip: '10.0.0.5' }],
            containerStatuses: [{ ...base, ready: true, state: { running: {} } }],
        });
        expect(cells).toEqual({
            Name: 'web',
            Ready: '1/1',
            Status: 'Running',
            Restarts: '0',
            Age: '10m',
            IP: '10.0.0.5',
            Node: '<none>',
            'Nominated Node': '<none>',
            'Readiness Gates': '<none>',
        });
    });

    it.each<[string, V1PodStatus, string]>([
        ['Pending', { phase: 'Pending' }, 'Pending'],
        [
            'CrashLoopBackOff',
            {
                phase: 'Running',
                containerStatuses: [{ ...base, state: { waiting: { reason: 'CrashLoopBackOff' } } }],
            },
            'CrashLoopBackOff',
        ],
        [
            'Completed',
            {
                phase: 'Succeeded',
                containerStatuses: [{ ...base, state: { terminated: { exitCode: 0, reason: 'Completed' } } }],
            },
            'Completed',
        ],
        [
            'an exit code without reason',
            { phase: 'Failed', containerStatuses: [{ ...base, state: { terminated: { exitCode: 3 } } }] },
            'ExitCode:3',
        ],
        [
            'a signal',
            {
                phase: 'Failed',
                containerStatuses: [{ ...base, state: { terminated: { exitCode: 137, signal: 9 } } }],
            },
            'Signal:9',
        ],
        ['eviction', { phase: 'Failed', reason: 'Evicted' }, 'Evicted'],
        [
            'scheduling gates',
            {
                phase: 'Pending',
                conditions: [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }],
            },
            'SchedulingGated',
        ],
    ])('says %s', (_name, status, expected) => {
        expect(row(status)['Status']).toBe(expected);
    });

    it.each<[string, NonNullable<V1PodStatus['initContainerStatuses']>[number]['state'], string]>([
        ['is running', { running: {} }, 'Init:0/2'],
        ['cannot be pulled', { waiting: { reason: 'ErrImagePull' } }, 'Init:ErrImagePull'],
        ['has failed', { terminated: { exitCode: 1, reason: 'Error' } }, 'Init:Error'],
    ])('says so when an init container %s', (_name, state, expected) => {
        const cells = row(
            { phase: 'Pending', initContainerStatuses: [{ ...base, name: 'i', state }] },
            (pod) => {
                pod.spec.initContainers = [{ name: 'i' }, { name: 'j' }];
            },
        );
        expect(cells['Status']).toBe(expected);
    });

    it('counts a started sidecar as ready', () => {
        const cells = row(
            {
                phase: 'Running',
                initContainerStatuses: [
                    { ...base, name: 's', ready: true, started: true, state: { running: {} } },
                ],
                containerStatuses: [{ ...base, ready: true, state: { running: {} } }],
            },
            (pod) => (pod.spec.initContainers = [{ name: 's', restartPolicy: 'Always' }]),
        );
        expect(cells['Ready']).toBe('2/2');
        expect(cells['Status']).toBe('Running');
    });

    it('tells when the last restart was', () => {
        const lastState = { terminated: { exitCode: 1, finishedAt: '2026-01-01T23:55:00Z' } };
        const cells = row({
            phase: 'Running',
            containerStatuses: [{ ...base, ready: true, restartCount: 3, state: { running: {} }, lastState }],
        });
        expect(cells['Restarts']).toBe('3 (5m ago)');
    });

    it('says Terminating while it is being deleted', () => {
        const cells = row(
            { phase: 'Running' },
            (pod) => (pod.metadata!.deletionTimestamp = '2026-01-01T23:59:00Z'),
        );
        expect(cells['Status']).toBe('Terminating');
    });
});
