import type { V1ContainerState, V1ContainerStatus, V1Pod } from '../../../meta/object.ts';
import { since } from '../../columns.ts';
import { items } from '../../validation/basic.ts';

/** What the READY, STATUS and RESTARTS columns of a pod say. */
export interface PodSummary {
    status: string;
    ready: number;
    total: number;
    restarts: number;
    /** Time of the last restart, RFC 3339. */
    lastRestart: string | undefined;
}

/** Restarts of a set of containers, and when the latest was. */
interface Restarts {
    count: number;
    last: string | undefined;
}

/**
 * Summarises a pod in one word, as `kubectl get pods` does. In order of strength: what the phase says,
 * what the first unfinished init container says, what the first container that is not running says,
 * and whether the pod is being deleted. Example: phase Pending, one of two init containers done, the
 * second running: "Init:1/2".
 */
export function summarizePod(pod: V1Pod): PodSummary {
    const sidecars = sidecarNames(pod);
    const summary: PodSummary = {
        status: initialStatus(pod),
        ready: 0,
        total: items(pod.spec?.containers).length + sidecars.size,
        restarts: 0,
        lastRestart: undefined,
    };
    const init = summarizeInit(pod, sidecars, summary);
    if (!init.isInitializing || hasCondition(pod, 'Initialized')) {
        summarizeContainers(pod, init.sidecarRestarts, summary);
    }
    summary.status = deletionStatus(pod) ?? summary.status;
    return summary;
}

export function restartsText({ restarts, lastRestart }: PodSummary, nowMs: number): string {
    return restarts > 0 && lastRestart !== undefined
        ? `${restarts} (${since(lastRestart, nowMs)} ago)`
        : String(restarts);
}

function initialStatus(pod: V1Pod): string {
    const gated = items(pod.status?.conditions).some(
        (condition) => condition.type === 'PodScheduled' && condition.reason === 'SchedulingGated',
    );
    if (gated) return 'SchedulingGated';
    return pod.status?.reason || pod.status?.phase || '';
}

function sidecarNames(pod: V1Pod): Set<string> {
    const sidecars = items(pod.spec?.initContainers).filter(
        (container) => container.restartPolicy === 'Always',
    );
    return new Set(sidecars.map((container) => container.name));
}

function summarizeInit(
    pod: V1Pod,
    sidecars: Set<string>,
    summary: PodSummary,
): { isInitializing: boolean; sidecarRestarts: Restarts } {
    const total = items(pod.spec?.initContainers).length;
    const all: Restarts = { count: 0, last: undefined };
    const sidecarRestarts: Restarts = { count: 0, last: undefined };
    let isInitializing = false;
    for (const [index, container] of items(pod.status?.initContainerStatuses).entries()) {
        addRestarts(all, container);
        const isSidecar = sidecars.has(container.name);
        if (isSidecar) addRestarts(sidecarRestarts, container);
        if (container.state?.terminated?.exitCode === 0) continue;
        if (isSidecar && container.started === true) {
            if (container.ready) summary.ready += 1;
            continue;
        }
        summary.status = initStatus(container.state, index, total);
        isInitializing = true;
        break;
    }
    summary.restarts = all.count;
    summary.lastRestart = all.last;
    return { isInitializing, sidecarRestarts };
}

function initStatus(state: V1ContainerState | undefined, index: number, total: number): string {
    if (state?.terminated !== undefined) return `Init:${exitText(state)}`;
    const waiting = state?.waiting?.reason;
    if (waiting && waiting !== 'PodInitializing') return `Init:${waiting}`;
    return `Init:${index}/${total}`;
}

function summarizeContainers(pod: V1Pod, sidecarRestarts: Restarts, summary: PodSummary): void {
    const restarts = { ...sidecarRestarts };
    let hasRunning = false;
    for (const container of items(pod.status?.containerStatuses).toReversed()) {
        addRestarts(restarts, container);
        const { state } = container;
        if (state?.waiting?.reason) summary.status = state.waiting.reason;
        else if (state?.terminated !== undefined) summary.status = exitText(state);
        else if (container.ready && state?.running !== undefined) {
            hasRunning = true;
            summary.ready += 1;
        }
    }
    if (summary.status === 'Completed' && hasRunning) {
        summary.status = hasCondition(pod, 'Ready') ? 'Running' : 'NotReady';
    }
    summary.restarts = restarts.count;
    summary.lastRestart = restarts.last;
}

function exitText({ terminated }: V1ContainerState): string {
    if (terminated?.reason) return terminated.reason;
    return terminated?.signal ? `Signal:${terminated.signal}` : `ExitCode:${terminated?.exitCode ?? 0}`;
}

function addRestarts(restarts: Restarts, container: V1ContainerStatus): void {
    restarts.count += container.restartCount;
    const finished = container.lastState?.terminated?.finishedAt;
    if (finished === undefined) return;
    if (restarts.last === undefined || Date.parse(restarts.last) < Date.parse(finished)) {
        restarts.last = finished;
    }
}

function hasCondition(pod: V1Pod, type: string): boolean {
    return items(pod.status?.conditions).some(
        (condition) => condition.type === type && condition.status === 'True',
    );
}

function deletionStatus(pod: V1Pod): string | undefined {
    if (pod.metadata?.deletionTimestamp === undefined) return undefined;
    if (pod.status?.reason === 'NodeLost') return 'Unknown';
    const { phase } = pod.status ?? {};
    return phase === 'Succeeded' || phase === 'Failed' ? undefined : 'Terminating';
}
