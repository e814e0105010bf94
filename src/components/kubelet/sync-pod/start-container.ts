import type { V1Container, V1Pod } from '../../../api/meta/object.ts';
import { ContainerConfigError } from '../container-config/config-error.ts';
import { makeContainerConfig, type ContainerConfigInput } from '../container-config/container-config.ts';
import { isHostNetwork } from '../pod/pod.ts';
import { latestContainer, type PodRuntimeState } from '../pod/pod-runtime-state.ts';
import { registryAuths } from '../pull-secrets.ts';
import type { ImageInfo, PodSandboxConfig } from '../runtime/runtime.ts';
import type { MountedVolume } from '../volumes/volume-plugin.ts';
import { hookTimeoutMaxMs, runLifecycleHook } from './lifecycle-hooks.ts';
import { StartError } from './start-error.ts';
import type { SyncDependencies } from './sync-pod.ts';

export interface StartOrder {
    pod: V1Pod;
    container: V1Container;
    state: PodRuntimeState;
    podIps: readonly string[];
    sandboxId: string;
    sandbox: PodSandboxConfig;
    volumes: ReadonlyMap<string, MountedVolume>;
    signal: AbortSignal;
}

/** Pulls the image, creates the container, starts it, runs its postStart hook. Throws StartError. */
export async function startContainer(order: StartOrder, dependencies: SyncDependencies): Promise<void> {
    const { pod, container, signal } = order;
    const image = await ensureImage(order, dependencies);
    signal.throwIfAborted();
    const id = await create(order, { dependencies, image });
    const { events, runtime } = dependencies;
    events.container(pod, container.name, {
        type: 'Normal',
        reason: 'Created',
        message: 'Container created',
    });
    try {
        await runtime.startContainer(id);
    } catch (error) {
        throw failed(order, dependencies, { reason: 'RunContainerError', error });
    }
    events.container(pod, container.name, {
        type: 'Normal',
        reason: 'Started',
        message: 'Container started',
    });
    if (container.lifecycle?.postStart !== undefined) await postStart(order, { dependencies, id });
}

/** The puller says what went wrong; besides that, upstream has an event that names the reason alone. */
async function ensureImage(
    { pod, container, signal }: StartOrder,
    { events, images, objects }: SyncDependencies,
): Promise<ImageInfo> {
    const auths = async () => await registryAuths(pod, container.image ?? '', objects);
    try {
        return await images.ensure({ pod, container, signal, auths });
    } catch (error) {
        if (error instanceof StartError)
            events.container(pod, container.name, {
                type: 'Warning',
                reason: 'Failed',
                message: `Error: ${error.reason}`,
            });
        throw error;
    }
}

function failed(
    { pod, container }: StartOrder,
    { events }: SyncDependencies,
    { reason, error }: { reason: string; error: unknown },
): StartError {
    const text = describeError(error);
    events.container(pod, container.name, { type: 'Warning', reason: 'Failed', message: `Error: ${text}` });
    return new StartError(reason, text, { cause: error });
}

/** The message of an error and of what caused it. */
export function describeError(error: unknown): string {
    if (!(error instanceof Error)) return String(error);
    return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}

async function create(
    order: StartOrder,
    { dependencies, image }: { dependencies: SyncDependencies; image: ImageInfo },
): Promise<string> {
    const { pod, container, state, podIps } = order;
    const before = latestContainer(state, container.name);
    const input: ContainerConfigInput = {
        pod,
        container,
        attempt: nextAttempt(order, dependencies),
        targetContainerId: targetOf(order),
        image,
        addresses: { podIps, hostIps: [dependencies.hostIp] },
        ...dependencies.nodeResources(),
        services: dependencies.serviceEnv(pod),
        objects: dependencies.objects,
        volumes: order.volumes,
        paths: dependencies.paths,
        clusterDomain: dependencies.clusterDns.domain,
    };
    let config;
    try {
        config = await makeContainerConfig(input);
    } catch (error) {
        const reason =
            error instanceof ContainerConfigError ? 'CreateContainerConfigError' : 'CreateContainerError';
        throw failed(order, dependencies, { reason, error });
    }
    try {
        // Left over from a start that was interrupted: its name is taken.
        if (before?.state === 'created') await dependencies.runtime.removeContainer(before.id);
        return await dependencies.runtime.createContainer(order.sandboxId, config, order.sandbox);
    } catch (error) {
        throw failed(order, dependencies, { reason: 'CreateContainerError', error });
    }
}

/** The container that an ephemeral one is aimed at. */
function targetOf({ pod, container, state }: StartOrder): string | undefined {
    const spec = pod.spec?.ephemeralContainers?.find(({ name }) => name === container.name);
    if (!spec?.targetContainerName) return undefined;
    const target = latestContainer(state, spec.targetContainerName);
    if (target?.state === 'running') return target.id;
    throw new StartError(
        'CreateContainerError',
        `target container "${spec.targetContainerName}" is not running`,
    );
}

/** Counts on from the newest instance, or from what the status last said when the runtime forgot it. */
function nextAttempt({ pod, container, state }: StartOrder, { restartCount }: SyncDependencies): number {
    const before = latestContainer(state, container.name);
    if (before?.state === 'created') return before.attempt;
    if (before !== undefined) return before.attempt + 1;
    const known = restartCount(pod, container.name);
    return known === undefined ? 0 : known + 1;
}

async function postStart(
    { pod, container, podIps, signal }: StartOrder,
    { dependencies, id }: { dependencies: SyncDependencies; id: string },
): Promise<void> {
    const { runtime, events, hostIp } = dependencies;
    const handler = container.lifecycle?.postStart;
    if (handler === undefined) return;
    try {
        await runLifecycleHook(handler, {
            runtime,
            container,
            containerId: id,
            podIp: isHostNetwork(pod) ? hostIp : (podIps[0] ?? ''),
            timeoutMs: hookTimeoutMaxMs,
            signal,
        });
    } catch (error) {
        if (signal.aborted) throw error;
        events.container(pod, container.name, {
            type: 'Warning',
            reason: 'FailedPostStartHook',
            message: 'PostStartHook failed',
        });
        events.container(pod, container.name, {
            type: 'Normal',
            reason: 'Killing',
            message: 'FailedPostStartHook',
        });
        await runtime.stopContainer(id, pod.spec?.terminationGracePeriodSeconds ?? 30);
        throw new StartError('PostStartHookError', describeError(error), { cause: error });
    }
}
