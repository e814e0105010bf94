import { hostname } from 'node:os';
import type { V1ContainerStatus, V1Pod, V1PodStatus } from '../../api/meta/object.ts';
import type { Clock } from '../../util/clock.ts';
import type { Logger } from '../../util/logger.ts';
import type { Allocatable } from './container-config/resource-field.ts';
import type { PodEvents } from './pod-events.ts';
import type { PodEnd, PodSteps, SyncOutcome, TerminateContext } from './pod-worker.ts';
import type { ImagePuller } from './image-puller.ts';
import type { KubeletPaths } from './paths.ts';
import { isHostNetwork, isStaticPod, isTerminalPhase, podUid } from './pod/pod.ts';
import { runningContainers, type PodRuntimeState } from './pod/pod-runtime-state.ts';
import type { ProbeManager } from './probes/probe-manager.ts';
import type { RuntimeCache } from './runtime-cache.ts';
import type { Runtime } from './runtime/runtime.ts';
import type { WaitingReason } from './status/container-statuses.ts';
import { kubeletConditionTypes } from './status/pod-conditions.ts';
import { generatePodStatus } from './status/generate-pod-status.ts';
import type { StatusManager } from './status/status-manager.ts';
import type { TerminationMessages } from './status/termination-messages.ts';
import { abortable } from './sync-pod/abortable.ts';
import { BackOff } from './sync-pod/back-off.ts';
import { killPod, podIsAlive } from './sync-pod/kill-pod.ts';
import {
    removeDeadContainers,
    syncPod,
    type SyncDependencies,
    type SyncResult,
} from './sync-pod/sync-pod.ts';
import type { ObjectSource } from './volumes/object-source.ts';
import type { TokenSource } from './volumes/token-source.ts';
import type { VolumeManager, VolumesReady } from './volumes/volume-manager.ts';

export interface PodLifecycleOptions {
    runtime: Runtime;
    cache: RuntimeCache;
    statuses: StatusManager;
    messages: TerminationMessages;
    probes: ProbeManager;
    volumes: VolumeManager;
    objects: ObjectSource;
    /** Keeps the objects that a pod names watched; undefined without API server. */
    registry: { register(pod: V1Pod): void; unregister(uid: string): void } | undefined;
    tokens: TokenSource;
    images: ImagePuller;
    events: PodEvents;
    paths: KubeletPaths;
    clock: Clock;
    logger: Logger;
    nodeName: string;
    nodeIps: readonly string[];
    clusterDns: { servers: readonly string[]; domain: string };
    resolvConf: string;
    runtimeName: string;
    nodeResources: () => { allocatable: Allocatable; memoryCapacityBytes: number };
    serviceEnv: (pod: V1Pod) => Record<string, string>;
    /** The status that the API server has of a pod: of a static pod's mirror. */
    apiStatus: (pod: V1Pod) => V1PodStatus | undefined;
    /** Why this node refuses the pod. */
    admit: (pod: V1Pod) => PodEnd | undefined;
    /** Brings a static pod's mirror to the API server. */
    ensureMirror: (pod: V1Pod) => Promise<void>;
    networkProblem: () => Promise<string | undefined>;
}

/** Wait before a sync that failed on volumes is repeated; changes of their sources come sooner. */
const volumeRetryMs = 5000;
const networkRetryMs = 5000;

/** The steps of a pod's life: what a pod worker does, in which order, with which status after it. */
export class PodLifecycle implements PodSteps {
    readonly #options: PodLifecycleOptions;
    readonly #dependencies: SyncDependencies;
    readonly #waiting = new Map<string, Map<string, WaitingReason>>();
    readonly #admitted = new Set<string>();

    constructor(options: PodLifecycleOptions) {
        this.#options = options;
        this.#dependencies = {
            ...options,
            hostIp: options.nodeIps[0] ?? '',
            hostname: hostname(),
            hostResolvConf: options.resolvConf,
            backOff: new BackOff(options.clock),
            restartCount: (pod, name) => this.#restartCount(pod, name),
        };
    }

    async sync(pod: V1Pod, { signal }: { signal: AbortSignal }): Promise<SyncOutcome> {
        const { cache, registry } = this.#options;
        await cache.refresh();
        const uid = podUid(pod);
        const refused = this.#admit(pod, cache.get(uid));
        if (refused !== undefined) return { type: 'ended', end: refused };
        // Before the first report: containers of a former kubelet must not look unready for want of probes.
        this.#options.probes.update(pod, cache.get(uid), this.#oldStatuses(pod));
        const status = await this.#report(pod, { terminated: false });
        if (isTerminalPhase(status.phase)) return { type: 'ended', end: undefined };
        const deadlineMs = this.#deadlineMs(pod, status);
        if (deadlineMs !== undefined && deadlineMs <= 0) {
            this.#options.events.pod(pod, { type: 'Normal', ...deadlineExceeded });
            return { type: 'ended', end: deadlineExceeded };
        }
        registry?.register(pod);
        if (isStaticPod(pod)) await this.#mirror(pod);
        const problem = await this.#networkProblem(pod);
        if (problem !== undefined) return { type: 'done', retryAfterMs: networkRetryMs };
        const volumes = await this.#setUpVolumes(pod);
        this.#options.probes.update(pod, cache.get(uid), this.#oldStatuses(pod));
        if (volumes.failures.length > 0) return { type: 'done', retryAfterMs: volumeRetryMs };
        const result = await this.#syncContainers(pod, volumes, signal);
        if (isTerminalPhase((await this.#report(pod, { terminated: false })).phase))
            return { type: 'ended', end: undefined };
        return { type: 'done', retryAfterMs: this.#nextSync(result, volumes, deadlineMs) };
    }

    async terminate(uid: string, { pod, graceSeconds, end, signal }: TerminateContext): Promise<void> {
        const { cache, probes } = this.#options;
        probes.stopPod(uid, ['liveness', 'startup']);
        await cache.refresh();
        if (podIsAlive(cache.get(uid))) {
            const order = { pod, state: cache.get(uid), graceSeconds, signal };
            await abortable(killPod(order, this.#dependencies), signal);
            await cache.refresh();
            const left = cache.get(uid);
            if (podIsAlive(left)) throw new Error('containers of the pod are still running');
        }
        probes.stopPod(uid);
        if (pod !== undefined) await this.#report(pod, { terminated: true, end });
    }

    async finish(uid: string, pod: V1Pod | undefined): Promise<void> {
        const { volumes, registry, tokens, statuses } = this.#options;
        await volumes.remove(uid);
        registry?.unregister(uid);
        tokens.forget(uid);
        if (pod !== undefined) statuses.finish(uid);
    }

    async forget(uid: string): Promise<void> {
        const { cache, runtime, images, statuses, messages } = this.#options;
        await cache.refresh();
        const state = cache.get(uid);
        for (const { id } of state.containers) await runtime.removeContainer(id);
        for (const { id } of state.sandboxes) {
            await runtime.stopPodSandbox(id);
            await runtime.removePodSandbox(id);
        }
        messages.forget(state.containers.map(({ id }) => id));
        images.forgetPod(uid);
        this.#dependencies.backOff.resetPrefix(`${uid}_`);
        statuses.forget(uid);
        this.#waiting.delete(uid);
        this.#admitted.delete(uid);
    }

    /** Admission is for pods that have not begun: what runs already stays. */
    #admit(pod: V1Pod, state: PodRuntimeState): PodEnd | undefined {
        const uid = podUid(pod);
        if (this.#admitted.has(uid)) return undefined;
        if (state.containers.length === 0 && !isTerminalPhase(pod.status?.phase)) {
            const end = this.#options.admit(pod);
            if (end !== undefined) {
                this.#options.events.pod(pod, { type: 'Warning', ...end });
                return end;
            }
        }
        this.#admitted.add(uid);
        return undefined;
    }

    async #mirror(pod: V1Pod): Promise<void> {
        try {
            await this.#options.ensureMirror(pod);
        } catch (error) {
            // A static pod runs without API server too.
            this.#options.logger.debug({ err: error, uid: podUid(pod) }, 'cannot make a mirror pod');
        }
    }

    async #networkProblem(pod: V1Pod): Promise<string | undefined> {
        if (isHostNetwork(pod)) return undefined;
        const problem = await this.#options.networkProblem();
        if (problem !== undefined) {
            const message = `network is not ready: ${problem}`;
            this.#options.events.pod(pod, { type: 'Warning', reason: 'NetworkNotReady', message });
        }
        return problem;
    }

    async #setUpVolumes(pod: V1Pod): Promise<VolumesReady> {
        const { volumes, objects, tokens, events, cache, nodeIps, nodeName, nodeResources } = this.#options;
        const ready = await volumes.setUp({
            pod,
            objects,
            tokens,
            nodeName,
            addresses: { podIps: cache.get(podUid(pod)).ips, hostIps: nodeIps },
            allocatable: nodeResources().allocatable,
        });
        for (const { message } of ready.failures)
            events.pod(pod, { type: 'Warning', reason: 'FailedMount', message });
        return ready;
    }

    async #syncContainers(pod: V1Pod, volumes: VolumesReady, signal: AbortSignal): Promise<SyncResult> {
        const { cache, probes, messages } = this.#options;
        const uid = podUid(pod);
        const input = { pod, state: cache.get(uid), volumes: volumes.mounted, signal };
        try {
            const result = await syncPod(input, this.#dependencies);
            this.#waiting.set(uid, result.waiting);
            if (result.changed) {
                await cache.refresh();
                const removed = await removeDeadContainers(cache.get(uid), this.#dependencies);
                messages.forget(removed);
            }
            return result;
        } finally {
            probes.update(pod, cache.get(uid), this.#oldStatuses(pod));
        }
    }

    #nextSync(result: SyncResult, volumes: VolumesReady, deadlineMs: number | undefined): number | undefined {
        const { clock } = this.#options;
        const refresh =
            volumes.refreshAtMs === undefined
                ? undefined
                : Math.max(volumes.refreshAtMs - clock.nowMs(), 1000);
        const times = [result.retryAfterMs, refresh, deadlineMs].filter((ms) => ms !== undefined);
        return times.length === 0 ? undefined : Math.min(...times);
    }

    #deadlineMs(pod: V1Pod, { startTime }: V1PodStatus): number | undefined {
        const seconds = pod.spec?.activeDeadlineSeconds;
        if (seconds === undefined || startTime === undefined) return undefined;
        return Date.parse(startTime) + seconds * 1000 - this.#options.clock.nowMs();
    }

    #oldStatus(pod: V1Pod): V1PodStatus {
        return this.#options.statuses.get(podUid(pod)) ?? this.#options.apiStatus(pod) ?? pod.status ?? {};
    }

    #oldStatuses(pod: V1Pod): V1ContainerStatus[] {
        const old = this.#options.apiStatus(pod) ?? pod.status ?? {};
        return [...(old.initContainerStatuses ?? []), ...(old.containerStatuses ?? [])];
    }

    /** Undefined for a container that never had an instance. */
    #restartCount(pod: V1Pod, name: string): number | undefined {
        const old = this.#oldStatus(pod);
        const status = [...(old.initContainerStatuses ?? []), ...(old.containerStatuses ?? [])].find(
            (candidate) => candidate.name === name,
        );
        const ran = status?.containerID !== undefined || status?.lastState?.terminated !== undefined;
        return ran ? status.restartCount : undefined;
    }

    /** Computes the pod's status and hands it to the status manager. */
    async #report(
        pod: V1Pod,
        { terminated, end }: { terminated: boolean; end?: PodEnd | undefined },
    ): Promise<V1PodStatus> {
        const { cache, statuses, messages, probes, runtimeName, nodeIps, clock } = this.#options;
        const uid = podUid(pod);
        const state = cache.get(uid);
        const old = this.#oldStatus(pod);
        const status = generatePodStatus({
            pod,
            state,
            // Conditions of others are newer in the API than in what this kubelet wrote.
            old: { ...old, conditions: mergedConditions(old, this.#options.apiStatus(pod)) },
            waiting: this.#waiting.get(uid) ?? new Map(),
            messages: await messages.of(state),
            readiness: probes,
            runtimeName,
            hostIps: nodeIps,
            ended: end,
            terminated: terminated && runningContainers(state).length === 0,
            nowMs: clock.nowMs(),
        });
        statuses.set(uid, status);
        return status;
    }
}

const deadlineExceeded: PodEnd = {
    reason: 'DeadlineExceeded',
    message: 'Pod was active on the node longer than the specified deadline',
};

function mergedConditions(own: V1PodStatus, api: V1PodStatus | undefined): V1PodStatus['conditions'] {
    const conditions = own.conditions ?? [];
    const foreign = (api?.conditions ?? []).filter(({ type }) => !kubeletConditionTypes.includes(type));
    return [...conditions.filter(({ type }) => kubeletConditionTypes.includes(type)), ...foreign];
}
