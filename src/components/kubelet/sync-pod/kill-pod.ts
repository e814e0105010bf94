import type { V1Pod } from '../../../api/meta/object.ts';
import { initContainersOf, isRestartableInit } from '../pod/pod.ts';
import { runningContainers, type PodRuntimeState } from '../pod/pod-runtime-state.ts';
import type { ContainerStatus } from '../runtime/runtime.ts';
import { killContainer, type KillDependencies } from './kill-container.ts';

export interface KillPodOrder {
    /** Undefined when only the runtime still knows the pod. */
    pod: V1Pod | undefined;
    state: PodRuntimeState;
    /** Overrides what the pod asks for. */
    graceSeconds?: number | undefined;
    /** Aborts hooks; a second kill with less time may be under way then. */
    signal: AbortSignal;
}

/**
 * Stops all containers of the pod at once, its sidecars after them in reverse order, then its sandboxes.
 * Idempotent; rejects when something could not be stopped.
 */
export async function killPod(order: KillPodOrder, dependencies: KillDependencies): Promise<void> {
    const { pod, state, graceSeconds, signal } = order;
    const sidecarNames =
        pod === undefined
            ? []
            : initContainersOf(pod)
                  .filter(isRestartableInit)
                  .map(({ name }) => name);
    const containers = state.containers.filter(({ state: s }) => s === 'running' || s === 'unknown');
    const kill = async (container: ContainerStatus) => {
        await killContainer({ pod, container, state, graceSeconds, signal }, dependencies);
    };
    await Promise.all(containers.filter(({ name }) => !sidecarNames.includes(name)).map(kill));
    for (const name of sidecarNames.reverse())
        await Promise.all(containers.filter((container) => container.name === name).map(kill));
    await Promise.all(
        state.sandboxes.map(async ({ id }) => {
            await dependencies.runtime.stopPodSandbox(id);
        }),
    );
}

/** True while something of the pod still runs. */
export function podIsAlive(state: PodRuntimeState): boolean {
    return (
        runningContainers(state).length > 0 ||
        state.containers.some(({ state: s }) => s === 'unknown') ||
        state.sandboxes.some(({ state: s }) => s === 'ready')
    );
}
