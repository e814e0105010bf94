import type {
    V1Container,
    V1ContainerState,
    V1ContainerStateTerminated,
    V1ContainerStatus,
    V1Pod,
} from '../../../api/meta/object.ts';
import { rfc3339 } from '../../../util/clock.ts';
import { initContainersOf, isRestartableInit } from '../pod/pod.ts';
import { latestContainer, type PodRuntimeState } from '../pod/pod-runtime-state.ts';
import { shouldBeRestarted } from '../pod/restart-policy.ts';
import type { ContainerStatus } from '../runtime/runtime.ts';

/** Why a container was not started by the last sync. */
export interface WaitingReason {
    reason: string;
    message: string;
}

export interface ContainerStatusInput {
    pod: V1Pod;
    state: PodRuntimeState;
    /** What the API server last heard: keeps what the runtime has forgotten. */
    old: readonly V1ContainerStatus[];
    waiting: ReadonlyMap<string, WaitingReason>;
    /** Termination message by container id. */
    messages: ReadonlyMap<string, string>;
    /** "docker": the scheme of container ids. */
    runtimeName: string;
    kind: 'init' | 'regular' | 'ephemeral';
}

const unknownExitCode = 137;

/** The statuses of one list of containers (upstream: convertToAPIContainerStatuses). Readiness comes later. */
export function containerStatuses(
    containers: readonly V1Container[],
    input: ContainerStatusInput,
): V1ContainerStatus[] {
    return containers.map((container) => withWaitingReason(container, oneStatus(container, input), input));
}

function oneStatus(container: V1Container, input: ContainerStatusInput): V1ContainerStatus {
    const instances = input.state.containers.filter(({ name }) => name === container.name);
    const [current, previous] = instances;
    const old = input.old.find(({ name }) => name === container.name);
    if (current === undefined) return forgotten(container, old, input);
    const status: V1ContainerStatus = {
        name: container.name,
        image: current.image,
        imageID: current.imageId,
        containerID: containerId(current, input),
        ready: false,
        restartCount: current.attempt,
        state: kept(stateOf(current, input), old?.state),
        lastState: previous === undefined ? (old?.lastState ?? {}) : stateOf(previous, input),
        ...resourcesOf(container),
    };
    if (status.lastState?.terminated === undefined) status.lastState = {};
    return status;
}

function resourcesOf({ resources }: V1Container): Partial<V1ContainerStatus> {
    if (resources === undefined || Object.keys(resources).length === 0) return {};
    return {
        resources,
        ...(resources.requests === undefined ? {} : { allocatedResources: resources.requests }),
    };
}

function containerId({ id }: ContainerStatus, { runtimeName }: ContainerStatusInput): string {
    return `${runtimeName}://${id}`;
}

function defaultWaiting({ pod, kind }: ContainerStatusInput): V1ContainerState {
    const hasInit = initContainersOf(pod).length > 0;
    const reason = hasInit && kind !== 'ephemeral' ? 'PodInitializing' : 'ContainerCreating';
    return { waiting: { reason } };
}

/** The runtime has nothing of it: not started yet, or removed behind our back. */
function forgotten(
    container: V1Container,
    old: V1ContainerStatus | undefined,
    input: ContainerStatusInput,
): V1ContainerStatus {
    if (old?.state?.terminated !== undefined) return { ...old, ready: false };
    const status: V1ContainerStatus = {
        name: container.name,
        image: container.image ?? '',
        imageID: '',
        ready: false,
        restartCount: old?.restartCount ?? 0,
        state: defaultWaiting(input),
        lastState: old?.lastState ?? {},
    };
    if (old?.state?.running === undefined) return status;
    const lost: V1ContainerStateTerminated = {
        reason: 'ContainerStatusUnknown',
        message: 'The container could not be located when the pod was terminated',
        exitCode: unknownExitCode,
    };
    if (input.pod.metadata?.deletionTimestamp !== undefined)
        return { ...status, state: { terminated: lost } };
    return { ...status, lastState: { terminated: lost } };
}

function stateOf(container: ContainerStatus, input: ContainerStatusInput): V1ContainerState {
    switch (container.state) {
        case 'running':
            return { running: { startedAt: rfc3339(container.startedAtMs) } };
        case 'exited':
            return { terminated: terminated(container, input) };
        case 'created':
            return container.error === ''
                ? defaultWaiting(input)
                : { terminated: terminated(container, input) };
        case 'unknown':
            return { waiting: { reason: 'ContainerStatusUnknown' } };
    }
}

function terminated(container: ContainerStatus, input: ContainerStatusInput): V1ContainerStateTerminated {
    const message = input.messages.get(container.id) ?? container.error;
    const exitCode = container.exitCode === 0 && container.error !== '' ? 128 : container.exitCode;
    return {
        exitCode,
        ...(container.signal > 0 ? { signal: container.signal } : {}),
        reason: terminationReason(container),
        ...(message === '' ? {} : { message }),
        startedAt: container.startedAtMs > 0 ? rfc3339(container.startedAtMs) : '1970-01-01T00:00:00Z',
        finishedAt: rfc3339(container.finishedAtMs > 0 ? container.finishedAtMs : container.createdAtMs),
        containerID: containerId(container, input),
    };
}

function terminationReason({ oomKilled, error, exitCode }: ContainerStatus): string {
    if (oomKilled) return 'OOMKilled';
    if (error !== '') return 'ContainerCannotRun';
    return exitCode === 0 ? 'Completed' : 'Error';
}

/** How a container ended does not change any more; its message may be gone from the disk since. */
function kept(state: V1ContainerState, old: V1ContainerState | undefined): V1ContainerState {
    const same =
        old?.terminated?.containerID !== undefined &&
        old.terminated.containerID === state.terminated?.containerID;
    return same ? old : state;
}

/** A container that the next sync will start again is waiting; how it ended moves to its last state. */
function withWaitingReason(
    container: V1Container,
    status: V1ContainerStatus,
    { pod, state, waiting, kind }: ContainerStatusInput,
): V1ContainerStatus {
    const reason = waiting.get(container.name);
    if (reason === undefined || kind === 'ephemeral') return status;
    const instance = latestContainer(state, container.name);
    const done = kind === 'init' && instance?.exitCode === 0 && instance.state === 'exited';
    if ((done && !isRestartableInit(container)) || !shouldBeRestarted(pod, container, instance))
        return status;
    return {
        ...status,
        state: { waiting: { reason: reason.reason, message: reason.message } },
        ...(status.state?.terminated === undefined ? {} : { lastState: status.state }),
    };
}
