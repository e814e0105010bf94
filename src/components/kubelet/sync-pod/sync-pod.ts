import type { V1Container, V1Pod } from '../../../api/meta/object.ts';
import type { Allocatable } from '../container-config/resource-field.ts';
import { makeSandboxConfig } from '../container-config/sandbox-config.ts';
import type { ClusterDns } from '../dns/resolv-conf.ts';
import type { ImagePuller } from '../image-puller.ts';
import type { KubeletPaths } from '../paths.ts';
import {
    containersOf,
    ephemeralContainersOf,
    formatPod,
    initContainersOf,
    isHostNetwork,
    isRestartableInit,
    podUid,
} from '../pod/pod.ts';
import { readySandbox, type PodRuntimeState } from '../pod/pod-runtime-state.ts';
import type { ContainerStatus } from '../runtime/runtime.ts';
import type { WaitingReason } from '../status/container-statuses.ts';
import type { ObjectSource } from '../volumes/object-source.ts';
import type { MountedVolume } from '../volumes/volume-plugin.ts';
import { BackOff, goDuration } from './back-off.ts';
import { computePodActions } from './compute-pod-actions.ts';
import { containerHash } from './container-hash.ts';
import { killContainer, type KillDependencies } from './kill-container.ts';
import { killPod } from './kill-pod.ts';
import type { PodActions, ProbeVerdicts } from './pod-actions.ts';
import { describeError, startContainer, type StartOrder } from './start-container.ts';
import { StartError } from './start-error.ts';

export interface SyncDependencies extends KillDependencies {
    images: ImagePuller;
    objects: ObjectSource;
    paths: KubeletPaths;
    clusterDns: ClusterDns;
    hostResolvConf: string;
    hostname: string;
    probes: ProbeVerdicts;
    backOff: BackOff;
    nodeResources: () => { allocatable: Allocatable; memoryCapacityBytes: number };
    serviceEnv: (pod: V1Pod) => Record<string, string>;
    /** Restart count that the pod's status has; undefined for a container that never ran. */
    restartCount: (pod: V1Pod, containerName: string) => number | undefined;
}

export interface SyncInput {
    pod: V1Pod;
    state: PodRuntimeState;
    volumes: ReadonlyMap<string, MountedVolume>;
    signal: AbortSignal;
}

export interface SyncResult {
    /** True when the runtime was asked to do anything. */
    changed: boolean;
    /** Why containers were not started, by name. */
    waiting: Map<string, WaitingReason>;
    /** Sync again after this; undefined: when something happens. */
    retryAfterMs: number | undefined;
}

/** Default wait after a start that failed for a reason without a back-off of its own. */
const startRetryMs = 10_000;

/** Computes what the pod needs and does it. One call at a time per pod. */
export async function syncPod(input: SyncInput, dependencies: SyncDependencies): Promise<SyncResult> {
    const actions = computePodActions(input.pod, input.state, dependencies.probes);
    const result: SyncResult = { changed: false, waiting: new Map(), retryAfterMs: undefined };
    if (actions.killPod) {
        if (input.state.sandboxes.length > 0) await stopOld(input, { actions, dependencies });
        result.changed = input.state.sandboxes.length > 0;
        if (!actions.createSandbox) return result;
    } else {
        await Promise.all(
            actions.kill.map(async (kill) => {
                await killContainer({ ...input, ...kill }, dependencies);
            }),
        );
        result.changed = actions.kill.length > 0;
    }
    await startAll(input, { actions, dependencies, result });
    return result;
}

async function stopOld(
    { pod, state, signal }: SyncInput,
    { actions, dependencies }: { actions: PodActions; dependencies: SyncDependencies },
): Promise<void> {
    if (actions.createSandbox && state.sandboxes.length > 0) {
        const message = 'Pod sandbox changed, it will be killed and re-created.';
        dependencies.events.pod(pod, { type: 'Normal', reason: 'SandboxChanged', message });
    }
    await killPod({ pod, state, signal }, dependencies);
}

interface StartAll {
    actions: PodActions;
    dependencies: SyncDependencies;
    result: SyncResult;
}

function wanted({ pod }: SyncInput, actions: PodActions): { container: V1Container; blocks: boolean }[] {
    const pick = (list: readonly V1Container[], indexes: readonly number[]) =>
        indexes.map((index) => list[index]).filter((container) => container !== undefined);
    return [
        ...pick(ephemeralContainersOf(pod), actions.startEphemeral).map((container) => ({
            container,
            blocks: false,
        })),
        ...pick(initContainersOf(pod), actions.startInit).map((container) => ({
            container,
            // A plain init container that cannot start holds up what comes after it; so does a sidecar.
            blocks: !isRestartableInit(container),
        })),
        ...pick(containersOf(pod), actions.start).map((container) => ({ container, blocks: false })),
    ];
}

async function startAll(input: SyncInput, all: StartAll): Promise<void> {
    const { actions, dependencies, result } = all;
    const list = wanted(input, actions);
    if (list.length === 0) return;
    const sandbox = await makeSandboxConfig({ ...dependencies, pod: input.pod, attempt: actions.attempt });
    let sandboxId = actions.createSandbox ? undefined : actions.sandboxId;
    let podIps = input.state.ips;
    if (sandboxId === undefined) {
        sandboxId = await createSandbox(input, { dependencies, sandbox });
        result.changed = true;
        podIps = isHostNetwork(input.pod) ? [] : await dependencies.runtime.podSandboxIPs(sandboxId);
    }
    if (isHostNetwork(input.pod)) podIps = [dependencies.hostIp];
    for (const { container, blocks } of list) {
        input.signal.throwIfAborted();
        const started = await startOne({ ...input, container, podIps, sandboxId, sandbox }, all);
        if (!started && blocks) return;
    }
}

async function createSandbox(
    { pod }: SyncInput,
    { dependencies, sandbox }: { dependencies: SyncDependencies; sandbox: StartOrder['sandbox'] },
): Promise<string> {
    try {
        return await dependencies.runtime.runPodSandbox(sandbox);
    } catch (error) {
        const message = `Failed to create pod sandbox: ${describeError(error)}`;
        dependencies.events.pod(pod, { type: 'Warning', reason: 'FailedCreatePodSandBox', message });
        throw new Error(message, { cause: error });
    }
}

/** False when the container was not started; why is in the result then. */
async function startOne(order: StartOrder, { dependencies, result }: StartAll): Promise<boolean> {
    const { container } = order;
    try {
        checkBackOff(order, dependencies);
        result.changed = true;
        await startContainer(order, dependencies);
        return true;
    } catch (error) {
        if (order.signal.aborted || !(error instanceof StartError)) throw error;
        result.waiting.set(container.name, { reason: error.reason, message: error.message });
        const retryAfterMs = error.retryAfterMs ?? startRetryMs;
        result.retryAfterMs = Math.min(result.retryAfterMs ?? Infinity, retryAfterMs);
        return false;
    }
}

export function backOffKey(pod: V1Pod, container: V1Container): string {
    return `${podUid(pod)}_${container.name}_${containerHash(container)}`;
}

/** Throws CrashLoopBackOff while the container's last end is too fresh; counts the restart otherwise. */
function checkBackOff(
    { pod, container, state }: StartOrder,
    { backOff, clock, events }: SyncDependencies,
): void {
    const ended = lastEnd(state.containers.filter(({ name }) => name === container.name));
    if (ended === undefined) return;
    const key = backOffKey(pod, container);
    const agoMs = Math.max(clock.nowMs() - ended.finishedAtMs, 0);
    const waitMs = backOff.remainingMs(key, agoMs);
    if (waitMs === 0) {
        backOff.next(key, agoMs);
        return;
    }
    const delay = goDuration(backOff.delayMs(key));
    const podText = formatPod(pod);
    const eventText = `Back-off restarting failed container ${container.name} in pod ${podText}`;
    events.container(pod, container.name, { type: 'Warning', reason: 'BackOff', message: eventText });
    const message = `back-off ${delay} restarting failed container=${container.name} pod=${podText}`;
    throw new StartError('CrashLoopBackOff', message, { retryAfterMs: waitMs });
}

/** The newest instance that has ended; a running one may be about to be replaced. */
function lastEnd(instances: readonly ContainerStatus[]): { finishedAtMs: number } | undefined {
    for (const { state, error, finishedAtMs, createdAtMs } of instances) {
        if (state === 'exited') return { finishedAtMs };
        if (state === 'created' && error !== '') return { finishedAtMs: createdAtMs };
    }
    return undefined;
}

/** Removes ended containers that nobody needs: all but the newest two instances of each, old sandboxes. */
export async function removeDeadContainers(
    state: PodRuntimeState,
    dependencies: SyncDependencies,
): Promise<readonly string[]> {
    const removed: string[] = [];
    const seen = new Map<string, number>();
    for (const container of state.containers) {
        const count = (seen.get(container.name) ?? 0) + 1;
        seen.set(container.name, count);
        if (count <= instancesKept || container.state === 'running') continue;
        await dependencies.runtime.removeContainer(container.id);
        removed.push(container.id);
    }
    const inUse = new Set(
        state.containers.filter(({ id }) => !removed.includes(id)).map(({ sandboxId }) => sandboxId),
    );
    const ready = readySandbox(state);
    for (const sandbox of state.sandboxes) {
        const newest = sandbox === state.sandboxes[0];
        if (newest || sandbox === ready || sandbox.state === 'ready' || inUse.has(sandbox.id)) continue;
        await dependencies.runtime.removePodSandbox(sandbox.id);
    }
    return removed;
}

/** The current instance, and the one before it for `kubectl logs --previous`. */
const instancesKept = 2;
