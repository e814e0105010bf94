import type { V1Container, V1Pod } from '../../../api/meta/object.ts';
import type { Clock } from '../../../util/clock.ts';
import type { Logger } from '../../../util/logger.ts';
import type { PodEvents } from '../pod-events.ts';
import { allContainersOf, gracePeriodSeconds, isHostNetwork } from '../pod/pod.ts';
import type { PodRuntimeState } from '../pod/pod-runtime-state.ts';
import type { ContainerStatus, Runtime } from '../runtime/runtime.ts';
import { runLifecycleHook } from './lifecycle-hooks.ts';
import type { KillReason } from './pod-actions.ts';

/** The shortest time a container has to end by itself, even when a hook has used up the grace period. */
const graceMinSeconds = 2;

export interface KillDependencies {
    runtime: Runtime;
    events: PodEvents;
    clock: Clock;
    logger: Logger;
    hostIp: string;
}

export interface KillOrder {
    /** Undefined when only the runtime still knows the pod. */
    pod: V1Pod | undefined;
    container: ContainerStatus;
    state: PodRuntimeState;
    /** Text of the Killing event; absent: `Stopping container x`. */
    message?: string | undefined;
    reason?: KillReason | undefined;
    /** Overrides what the pod asks for. */
    graceSeconds?: number | undefined;
    signal: AbortSignal;
}

/** preStop hook, then SIGTERM, then SIGKILL when the grace period is over. */
export async function killContainer(order: KillOrder, dependencies: KillDependencies): Promise<void> {
    const { pod, container } = order;
    const { events, runtime, clock } = dependencies;
    const spec = pod && allContainersOf(pod).find(({ name }) => name === container.name);
    const grace = graceFor(order, spec);
    if (pod !== undefined) {
        const message = order.message ?? `Stopping container ${container.name}`;
        events.container(pod, container.name, { type: 'Normal', reason: 'Killing', message });
    }
    const beganAtMs = clock.monotonicMs();
    const hook = spec?.lifecycle?.preStop;
    if (hook !== undefined && spec !== undefined && grace > 0 && container.state === 'running')
        await runPreStop({ ...order, spec, grace }, dependencies);
    const usedSeconds = Math.floor((clock.monotonicMs() - beganAtMs) / 1000);
    await runtime.stopContainer(container.id, Math.max(grace - usedSeconds, graceMinSeconds));
}

function graceFor({ pod, graceSeconds, reason }: KillOrder, spec: V1Container | undefined): number {
    if (graceSeconds !== undefined) return graceSeconds;
    if (pod === undefined) return 1;
    const probe =
        reason === 'livenessProbe'
            ? spec?.livenessProbe
            : reason === 'startupProbe'
              ? spec?.startupProbe
              : undefined;
    return probe?.terminationGracePeriodSeconds ?? gracePeriodSeconds(pod);
}

async function runPreStop(
    { pod, spec, container, state, grace, signal }: KillOrder & { spec: V1Container; grace: number },
    { runtime, events, logger, hostIp }: KillDependencies,
): Promise<void> {
    const handler = spec.lifecycle?.preStop;
    if (handler === undefined || pod === undefined) return;
    try {
        await runLifecycleHook(handler, {
            runtime,
            container: spec,
            containerId: container.id,
            podIp: isHostNetwork(pod) ? hostIp : (state.ips[0] ?? ''),
            timeoutMs: grace * 1000,
            signal,
        });
    } catch (error) {
        if (signal.aborted) return;
        logger.warn({ err: error, container: container.name }, 'preStop hook failed');
        events.container(pod, container.name, {
            type: 'Warning',
            reason: 'FailedPreStopHook',
            message: 'PreStopHook failed',
        });
    }
}
