import { describe, expect, it } from '@jest/globals';
import type { V1Container, V1Pod } from '../../../api/meta/object.ts';
import type { PodRuntimeState } from '../pod/pod-runtime-state.ts';
import type { ContainerStatus, PodSandbox } from '../runtime/runtime.ts';
import { computePodActions } from './compute-pod-actions.ts';
import { containerHash, hashAnnotation } from './container-hash.ts';
import type { ProbeVerdicts } from './pod-actions.ts';

const noProbes: ProbeVerdicts = { liveness: () => undefined, startup: () => undefined };
const identity = { name: 'p', namespace: 'n', uid: 'u' };

function makePod(spec: Partial<V1Pod['spec']> = {}): V1Pod {
    const containers = [
        { name: 'a', image: 'i' },
        { name: 'b', image: 'i' },
    ];
    return { metadata: { ...identity }, spec: { containers, ...spec } };
}

function sandbox(overrides: Partial<PodSandbox> = {}): PodSandbox {
    return {
        id: 's0',
        pod: identity,
        attempt: 0,
        state: 'ready',
        createdAtMs: 1,
        labels: {},
        annotations: {},
        network: 'POD',
        ...overrides,
    };
}

function instance(spec: V1Container, overrides: Partial<ContainerStatus> = {}): ContainerStatus {
    return {
        id: `${spec.name}0`,
        name: spec.name,
        sandboxId: 's0',
        pod: identity,
        attempt: 0,
        state: 'running',
        createdAtMs: 1,
        startedAtMs: 1,
        finishedAtMs: 0,
        exitCode: 0,
        signal: 0,
        oomKilled: false,
        error: '',
        image: 'i',
        imageId: 'sha256:1',
        labels: {},
        annotations: { [hashAnnotation]: containerHash(spec) },
        pid: 1,
        mounts: [],
        ...overrides,
    };
}

function stateOf(containers: ContainerStatus[], sandboxes = [sandbox()]): PodRuntimeState {
    return { sandboxes, containers, ips: ['10.0.0.1'] };
}

const a = { name: 'a', image: 'i' };
const b = { name: 'b', image: 'i' };
const init = { name: 'init', image: 'i' };
const init2 = { name: 'init2', image: 'i' };
const sidecar = { name: 'sidecar', image: 'i', restartPolicy: 'Always' };

describe('computePodActions', () => {
    it('creates sandbox and all containers for a new pod', () => {
        const actions = computePodActions(makePod(), stateOf([], []), noProbes);
        expect(actions).toMatchObject({ createSandbox: true, attempt: 0, start: [0, 1], startInit: [] });
    });

    it('does nothing when everything runs', () => {
        const actions = computePodActions(makePod(), stateOf([instance(a), instance(b)]), noProbes);
        expect(actions).toMatchObject({
            killPod: false,
            createSandbox: false,
            kill: [],
            start: [],
            startInit: [],
        });
    });

    it('begins with the first init container only', () => {
        const actions = computePodActions(
            makePod({ initContainers: [init, init2] }),
            stateOf([], []),
            noProbes,
        );
        expect(actions).toMatchObject({ createSandbox: true, startInit: [0], start: [] });
    });

    it('goes on with the next init container when one has succeeded, and with the rest after the last', () => {
        const pod = makePod({ initContainers: [init, init2] });
        const done = { state: 'exited', exitCode: 0 } as const;
        const first = computePodActions(pod, stateOf([instance(init, done)]), noProbes);
        expect(first).toMatchObject({ startInit: [1], start: [] });
        const last = computePodActions(pod, stateOf([instance(init2, done), instance(init, done)]), noProbes);
        expect(last).toMatchObject({ startInit: [], start: [0, 1] });
    });

    it('starts over with init containers in a new sandbox although they ran in the old one', () => {
        const pod = makePod({ initContainers: [init] });
        const old = instance(init, { state: 'exited', exitCode: 0, sandboxId: 'old' });
        const actions = computePodActions(pod, stateOf([old]), noProbes);
        expect(actions).toMatchObject({ startInit: [0], start: [] });
    });

    it('kills the pod when an init container failed and nothing may restart', () => {
        const pod = makePod({ initContainers: [init], restartPolicy: 'Never' });
        const actions = computePodActions(
            pod,
            stateOf([instance(init, { state: 'exited', exitCode: 1 })]),
            noProbes,
        );
        expect(actions).toMatchObject({ killPod: true, createSandbox: false, startInit: [] });
    });

    it('does not repeat a finished init container that the runtime has forgotten', () => {
        const pod = makePod({ initContainers: [init] });
        const actions = computePodActions(pod, stateOf([instance(a), instance(b)]), noProbes);
        expect(actions).toMatchObject({ startInit: [], start: [], killPod: false });
    });

    it('starts regular containers once the sidecar runs, and the sidecar again when it died', () => {
        const pod = makePod({ initContainers: [sidecar] });
        expect(computePodActions(pod, stateOf([instance(sidecar)]), noProbes)).toMatchObject({
            start: [0, 1],
        });
        const died = instance(sidecar, { state: 'exited', exitCode: 1 });
        const actions = computePodActions(pod, stateOf([died, instance(a), instance(b)]), noProbes);
        expect(actions).toMatchObject({ startInit: [0], start: [], killPod: false });
    });

    it('waits for the startup probe of a sidecar', () => {
        const probed = { ...sidecar, startupProbe: {} };
        const pod = makePod({ initContainers: [probed] });
        const state = stateOf([instance(probed)]);
        expect(computePodActions(pod, state, noProbes)).toMatchObject({ start: [], startInit: [] });
        const started = { ...noProbes, startup: () => true };
        expect(computePodActions(pod, state, started)).toMatchObject({ start: [0, 1] });
    });

    it('stops the sidecar once all regular containers are done', () => {
        const pod = makePod({ initContainers: [sidecar], restartPolicy: 'Never' });
        const done = { state: 'exited', exitCode: 0 } as const;
        const state = stateOf([instance(sidecar), instance(a, done), instance(b, done)]);
        expect(computePodActions(pod, state, noProbes)).toMatchObject({ killPod: true, startInit: [] });
    });

    it.each([
        ['Always', 0, [0]],
        ['Always', 1, [0]],
        ['OnFailure', 0, []],
        ['OnFailure', 1, [0]],
        ['Never', 1, []],
    ])('with policy %s and exit code %i restarts %j', (restartPolicy, exitCode, start) => {
        const state = stateOf([instance(a, { state: 'exited', exitCode }), instance(b)]);
        expect(computePodActions(makePod({ restartPolicy }), state, noProbes).start).toEqual(start);
    });

    it('kills and restarts a container whose image was changed', () => {
        const pod = makePod({ containers: [{ name: 'a', image: 'new' }, b] });
        const actions = computePodActions(pod, stateOf([instance(a), instance(b)]), noProbes);
        expect(actions.start).toEqual([0]);
        expect(actions.kill[0]?.message).toBe('Container a definition changed, will be restarted');
    });

    it('kills a container whose liveness probe failed', () => {
        const probes = { ...noProbes, liveness: (id: string) => id !== 'a0' };
        const actions = computePodActions(makePod(), stateOf([instance(a), instance(b)]), probes);
        expect(actions.kill[0]?.message).toBe('Container a failed liveness probe, will be restarted');
        expect(actions.start).toEqual([0]);
    });

    it('replaces a sandbox that is not ready', () => {
        const state = stateOf(
            [instance(a, { state: 'exited', exitCode: 137 })],
            [sandbox({ state: 'notReady' })],
        );
        const actions = computePodActions(makePod(), state, noProbes);
        expect(actions).toMatchObject({ killPod: true, createSandbox: true, attempt: 1, start: [0, 1] });
    });

    it('leaves a pod that must not restart alone when its sandbox died', () => {
        const state = stateOf(
            [instance(a, { state: 'exited', exitCode: 1 })],
            [sandbox({ state: 'notReady' })],
        );
        const actions = computePodActions(makePod({ restartPolicy: 'Never' }), state, noProbes);
        expect(actions).toMatchObject({ killPod: true, createSandbox: false, start: [] });
    });

    it('keeps a container of an older kubelet that has no hash', () => {
        const actions = computePodActions(
            makePod(),
            stateOf([instance(a, { annotations: {} }), instance(b)]),
            noProbes,
        );
        expect(actions.kill).toEqual([]);
    });
});
