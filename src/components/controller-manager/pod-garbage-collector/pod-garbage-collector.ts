import { objectKey, type Stored, type V1Node, type V1Pod } from '../../../api/meta/object.ts';
import { isReason } from '../../../api/meta/status-error.ts';
import { Controller, done, requeueAfter, type Outcome } from '../../../client/controller.ts';
import type { Informer } from '../../../client/informer.ts';
import { nodes, pods } from '../../../client/resource-type.ts';
import type { ControllerContext, ControllerDefinition, RunnableController } from '../controller-context.ts';
import { markDisrupted } from '../shared/disruption-target.ts';
import { indexByNode, podsOnNode } from '../shared/pods-by-node.ts';
import { isOutOfService, isTerminated, podVerdict, surplusTerminated } from './pod-verdict.ts';

/** `--terminated-pod-gc-threshold` */
const terminatedPodsMax = 12_500;
/** A node that is deleted may be registered anew: so long its pods are left alone. */
const quarantineMs = 40_000;
/** Key that stands for all terminated pods; no pod's key is without a slash. */
const terminatedKey = 'terminated';

/** Deletes pods that nobody else will: of nodes that are gone, never scheduled, or too many that ended. */
class PodGarbageCollector implements RunnableController {
    readonly #context: ControllerContext;
    readonly #nodes: Informer<V1Node>;
    readonly #pods: Informer<V1Pod>;
    readonly #controller: Controller;
    /** Node name → since when pods refer to it in vain, monotonic. */
    readonly #missingSinceMs = new Map<string, number>();
    #terminated = 0;

    constructor(context: ControllerContext) {
        this.#context = context;
        this.#nodes = context.informers.informer(nodes);
        this.#pods = context.informers.informer(pods);
        this.#controller = new Controller({
            name: 'pod-garbage-collector',
            logger: context.logger,
            clock: context.clock,
            reconcile: async (key) =>
                key === terminatedKey ? await this.#collectTerminated() : await this.#reconcile(key),
        });
        indexByNode(this.#pods);
        this.#watch();
    }

    /** Nodes are only known to be missing once all have been listed. */
    start(): void {
        for (const pod of this.#pods.lister.list()) this.#look(pod);
        this.#controller.start();
    }

    async stop(): Promise<void> {
        await this.#controller.stop();
    }

    #watch(): void {
        this.#pods.addHandler({
            added: (pod) => {
                this.#count(undefined, pod);
                this.#look(pod);
            },
            updated: (pod, old) => {
                this.#count(old, pod);
                this.#look(pod);
            },
            deleted: (pod) => {
                this.#count(pod, undefined);
            },
        });
        const lookAtPods = ({ metadata }: Stored<V1Node>): void => {
            for (const pod of podsOnNode(this.#pods.lister, metadata.name)) this.#look(pod);
        };
        this.#nodes.addHandler({
            added: ({ metadata }) => {
                this.#missingSinceMs.delete(metadata.name);
            },
            updated: (node, old) => {
                if (isOutOfService(node) && !isOutOfService(old)) lookAtPods(node);
            },
            deleted: lookAtPods,
        });
    }

    #count(before: V1Pod | undefined, after: V1Pod | undefined): void {
        if (before !== undefined && isTerminated(before)) this.#terminated--;
        if (after !== undefined && isTerminated(after)) this.#terminated++;
        if (this.#terminated > terminatedPodsMax) this.#controller.enqueue(terminatedKey);
    }

    #look(pod: Stored<V1Pod>): void {
        if (this.#nodes.synced && this.#verdict(pod) !== 'keep') this.#controller.enqueue(objectKey(pod));
    }

    #verdict(pod: Stored<V1Pod>): ReturnType<typeof podVerdict> {
        return podVerdict(pod, this.#nodes.lister.get(pod.spec?.nodeName ?? ''));
    }

    async #reconcile(key: string): Promise<Outcome> {
        const pod = this.#pods.lister.get(key);
        if (pod === undefined) return done;
        const verdict = this.#verdict(pod);
        switch (verdict) {
            case 'keep':
                return done;
            case 'unscheduled':
                await this.#collect(pod, 'unscheduled pod is being deleted');
                return done;
            case 'out-of-service':
                await this.#collect(pod, 'node is out of service');
                return done;
            case 'orphaned':
                return await this.#orphaned(pod);
        }
    }

    async #orphaned(pod: Stored<V1Pod>): Promise<Outcome> {
        const nodeName = pod.spec?.nodeName ?? '';
        const nowMs = this.#context.clock.monotonicMs();
        const sinceMs = this.#missingSinceMs.get(nodeName) ?? nowMs;
        this.#missingSinceMs.set(nodeName, sinceMs);
        const remainingMs = sinceMs + quarantineMs - nowMs;
        if (remainingMs > 0) return requeueAfter(remainingMs);
        try {
            await this.#context.client.resource(nodes).get({ name: nodeName });
            // It is there after all; the informer shows it in a moment.
            this.#missingSinceMs.delete(nodeName);
            return done;
        } catch (error) {
            if (!isReason(error, 'NotFound')) throw error;
        }
        await this.#collect(pod, 'node is gone', {
            reason: 'DeletionByPodGC',
            message: 'PodGC: node no longer exists',
        });
        if (podsOnNode(this.#pods.lister, nodeName).length <= 1) this.#missingSinceMs.delete(nodeName);
        return done;
    }

    async #collectTerminated(): Promise<Outcome> {
        for (const pod of surplusTerminated(this.#pods.lister.list(), terminatedPodsMax)) {
            await this.#collect(pod, 'too many terminated pods');
        }
        return done;
    }

    async #collect(
        pod: Stored<V1Pod>,
        why: string,
        disruption?: { reason: string; message: string },
    ): Promise<void> {
        const { client, logger } = this.#context;
        const { namespace, name, uid } = pod.metadata;
        logger.info({ pod: objectKey(pod), why }, 'collecting pod');
        try {
            if (disruption !== undefined)
                await markDisrupted(this.#context, pod, { ...disruption, fail: true });
            else if (!isTerminated(pod)) {
                const body = { metadata: { uid }, status: { phase: 'Failed' } };
                await client
                    .resource(pods)
                    .patch({ namespace, name }, { type: 'strategic', body }, { subresource: 'status' });
            }
            const preconditions = uid === undefined ? {} : { preconditions: { uid } };
            await client
                .resource(pods)
                .delete({ namespace, name }, { gracePeriodSeconds: 0, ...preconditions });
        } catch (error) {
            if (!isReason(error, 'NotFound')) throw error;
        }
    }
}

export const podGarbageCollectorController: ControllerDefinition = {
    name: 'pod-garbage-collector-controller',
    serviceAccount: 'pod-garbage-collector',
    create: (context) => new PodGarbageCollector(context),
};
