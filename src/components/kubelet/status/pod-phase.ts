import type { V1Container, V1ContainerStatus, V1Pod } from '../../../api/meta/object.ts';
import { containersOf, initContainersOf, isRestartableInit } from '../pod/pod.ts';
import { podRestartPolicy } from '../pod/restart-policy.ts';

export type PodPhase = 'Pending' | 'Running' | 'Succeeded' | 'Failed' | 'Unknown';

interface Statuses {
    init: readonly V1ContainerStatus[];
    regular: readonly V1ContainerStatus[];
    /** The pod's own decision to end (evicted, rejected, deadline) or its deletion. */
    podIsTerminal: boolean;
}

interface Counts {
    unknown: number;
    running: number;
    waiting: number;
    stopped: number;
    succeeded: number;
}

function find(statuses: readonly V1ContainerStatus[], { name }: V1Container): V1ContainerStatus | undefined {
    return statuses.find((status) => status.name === name);
}

/** The pod's phase from its containers' statuses (upstream: kubelet's getPhase). */
export function podPhase(pod: V1Pod, statuses: Statuses): PodPhase {
    const init = countInit(pod, statuses);
    const counts = countRegular(pod, statuses);
    if (init.failed && podRestartPolicy(pod) === 'Never') return 'Failed';
    if (init.pending && !statuses.podIsTerminal) {
        const anyRan = statuses.regular.some(
            ({ state, lastState }) => state?.running ?? lastState?.terminated,
        );
        if (!anyRan) return 'Pending';
    }
    return byCounts(pod, counts, statuses.podIsTerminal);
}

function byCounts(pod: V1Pod, counts: Counts, podIsTerminal: boolean): PodPhase {
    if (counts.waiting > 0) return podIsTerminal ? 'Failed' : 'Pending';
    if (counts.running > 0 && counts.unknown === 0) return 'Running';
    if (counts.running === 0 && counts.stopped > 0 && counts.unknown === 0) {
        const succeeded = counts.stopped === counts.succeeded;
        if (podIsTerminal) return succeeded ? 'Succeeded' : 'Failed';
        switch (podRestartPolicy(pod)) {
            case 'Always':
                return 'Running';
            case 'Never':
                return succeeded ? 'Succeeded' : 'Failed';
            case 'OnFailure':
                return succeeded ? 'Succeeded' : 'Running';
        }
    }
    return 'Pending';
}

function countInit(pod: V1Pod, { init }: Statuses): { pending: boolean; failed: boolean } {
    let pending = false;
    let failed = false;
    for (const container of initContainersOf(pod)) {
        const status = find(init, container);
        if (isRestartableInit(container)) {
            if (status?.state?.terminated === undefined && status?.started !== true) pending = true;
            continue;
        }
        const ended = status?.state?.terminated ?? status?.lastState?.terminated;
        if (status?.state?.terminated?.exitCode === 0) continue;
        pending = true;
        if (status?.state?.terminated !== undefined && ended?.exitCode !== 0) failed = true;
    }
    return { pending, failed };
}

function countRegular(pod: V1Pod, { regular, podIsTerminal }: Statuses): Counts {
    const counts: Counts = { unknown: 0, running: 0, waiting: 0, stopped: 0, succeeded: 0 };
    for (const container of containersOf(pod)) {
        const status = find(regular, container);
        if (status === undefined) counts.unknown++;
        else if (status.state?.running !== undefined) counts.running++;
        else if (status.state?.terminated !== undefined) countEnd(counts, status.state.terminated.exitCode);
        else if (status.lastState?.terminated !== undefined && !podIsTerminal)
            countEnd(counts, status.lastState.terminated.exitCode);
        else counts.waiting++;
    }
    return counts;
}

function countEnd(counts: Counts, exitCode: number): void {
    counts.stopped++;
    if (exitCode === 0) counts.succeeded++;
}
