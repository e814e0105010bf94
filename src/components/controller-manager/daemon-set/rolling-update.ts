import { availableInMs } from '../shared/pod-status.ts';
import { isUpdated, updateLimits, type DaemonPod, type DaemonSet, type PodsByNode } from './daemon-pod.ts';

export interface UpdateStep {
    delete: readonly DaemonPod[];
    /** Nodes that get a second pod. */
    create: readonly string[];
}

export interface UpdateInput {
    podsByNode: PodsByNode;
    /** Nodes that are to have a pod. */
    wanted: readonly string[];
    hash: string;
    nowMs: number;
}

/** The pods that may be replaced now without leaving more nodes without a pod than allowed. */
export function updateStep(set: DaemonSet, input: UpdateInput): UpdateStep {
    const limits = updateLimits(set, input.wanted.length);
    const nodes = new Set([...input.podsByNode.keys(), ...input.wanted]);
    const pairs = Array.from(nodes, (node) => ({
        node,
        ...versions(input.podsByNode.get(node) ?? [], input.hash),
    }));
    const isAvailable = (pod: DaemonPod): boolean =>
        availableInMs(pod, set.spec?.minReadySeconds ?? 0, input.nowMs) === 0;
    return limits.surge === 0
        ? { delete: replaceable(pairs, limits.unavailable, isAvailable), create: [] }
        : surgeStep(pairs, limits.surge, isAvailable);
}

interface Pair {
    node: string;
    oldPod: DaemonPod | undefined;
    newPod: DaemonPod | undefined;
    /** More than one pod of a version: the node is to be tidied up first. */
    isUntidy: boolean;
}

function versions(pods: readonly DaemonPod[], hash: string): Omit<Pair, 'node'> {
    const alive = pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    const fresh = alive.filter((pod) => isUpdated(pod, hash));
    const old = alive.filter((pod) => !isUpdated(pod, hash));
    return { oldPod: old[0], newPod: fresh[0], isUntidy: fresh.length > 1 || old.length > 1 };
}

function replaceable(
    pairs: readonly Pair[],
    maxUnavailable: number,
    isAvailable: (pod: DaemonPod) => boolean,
): DaemonPod[] {
    let unavailable = 0;
    const broken: DaemonPod[] = [];
    const candidates: DaemonPod[] = [];
    for (const { oldPod, newPod, isUntidy } of pairs) {
        if (isUntidy || (oldPod === undefined) === (newPod === undefined)) unavailable++;
        else if (newPod !== undefined) unavailable += isAvailable(newPod) ? 0 : 1;
        else if (oldPod !== undefined) {
            // What does not work may go at once: nothing is lost. It uses up the limit all the same.
            if (!isAvailable(oldPod)) {
                broken.push(oldPod);
                unavailable++;
            } else candidates.push(oldPod);
        }
    }
    return [...broken, ...candidates.slice(0, Math.max(0, maxUnavailable - unavailable))];
}

function surgeStep(
    pairs: readonly Pair[],
    maxSurge: number,
    isAvailable: (pod: DaemonPod) => boolean,
): UpdateStep {
    let surging = 0;
    const gone: DaemonPod[] = [];
    const allowed: string[] = [];
    const candidates: string[] = [];
    for (const { node, oldPod, newPod, isUntidy } of pairs) {
        if (isUntidy) surging++;
        else if (oldPod === undefined) continue;
        else if (newPod === undefined) (isAvailable(oldPod) ? candidates : allowed).push(node);
        else if (isAvailable(newPod)) gone.push(oldPod);
        else surging++;
    }
    const more = candidates.slice(0, Math.max(0, maxSurge - surging));
    return { delete: gone, create: [...allowed, ...more] };
}
