import { describe, expect, it } from '@jest/globals';
import type { V1Pod, V1PodSpec } from '../../../api/meta/object.ts';
import type { ContainerStatus } from '../runtime/runtime.ts';
import { generatePodStatus, type PodStatusInput } from './generate-pod-status.ts';

const identity = { name: 'p', namespace: 'n', uid: 'u' };
const sandbox = {
    id: 's',
    pod: identity,
    attempt: 0,
    state: 'ready' as const,
    createdAtMs: 1,
    labels: {},
    annotations: {},
    network: 'POD' as const,
};

function instance(name: string, overrides: Partial<ContainerStatus> = {}): ContainerStatus {
    return {
        id: `${name}-id`,
        name,
        sandboxId: 's',
        pod: identity,
        attempt: 0,
        state: 'running',
        createdAtMs: 1000,
        startedAtMs: 1000,
        finishedAtMs: 0,
        exitCode: 0,
        signal: 0,
        oomKilled: false,
        error: '',
        image: 'i',
        imageId: 'sha256:1',
        labels: {},
        annotations: {},
        pid: 1,
        mounts: [],
        ...overrides,
    };
}

function generate(
    spec: Partial<V1PodSpec>,
    containers: ContainerStatus[],
    overrides: Partial<PodStatusInput> = {},
) {
    const pod: V1Pod = { metadata: identity, spec: { containers: [{ name: 'a', image: 'i' }], ...spec } };
    return generatePodStatus({
        pod,
        state: { sandboxes: [sandbox], containers, ips: ['10.0.0.1'] },
        old: {},
        waiting: new Map(),
        messages: new Map(),
        readiness: { isReady: () => true, isStarted: () => true },
        runtimeName: 'docker',
        hostIps: ['192.168.0.1'],
        ended: undefined,
        terminated: false,
        nowMs: 5000,
        ...overrides,
    });
}

const ended = (exitCode: number) => ({ state: 'exited' as const, exitCode, finishedAtMs: 2000 });
const ready = (status: ReturnType<typeof generate>) =>
    status.conditions?.find(({ type }) => type === 'Ready');

describe('generatePodStatus', () => {
    it('shows a new pod as pending with containers being created', () => {
        const status = generate({}, []);
        expect(status.phase).toBe('Pending');
        expect(status.containerStatuses?.[0]?.state).toEqual({ waiting: { reason: 'ContainerCreating' } });
        expect(ready(status)).toMatchObject({
            status: 'False',
            reason: 'ContainersNotReady',
            message: 'containers with unready status: [a]',
        });
    });

    it('shows a running pod as ready, with addresses and ids', () => {
        const status = generate({}, [instance('a')]);
        expect(status).toMatchObject({
            phase: 'Running',
            podIP: '10.0.0.1',
            podIPs: [{ ip: '10.0.0.1' }],
            hostIP: '192.168.0.1',
            qosClass: 'BestEffort',
            startTime: '1970-01-01T00:00:05Z',
        });
        expect(status.containerStatuses?.[0]).toMatchObject({
            containerID: 'docker://a-id',
            ready: true,
            started: true,
            restartCount: 0,
            state: { running: { startedAt: '1970-01-01T00:00:01Z' } },
        });
        expect(ready(status)?.status).toBe('True');
    });

    it.each([
        ['Never', 0, 'Succeeded', 'Completed'],
        ['Never', 2, 'Failed', 'Error'],
        ['OnFailure', 0, 'Succeeded', 'Completed'],
        ['OnFailure', 2, 'Running', 'Error'],
        ['Always', 0, 'Running', 'Completed'],
    ])('with policy %s and exit code %i is %s (%s)', (restartPolicy, exitCode, phase, reason) => {
        const status = generate({ restartPolicy }, [instance('a', ended(exitCode))]);
        expect(status.phase).toBe(phase);
        expect(status.containerStatuses?.[0]?.state?.terminated?.reason).toBe(reason);
    });

    it('says OOMKilled when the kernel ended the container', () => {
        const status = generate({}, [instance('a', { ...ended(137), oomKilled: true })]);
        expect(status.containerStatuses?.[0]?.state?.terminated).toMatchObject({
            exitCode: 137,
            reason: 'OOMKilled',
        });
    });

    it('shows CrashLoopBackOff and moves the end to the last state', () => {
        const waiting = new Map([['a', { reason: 'CrashLoopBackOff', message: 'back-off 10s' }]]);
        const status = generate({}, [instance('a', { ...ended(1), attempt: 3 })], { waiting });
        expect(status.phase).toBe('Running');
        expect(status.containerStatuses?.[0]).toMatchObject({
            restartCount: 3,
            state: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 10s' } },
            lastState: { terminated: { exitCode: 1 } },
        });
    });

    it('stays pending while init containers run', () => {
        const status = generate({ initContainers: [{ name: 'i', image: 'i' }] }, [instance('i')]);
        expect(status.phase).toBe('Pending');
        expect(status.containerStatuses?.[0]?.state?.waiting?.reason).toBe('PodInitializing');
        expect(status.conditions?.find(({ type }) => type === 'Initialized')).toMatchObject({
            status: 'False',
            reason: 'ContainersNotInitialized',
            message: 'containers with incomplete status: [i]',
        });
    });

    it('fails a pod whose init container failed for good', () => {
        const spec = { restartPolicy: 'Never', initContainers: [{ name: 'i', image: 'i' }] };
        expect(generate(spec, [instance('i', ended(1))]).phase).toBe('Failed');
    });

    it('waits for readiness gates', () => {
        const spec = { readinessGates: [{ conditionType: 'example.com/up' }] };
        expect(ready(generate(spec, [instance('a')]))).toMatchObject({
            status: 'False',
            reason: 'ReadinessGatesNotReady',
        });
        const old = { conditions: [{ type: 'example.com/up', status: 'True' }] };
        const status = generate(spec, [instance('a')], { old });
        expect(ready(status)?.status).toBe('True');
        expect(status.conditions).toContainEqual(old.conditions[0]);
    });

    it('keeps a transition time while the status stays', () => {
        const first = generate({}, [instance('a')]);
        const second = generate({}, [instance('a')], { old: first, nowMs: 99_000 });
        expect(second).toEqual(first);
    });

    it('never leaves a terminal phase', () => {
        expect(generate({}, [instance('a')], { old: { phase: 'Failed' } }).phase).toBe('Failed');
    });

    it('fails an evicted pod with its reason', () => {
        const why = { reason: 'Evicted', message: 'The node was low on resource: memory.' };
        const status = generate({}, [instance('a', ended(137))], { ended: why, terminated: true });
        expect(status).toMatchObject({ phase: 'Failed', ...why });
    });
});
