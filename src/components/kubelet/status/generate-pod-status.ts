import type { V1Container, V1ContainerStatus, V1Pod, V1PodStatus } from '../../../api/meta/object.ts';
import { rfc3339 } from '../../../util/clock.ts';
import {
    containersOf,
    ephemeralContainersOf,
    initContainersOf,
    isHostNetwork,
    isRestartableInit,
    isTerminalPhase,
} from '../pod/pod.ts';
import { readySandbox, type PodRuntimeState } from '../pod/pod-runtime-state.ts';
import { qosClassOf } from '../pod/qos.ts';
import { containerStatuses, type ContainerStatusInput, type WaitingReason } from './container-statuses.ts';
import { kubeletConditionTypes, podConditions } from './pod-conditions.ts';
import { podPhase, type PodPhase } from './pod-phase.ts';

/** What probes say about a running container. */
export interface Readiness {
    isStarted(container: V1Container, containerId: string): boolean;
    isReady(container: V1Container, containerId: string): boolean;
}

export interface PodStatusInput {
    pod: V1Pod;
    state: PodRuntimeState;
    /** The newest status: the kubelet's own where it has one, else the API server's. */
    old: V1PodStatus;
    waiting: ReadonlyMap<string, WaitingReason>;
    messages: ReadonlyMap<string, string>;
    readiness: Readiness;
    runtimeName: string;
    hostIps: readonly string[];
    /** The kubelet ended the pod: evicted, rejected, or past its deadline. */
    ended: { reason: string; message: string } | undefined;
    /** The pod's containers have been stopped for good. */
    terminated: boolean;
    nowMs: number;
}

/** The whole status of a pod from its spec and from what the runtime has. Pure. */
export function generatePodStatus(input: PodStatusInput): V1PodStatus {
    const { pod, state, old, nowMs } = input;
    const init = listStatuses('init', input);
    const regular = listStatuses('regular', input);
    const ephemeral = listStatuses('ephemeral', input);
    const phase = phaseOf(input, init, regular);
    const now = rfc3339(nowMs);
    const sandbox = readySandbox(state);
    const sandboxReady = sandbox !== undefined && (isHostNetwork(pod) || state.ips.length > 0);
    const own = podConditions(pod, { init, regular, phase, sandboxReady, old: old.conditions ?? [] }, now);
    const foreign = (old.conditions ?? []).filter(({ type }) => !kubeletConditionTypes.includes(type));
    const generation = pod.metadata?.generation;
    return {
        ...(generation === undefined ? {} : { observedGeneration: generation }),
        phase,
        ...reasonOf(input),
        ...(old.nominatedNodeName === undefined ? {} : { nominatedNodeName: old.nominatedNodeName }),
        conditions: [...own, ...foreign],
        ...addresses(input, phase),
        startTime: old.startTime ?? now,
        qosClass: qosClassOf(pod),
        ...(init.length === 0 ? {} : { initContainerStatuses: init }),
        containerStatuses: regular.sort((a, b) => (a.name < b.name ? -1 : 1)),
        ...(ephemeral.length === 0 ? {} : { ephemeralContainerStatuses: ephemeral }),
    };
}

function phaseOf(
    { pod, old, ended, terminated }: PodStatusInput,
    init: readonly V1ContainerStatus[],
    regular: readonly V1ContainerStatus[],
): PodPhase {
    if (old.phase === 'Succeeded' || old.phase === 'Failed') return old.phase;
    if (ended !== undefined && terminated) return 'Failed';
    const podIsTerminal = ended !== undefined || terminated;
    const phase = podPhase(pod, { init, regular, podIsTerminal });
    if (!terminated || isTerminalPhase(phase)) return phase;
    // Nothing runs any more and nothing will: a pod that never got that far has failed.
    return 'Failed';
}

function reasonOf({ ended, old }: PodStatusInput): V1PodStatus {
    if (ended !== undefined) return { reason: ended.reason, message: ended.message };
    return {
        ...(old.reason === undefined ? {} : { reason: old.reason }),
        ...(old.message === undefined ? {} : { message: old.message }),
    };
}

function addresses({ pod, state, old, hostIps }: PodStatusInput, phase: PodPhase): V1PodStatus {
    const host =
        hostIps[0] === undefined ? {} : { hostIP: hostIps[0], hostIPs: hostIps.map((ip) => ({ ip })) };
    let ips = isHostNetwork(pod) ? hostIps : state.ips;
    // Known addresses stay in the status of a pod whose sandbox is gone.
    if (ips.length === 0 && isTerminalPhase(phase)) ips = (old.podIPs ?? []).map(({ ip }) => ip);
    if (isHostNetwork(pod) && readySandbox(state) === undefined) ips = (old.podIPs ?? []).map(({ ip }) => ip);
    return {
        ...host,
        ...(ips[0] === undefined ? {} : { podIP: ips[0], podIPs: ips.map((ip) => ({ ip })) }),
    };
}

function listStatuses(kind: ContainerStatusInput['kind'], input: PodStatusInput): V1ContainerStatus[] {
    const { pod, old, readiness } = input;
    const lists = {
        init: { containers: initContainersOf(pod), old: old.initContainerStatuses },
        regular: { containers: containersOf(pod), old: old.containerStatuses },
        ephemeral: { containers: ephemeralContainersOf(pod), old: old.ephemeralContainerStatuses },
    };
    const list = lists[kind];
    const statuses = containerStatuses(list.containers, { ...input, old: list.old ?? [], kind });
    return statuses.map((status) => {
        const container = list.containers.find(({ name }) => name === status.name);
        if (container === undefined) return status;
        return withReadiness(kind, { container, status, readiness });
    });
}

function withReadiness(
    kind: ContainerStatusInput['kind'],
    {
        container,
        status,
        readiness,
    }: { container: V1Container; status: V1ContainerStatus; readiness: Readiness },
): V1ContainerStatus {
    const id = status.containerID?.replace(/^[a-z]+:\/\//, '') ?? '';
    const running = status.state?.running !== undefined;
    if (kind === 'ephemeral') return status;
    if (kind === 'init' && !isRestartableInit(container)) {
        const done = status.state?.terminated?.exitCode === 0;
        return { ...status, ready: done, started: running };
    }
    const started = running && readiness.isStarted(container, id);
    return { ...status, started, ready: started && readiness.isReady(container, id) };
}
