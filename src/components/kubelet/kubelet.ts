import { mkdir } from 'node:fs/promises';
import { semanticEqual } from '../../api/meta/deep.ts';
import type { V1Pod, V1PodStatus, V1Service } from '../../api/meta/object.ts';
import { EventRecorder } from '../../client/event-recorder.ts';
import type { Informer } from '../../client/informer.ts';
import { InformerFactory } from '../../client/informer-factory.ts';
import { pods as podType, services as serviceType } from '../../client/resource-type.ts';
import { systemClock, type Clock } from '../../util/clock.ts';
import { Lifecycle, type Stoppable } from '../../util/lifecycle.ts';
import type { Logger } from '../../util/logger.ts';
import { serviceEnv, visibleServices } from './container-config/service-env.ts';
import { ImagePuller } from './image-puller.ts';
import { admitPod } from './node/admit-pod.ts';
import { NodeAgent } from './node-agent.ts';
import { kubeletDefaults, type KubeletOptions } from './options.ts';
import { KubeletPaths } from './paths.ts';
import {
    gracePeriodSeconds,
    isMirrorPod,
    isStaticPod,
    isTerminalPhase,
    podKey,
    podNamespace,
    podUid,
} from './pod/pod.ts';
import { latestContainer, readySandbox } from './pod/pod-runtime-state.ts';
import { PodEvents } from './pod-events.ts';
import { PodLifecycle } from './pod-lifecycle.ts';
import { PodWorkers } from './pod-workers.ts';
import type { PodEnd } from './pod-worker.ts';
import { ProbeManager } from './probes/probe-manager.ts';
import { RuntimeCache } from './runtime-cache.ts';
import { FileSource } from './static-pods/file-source.ts';
import { MirrorPods } from './static-pods/mirror-pods.ts';
import { kubeletConditionTypes } from './status/pod-conditions.ts';
import { StatusManager } from './status/status-manager.ts';
import { TerminationMessages } from './status/termination-messages.ts';
import { noObjects } from './volumes/object-source.ts';
import { noTokens, TokenRequests } from './volumes/token-source.ts';
import { VolumeManager } from './volumes/volume-manager.ts';
import { WatchedObjects } from './volumes/watched-objects.ts';

/** Safety net only: events drive everything. */
const relistMs = 60_000;
const runtimeRetryMs = 2000;
/** Seconds for containers whose pod nobody knows any more, as upstream. */
const orphanGraceSeconds = 1;
const runtimeName = 'docker';

/**
 * The node agent: makes the runtime run the pods that the API server and the manifest directory assign to
 * this node. Its only memory is the runtime's names, labels and annotations, and the API: it may be killed
 * at any moment, and the next one adopts what runs. Stopping it leaves containers alone.
 */
export class Kubelet implements Stoppable {
    readonly #options: KubeletOptions;
    readonly #clock: Clock;
    readonly #logger: Logger;
    readonly #lifecycle = new Lifecycle();
    readonly #paths: KubeletPaths;
    readonly #cache: RuntimeCache;
    readonly #events: PodEvents;
    readonly #statuses: StatusManager;
    readonly #probes: ProbeManager;
    readonly #volumes: VolumeManager;
    readonly #workers: PodWorkers;
    readonly #mirrors: MirrorPods | undefined;
    readonly #informers: InformerFactory | undefined;
    readonly #node: NodeAgent;
    #services: Informer<V1Service> | undefined;
    #staticPods = new Map<string, V1Pod>();
    #apiPods: Informer<V1Pod> | undefined;

    constructor(options: KubeletOptions) {
        const { client, runtime, logger } = options;
        this.#options = options;
        this.#logger = logger;
        this.#clock = options.clock ?? systemClock;
        this.#paths = new KubeletPaths(options.rootDirectory ?? kubeletDefaults.rootDirectory);
        this.#cache = new RuntimeCache({ runtime, logger, owner: this.#paths.root });
        this.#events = new PodEvents(client && this.#lifecycle.add(this.#recorder(client)));
        this.#informers = client && new InformerFactory(client, logger);
        this.#mirrors = client && new MirrorPods(client);
        const shared = { clock: this.#clock, logger };
        this.#statuses = this.#lifecycle.add(
            new StatusManager({ ...shared, client, apiPod: (uid) => this.#apiPod(uid) }),
        );
        this.#probes = this.#lifecycle.add(
            new ProbeManager({
                ...shared,
                runtime,
                events: this.#events,
                hostIp: options.nodeIps[0] ?? '127.0.0.1',
                random: Math.random,
                onChange: (uid) => {
                    this.#workers.kick(uid);
                },
            }),
        );
        this.#volumes = new VolumeManager(this.#paths);
        this.#node = this.#lifecycle.add(this.#makeNodeAgent());
        this.#workers = this.#lifecycle.add(new PodWorkers({ ...shared, steps: this.#makeSteps() }));
    }

    /** Resolves once the kubelet works; it does not wait for the API server or the runtime. */
    async start(): Promise<void> {
        await mkdir(this.#paths.pods, { recursive: true, mode: 0o750 });
        await this.#node.start();
        const stopEvents = this.#options.runtime.onEvent(({ podUid: uid }) => {
            this.#workers.kick(uid);
        });
        this.#lifecycle.add({ stop: stopEvents });
        await this.#startStaticPods();
        this.#startApiPods();
        this.#lifecycle.every(
            relistMs,
            () => {
                this.#workers.kickAll();
            },
            (error) => {
                this.#logger.error({ err: error }, 'the periodic sync failed');
            },
        );
        void this.#adopt();
    }

    /** Containers keep running. */
    async stop(): Promise<void> {
        await this.#lifecycle.stop();
    }

    /** All pods of this node, with the kubelet's own view of their status. */
    pods(): V1Pod[] {
        return this.#workers.pods().map((pod) => this.#withStatus(pod));
    }

    podByName(namespace: string, name: string): V1Pod | undefined {
        const pod = this.#workers.pods().find((candidate) => podKey(candidate) === `${namespace}/${name}`);
        return pod && this.#withStatus(pod);
    }

    /** The runtime's id of a container, of its instance before the current one with `previous`. */
    containerId(pod: V1Pod, container: string, previous: boolean): string | undefined {
        const state = this.#cache.get(this.#kubeletUid(pod));
        if (!previous) return latestContainer(state, container)?.id;
        return state.containers.filter(({ name }) => name === container)[1]?.id;
    }

    sandboxId(pod: V1Pod): string | undefined {
        return readySandbox(this.#cache.get(this.#kubeletUid(pod)))?.id;
    }

    /** Ends a pod of this node for good: its phase becomes Failed with this reason. */
    evict(uid: string, end: PodEnd): void {
        this.#workers.terminate(uid, end);
    }

    /** The node as the API server has it. */
    get nodeLabels(): Readonly<Record<string, string>> {
        return this.#node.node?.metadata?.labels ?? {};
    }

    #withStatus(pod: V1Pod): V1Pod {
        const status = this.#statuses.get(podUid(pod));
        return status === undefined ? pod : { ...pod, status };
    }

    /** A mirror pod is known to the runtime by its static pod's uid. */
    #kubeletUid(pod: V1Pod): string {
        if (!isMirrorPod(pod)) return podUid(pod);
        const own = [...this.#staticPods.values()].find((candidate) => podKey(candidate) === podKey(pod));
        return own === undefined ? podUid(pod) : podUid(own);
    }

    #recorder(client: NonNullable<KubeletOptions['client']>): EventRecorder {
        const { logger, nodeName } = this.#options;
        return new EventRecorder({
            client,
            component: 'kubelet',
            host: nodeName,
            logger,
            clock: this.#clock,
        });
    }

    #makeNodeAgent(): NodeAgent {
        return new NodeAgent({
            kubelet: this.#options,
            clock: this.#clock,
            logger: this.#logger,
            rootDirectory: this.#paths.root,
            informers: this.#informers,
            onReady: () => {
                this.#workers.kickAll();
            },
        });
    }

    #makeSteps(): PodLifecycle {
        const { client, runtime, nodeName, nodeIps, clusterDns, clusterDomain, resolvConf } = this.#options;
        const logger = this.#logger;
        const clock = this.#clock;
        const objects =
            client &&
            this.#lifecycle.add(
                new WatchedObjects({
                    client,
                    clock,
                    logger,
                    onChange: (uid) => {
                        this.#workers.kick(uid);
                    },
                }),
            );
        return new PodLifecycle({
            runtime,
            cache: this.#cache,
            statuses: this.#statuses,
            messages: new TerminationMessages({ runtime, paths: this.#paths, logger }),
            probes: this.#probes,
            volumes: this.#volumes,
            objects: objects ?? noObjects,
            registry: objects,
            tokens: client === undefined ? noTokens : new TokenRequests(client, clock),
            images: new ImagePuller({ runtime, events: this.#events, clock }),
            events: this.#events,
            paths: this.#paths,
            clock,
            logger,
            nodeName,
            nodeIps,
            clusterDns: { servers: clusterDns ?? [], domain: clusterDomain ?? kubeletDefaults.clusterDomain },
            resolvConf: resolvConf ?? kubeletDefaults.resolvConf,
            runtimeName,
            nodeResources: () => ({
                allocatable: this.#node.resources().allocatable,
                memoryCapacityBytes: this.#node.memoryCapacityBytes,
            }),
            serviceEnv: (pod) => this.#serviceEnv(pod),
            apiStatus: (pod) => this.#apiStatus(pod),
            admit: (pod) => this.#admit(pod),
            ensureMirror: async (pod) => {
                await this.#mirrors?.ensure(pod, this.#node.node);
            },
            networkProblem: async () => await this.#node.networkProblem(),
        });
    }

    #serviceEnv(pod: V1Pod): Record<string, string> {
        if (this.#services === undefined) return {};
        if (!this.#services.synced) {
            if (isStaticPod(pod)) return {};
            throw new Error('services have not yet been read at least once, cannot construct envvars');
        }
        const links = pod.spec?.enableServiceLinks ?? true;
        const visible = visibleServices(this.#services.lister.list(), podNamespace(pod), links);
        return serviceEnv(visible);
    }

    #admit(pod: V1Pod): PodEnd | undefined {
        const others = this.pods().filter(
            (other) => podUid(other) !== podUid(pod) && !isTerminalPhase(other.status?.phase),
        );
        const { allocatable } = this.#node.resources();
        return admitPod({ pod, others, allocatable, nodeLabels: this.nodeLabels });
    }

    /** The pod in the API that belongs to a pod of ours: itself, or its mirror. */
    #apiPod(uid: string): V1Pod | undefined {
        const own = this.#staticPods.get(uid);
        if (own !== undefined) return this.#mirrors?.of(own);
        const pod = this.#workers.get(uid)?.pod;
        if (pod === undefined) return undefined;
        const watched = this.#apiPods?.lister.get(podKey(pod));
        return watched?.metadata.uid === uid ? watched : undefined;
    }

    #apiStatus(pod: V1Pod): V1PodStatus | undefined {
        return this.#apiPod(podUid(pod))?.status;
    }

    async #startStaticPods(): Promise<void> {
        const { podManifestPath, nodeName, fileCheckFrequencyMs } = this.#options;
        if (!podManifestPath) return;
        const source = this.#lifecycle.add(
            new FileSource({
                path: podManifestPath,
                nodeName,
                logger: this.#logger,
                clock: this.#clock,
                rescanMs: fileCheckFrequencyMs ?? kubeletDefaults.fileCheckFrequencyMs,
                onChange: (pods) => {
                    this.#setStaticPods(pods);
                },
            }),
        );
        await source.start();
    }

    #setStaticPods(pods: readonly V1Pod[]): void {
        const next = new Map(pods.map((pod) => [podUid(pod), pod]));
        const removed = [...this.#staticPods].filter(([uid]) => !next.has(uid));
        this.#staticPods = next;
        for (const [uid, pod] of removed) this.#workers.remove(uid, gracePeriodSeconds(pod));
        for (const pod of pods) this.#workers.update(pod);
        void this.#removeStaleMirrors();
    }

    #startApiPods(): void {
        if (this.#informers === undefined) return;
        this.#services = this.#informers.informer(serviceType);
        this.#apiPods = this.#informers.informer(podType, {
            fieldSelector: `spec.nodeName=${this.#options.nodeName}`,
        });
        this.#apiPods.addHandler({
            added: (pod) => {
                this.#onApiPod(pod);
            },
            updated: (pod) => {
                this.#onApiPod(pod);
            },
            deleted: (pod) => {
                this.#onApiPodGone(pod);
            },
        });
        this.#lifecycle.add(this.#informers);
        this.#informers.start();
    }

    #onApiPod(pod: V1Pod): void {
        if (!isMirrorPod(pod)) {
            this.#updateFromApi(pod);
            return;
        }
        this.#mirrors?.seen(pod);
        const uid = this.#kubeletUid(pod);
        this.#statuses.recheck(uid);
        if (pod.metadata?.deletionTimestamp !== undefined) this.#workers.kick(uid);
        if (!this.#staticPods.has(uid)) void this.#removeStaleMirrors();
    }

    /** A change of the status alone, most often our own, needs no sync: only a look at what we wrote. */
    #updateFromApi(pod: V1Pod): void {
        const known = this.#workers.get(podUid(pod))?.pod;
        this.#statuses.recheck(podUid(pod));
        if (known === undefined || !semanticEqual(syncInputs(known), syncInputs(pod)))
            this.#workers.update(pod);
    }

    #onApiPodGone(pod: V1Pod): void {
        if (isMirrorPod(pod)) {
            this.#mirrors?.gone(pod);
            // Its static pod still runs: the next sync makes a new mirror.
            this.#workers.kick(this.#kubeletUid(pod));
            return;
        }
        this.#workers.remove(podUid(pod), gracePeriodSeconds(pod));
    }

    async #removeStaleMirrors(): Promise<void> {
        const wanted = new Set([...this.#staticPods.values()].map(podKey));
        for (const mirror of this.#mirrors?.list() ?? []) {
            if (wanted.has(podKey(mirror))) continue;
            try {
                await this.#mirrors?.delete(mirror);
            } catch (error) {
                this.#logger.warn({ err: error, pod: podKey(mirror) }, 'cannot delete a mirror pod');
            }
        }
    }

    /** Ends what the runtime or the disk still has of pods that are neither in the API nor in a manifest. */
    async #adopt(): Promise<void> {
        const { signal } = this.#lifecycle;
        for (;;) {
            try {
                await this.#informers?.waitForSync(signal);
                await this.#cache.refresh();
                const onDisk = await this.#volumes.podUids();
                for (const uid of new Set([...this.#cache.uids(), ...onDisk]))
                    if (!this.#workers.has(uid)) this.#workers.removeOrphan(uid, orphanGraceSeconds);
                this.#workers.kickAll();
                return;
            } catch (error) {
                if (signal.aborted) return;
                this.#logger.warn({ err: error }, 'cannot look for orphaned pods yet');
                await new Promise<void>((resolve) => this.#clock.setTimer(runtimeRetryMs, resolve));
            }
        }
    }
}

/** The parts of a pod that a sync depends on. */
function syncInputs({ metadata, spec, status }: V1Pod): object {
    const foreign = (status?.conditions ?? []).filter(({ type }) => !kubeletConditionTypes.includes(type));
    return {
        spec,
        labels: metadata?.labels,
        annotations: metadata?.annotations,
        deletionTimestamp: metadata?.deletionTimestamp,
        deletionGracePeriodSeconds: metadata?.deletionGracePeriodSeconds,
        generation: metadata?.generation,
        conditions: foreign,
    };
}
