import type { ContainerStatus, PodSandbox } from '../runtime/runtime.ts';

/** What the runtime has of one pod: both lists newest first. */
export interface PodRuntimeState {
    sandboxes: readonly PodSandbox[];
    containers: readonly ContainerStatus[];
    /** Addresses of the newest ready sandbox; empty for host network. */
    ips: readonly string[];
}

export const emptyRuntimeState: PodRuntimeState = { sandboxes: [], containers: [], ips: [] };

/** The newest instance of a container, in whichever sandbox. */
export function latestContainer(state: PodRuntimeState, name: string): ContainerStatus | undefined {
    return state.containers.find((container) => container.name === name);
}

export function runningContainers(state: PodRuntimeState): ContainerStatus[] {
    return state.containers.filter(({ state }) => state === 'running');
}

export function readySandbox(state: PodRuntimeState): PodSandbox | undefined {
    return state.sandboxes.find(({ state }) => state === 'ready');
}

/** Orders instances of a container: attempts count, the creation time decides between equals. */
export function newestFirst(a: ContainerStatus, b: ContainerStatus): number {
    return b.createdAtMs - a.createdAtMs || b.attempt - a.attempt;
}
