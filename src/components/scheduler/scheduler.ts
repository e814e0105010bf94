import { getCondition } from '../../api/meta/conditions.ts';
import { semanticEqual } from '../../api/meta/deep.ts';
import type { V1Node, V1Pod, V1PodCondition } from '../../api/meta/object.ts';
import { isReason } from '../../api/meta/status-error.ts';
import type { Client } from '../../client/client.ts';
import { EventRecorder } from '../../client/event-recorder.ts';
import type { InformerFactory } from '../../client/informer-factory.ts';
import { nodes, pods } from '../../client/resource-type.ts';
import { rfc3339, type Clock } from '../../util/clock.ts';
import { Lifecycle, type Stoppable } from '../../util/lifecycle.ts';
import type { Logger } from '../../util/logger.ts';
import { SchedulerCache } from './cache.ts';
import type { ClusterEventKind, Plugin } from './framework.ts';
import { podInfo, type PodInfo } from './pod-info.ts';
import { defaultPlugins } from './plugins/index.ts';
import { scheduleOne } from './schedule-one.ts';
import { type QueuedPod, SchedulingQueue } from './scheduling-queue.ts';

export interface SchedulerOptions {
    client: Client;
    informers: InformerFactory;
    logger: Logger;
    clock: Clock;
    /** Pods with this spec.schedulerName are ours. */
    schedulerName: string;
    plugins?: readonly Plugin[];
    random?: () => number;
}

/** Bindings that may be under way at once; scheduling waits when there are more. */
const bindingsMax = 64;

/**
 * Gives every pending pod a node. One pod is decided at a time against the cache; bindings run in the
 * background, their outcome assumed.
 */
export class Scheduler implements Stoppable {
    readonly #options: SchedulerOptions;
    readonly #plugins: readonly Plugin[];
    readonly #cache = new SchedulerCache();
    readonly #queue: SchedulingQueue;
    readonly #lifecycle = new Lifecycle();
    readonly #events: EventRecorder;
    readonly #bindings = new Set<Promise<void>>();
    #startIndex = 0;
    #scheduled = false;
    #started = false;

    constructor(options: SchedulerOptions) {
        this.#options = options;
        this.#plugins = options.plugins ?? defaultPlugins;
        this.#queue = new SchedulingQueue(options.clock, () => {
            this.#wake();
        });
        const { client, logger, schedulerName, clock } = options;
        this.#events = new EventRecorder({ client, component: schedulerName, logger, clock });
        this.#watchNodes(options.informers);
        this.#watchPods(options.informers);
    }

    /** Begins to schedule once nodes and pods are known. */
    async start(): Promise<void> {
        await this.#options.informers.waitForSync(this.#lifecycle.signal);
        this.#started = true;
        this.#wake();
    }

    async stop(): Promise<void> {
        this.#queue.close();
        await this.#lifecycle.stop();
        await Promise.all(this.#bindings);
        await this.#events.stop();
    }

    #watchNodes(informers: InformerFactory): void {
        informers.informer(nodes).addHandler({
            added: (node) => {
                this.#cache.setNode(node);
                this.#queue.clusterEvent('nodeAdded');
            },
            updated: (node, old) => {
                this.#cache.setNode(node);
                for (const kind of nodeChanges(old, node)) this.#queue.clusterEvent(kind);
            },
            deleted: (node) => {
                this.#cache.removeNode(node.metadata.name);
            },
        });
    }

    #watchPods(informers: InformerFactory): void {
        informers.informer(pods).addHandler({
            added: (pod) => {
                this.#podSeen(pod, undefined);
            },
            updated: (pod, old) => {
                this.#podSeen(pod, old);
            },
            deleted: (pod) => {
                this.#queue.remove(pod);
                this.#cache.removePod(pod);
                if (pod.spec?.nodeName) this.#queue.clusterEvent('podDeleted');
            },
        });
    }

    #podSeen(pod: V1Pod, old: V1Pod | undefined): void {
        const finished = pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
        if (finished) {
            this.#queue.remove(pod);
            this.#cache.removePod(pod);
            if (pod.spec?.nodeName) this.#queue.clusterEvent('podDeleted');
        } else if (pod.spec?.nodeName) {
            this.#queue.remove(pod);
            this.#cache.setPod(pod);
            if (!old?.spec?.nodeName) this.#queue.clusterEvent('podAdded');
            else if (!semanticEqual(old.metadata?.labels, pod.metadata?.labels))
                this.#queue.clusterEvent('podUpdated');
        } else if (this.#responsibleFor(pod)) this.#queue.add(pod);
        else this.#queue.remove(pod);
    }

    #responsibleFor(pod: V1Pod): boolean {
        return (
            (pod.spec?.schedulerName ?? 'default-scheduler') === this.#options.schedulerName &&
            pod.metadata?.deletionTimestamp === undefined &&
            (pod.spec?.schedulingGates ?? []).length === 0 &&
            !this.#cache.isAssumed(pod)
        );
    }

    /** Schedules everything that is active, in a task of its own. */
    #wake(): void {
        if (!this.#started || this.#scheduled || this.#lifecycle.state !== 'running') return;
        this.#scheduled = true;
        setImmediate(() => {
            void this.#drain();
        });
    }

    async #drain(): Promise<void> {
        try {
            for (let queued = this.#queue.pop(); queued !== undefined; queued = this.#queue.pop()) {
                if (this.#bindings.size >= bindingsMax) await Promise.race(this.#bindings);
                this.#decide(queued);
            }
        } finally {
            this.#scheduled = false;
        }
    }

    #decide(queued: QueuedPod): void {
        const nodeInfos = this.#cache.nodes();
        const info = podInfo(queued.pod);
        const result = scheduleOne(info, nodeInfos, {
            plugins: this.#plugins,
            startIndex: this.#startIndex,
            random: this.#options.random ?? Math.random,
        });
        if (result.type === 'fits') {
            this.#startIndex = (this.#startIndex + result.evaluated) % Math.max(1, nodeInfos.length);
            this.#cache.assume(info, result.node);
            this.#inBackground(this.#bind(queued, info, result.node));
            return;
        }
        this.#queue.requeue(queued, { type: 'unschedulable', retryOn: result.retryOn });
        this.#events.event(typed(queued.pod), 'Warning', 'FailedScheduling', result.message);
        this.#inBackground(this.#report(queued.pod, 'Unschedulable', result.message));
    }

    #inBackground(work: Promise<void>): void {
        this.#bindings.add(work);
        void work.finally(() => this.#bindings.delete(work));
    }

    async #bind(queued: QueuedPod, info: PodInfo, node: string): Promise<void> {
        const { client, logger } = this.#options;
        const { namespace = '', name = '', uid } = info.pod.metadata ?? {};
        try {
            await client.resource(pods).createSubresource({ namespace, name }, 'binding', {
                apiVersion: 'v1',
                kind: 'Binding',
                metadata: { namespace, name, uid },
                target: { kind: 'Node', name: node },
            });
            this.#queue.done(queued);
            this.#events.event(
                typed(info.pod),
                'Normal',
                'Scheduled',
                `Successfully assigned ${namespace}/${name} to ${node}`,
            );
        } catch (error) {
            this.#cache.forget(info);
            if (isReason(error, 'NotFound') || isReason(error, 'Conflict')) {
                this.#queue.done(queued);
                return;
            }
            const message = `binding rejected: ${error instanceof Error ? error.message : String(error)}`;
            logger.warn({ pod: `${namespace}/${name}`, node, error: message }, 'binding failed');
            this.#queue.requeue(queued, { type: 'error' });
            this.#events.event(typed(info.pod), 'Warning', 'FailedScheduling', message);
            await this.#report(info.pod, 'SchedulerError', message);
        }
    }

    /** Sets the pod's PodScheduled condition; nothing is written when it says so already. Never rejects. */
    async #report(pod: V1Pod, reason: string, message: string): Promise<void> {
        const known = getCondition<V1PodCondition>(pod.status?.conditions, 'PodScheduled');
        if (known?.status === 'False' && known.reason === reason && known.message === message) return;
        const { namespace, name = '', uid } = pod.metadata ?? {};
        const condition: V1PodCondition = {
            type: 'PodScheduled',
            status: 'False',
            reason,
            message,
            lastTransitionTime:
                known?.status === 'False' ? known.lastTransitionTime : rfc3339(this.#options.clock.nowMs()),
        };
        try {
            await this.#options.client
                .resource(pods)
                .patch(
                    { namespace, name },
                    { type: 'strategic', body: { metadata: { uid }, status: { conditions: [condition] } } },
                    { subresource: 'status' },
                );
        } catch (error) {
            if (!isReason(error, 'NotFound') && !isReason(error, 'Conflict'))
                this.#options.logger.warn(
                    { pod: name, error: String(error) },
                    'writing the PodScheduled condition failed',
                );
        }
    }
}

/** Objects in lists have no kind; events need one. */
function typed(pod: V1Pod): V1Pod {
    return { ...pod, apiVersion: 'v1', kind: 'Pod' };
}

function nodeChanges(old: V1Node, node: V1Node): ClusterEventKind[] {
    const changes: ClusterEventKind[] = [];
    if (!semanticEqual(old.status?.allocatable, node.status?.allocatable)) changes.push('nodeAllocatable');
    if (!semanticEqual(old.metadata?.labels, node.metadata?.labels)) changes.push('nodeLabels');
    if (!semanticEqual(old.spec?.taints, node.spec?.taints)) changes.push('nodeTaints');
    if (old.spec?.unschedulable !== node.spec?.unschedulable) changes.push('nodeUnschedulable');
    return changes;
}
