import { deepEqual } from '../../../api/meta/deep.ts';
import { objectKey, type Stored, type V1Node, type V1Pod, type V1Taint } from '../../../api/meta/object.ts';
import { isReason } from '../../../api/meta/status-error.ts';
import { Controller, done, requeueAfter, type Outcome } from '../../../client/controller.ts';
import type { Informer } from '../../../client/informer.ts';
import { nodes, pods } from '../../../client/resource-type.ts';
import type { ControllerContext, ControllerDefinition, RunnableController } from '../controller-context.ts';
import { markDisrupted } from '../shared/disruption-target.ts';
import { indexByNode, podsOnNode } from '../shared/pods-by-node.ts';
import { evictionVerdict } from './eviction-delay.ts';

/**
 * Deletes pods from nodes with NoExecute taints that they do not tolerate, or no longer.
 * Invariant: `#tolerating` holds since when each pod lives with the taints of its node; only pods that
 * are to be evicted later are in it.
 */
class TaintEvictionController implements RunnableController {
    readonly #context: ControllerContext;
    readonly #nodes: Informer<V1Node>;
    readonly #pods: Informer<V1Pod>;
    readonly #controller: Controller;
    /** Pod key → pod uid and monotonic milliseconds. */
    readonly #tolerating = new Map<string, { uid: string; sinceMs: number }>();

    constructor(context: ControllerContext) {
        this.#context = context;
        this.#nodes = context.informers.informer(nodes);
        this.#pods = context.informers.informer(pods);
        this.#controller = new Controller({
            name: 'taint-eviction',
            logger: context.logger,
            clock: context.clock,
            reconcile: async (key) => await this.#reconcile(key),
        });
        indexByNode(this.#pods);
        this.#watch();
    }

    start(): void {
        this.#controller.start();
    }

    async stop(): Promise<void> {
        await this.#controller.stop();
    }

    #watch(): void {
        const enqueue = (pod: Stored<V1Pod>): void => this.#controller.enqueue(objectKey(pod));
        const enqueueNode = ({ metadata }: Stored<V1Node>): void =>
            podsOnNode(this.#pods.lister, metadata.name).forEach(enqueue);
        this.#nodes.addHandler({
            added: (node) => {
                if (noExecuteTaints(node).length > 0) enqueueNode(node);
            },
            updated: (node, old) => {
                if (!deepEqual(noExecuteTaints(node), noExecuteTaints(old))) enqueueNode(node);
            },
            deleted: enqueueNode,
        });
        const onTaintedNode = ({ spec }: V1Pod): boolean =>
            noExecuteTaints(this.#nodes.lister.get(spec?.nodeName ?? '')).length > 0;
        this.#pods.addHandler({
            added: (pod) => {
                if (onTaintedNode(pod)) enqueue(pod);
            },
            updated: (pod, old) => {
                const moved = pod.spec?.nodeName !== old.spec?.nodeName;
                const changed = moved || !deepEqual(pod.spec?.tolerations, old.spec?.tolerations);
                if (changed && onTaintedNode(pod)) enqueue(pod);
            },
            deleted: (pod) => {
                this.#tolerating.delete(objectKey(pod));
            },
        });
    }

    async #reconcile(key: string): Promise<Outcome> {
        const pod = this.#pods.lister.get(key);
        if (pod === undefined || pod.metadata.deletionTimestamp !== undefined) {
            this.#tolerating.delete(key);
            return done;
        }
        const taints = noExecuteTaints(this.#nodes.lister.get(pod.spec?.nodeName ?? ''));
        const verdict = evictionVerdict(taints, pod.spec?.tolerations ?? []);
        if (verdict.type === 'stays') {
            if (this.#tolerating.delete(key)) this.#record(pod, `Cancelling deletion of Pod ${key}`);
            return done;
        }
        const remainingMs = this.#sinceMs(key, pod) + verdict.afterMs - this.#context.clock.monotonicMs();
        if (remainingMs > 0) return requeueAfter(remainingMs);
        await this.#evict(key, pod);
        this.#tolerating.delete(key);
        return done;
    }

    #sinceMs(key: string, { metadata: { uid = '' } }: Stored<V1Pod>): number {
        const known = this.#tolerating.get(key);
        if (known?.uid === uid) return known.sinceMs;
        const sinceMs = this.#context.clock.monotonicMs();
        this.#tolerating.set(key, { uid, sinceMs });
        return sinceMs;
    }

    async #evict(key: string, pod: Stored<V1Pod>): Promise<void> {
        const { client, logger } = this.#context;
        const { namespace, name } = pod.metadata;
        logger.info({ pod: key }, 'evicting pod because of a taint');
        this.#record(pod, `Marking for deletion Pod ${key}`);
        try {
            await markDisrupted(this.#context, pod, {
                reason: 'DeletionByTaintManager',
                message: 'Taint manager: deleting due to NoExecute taint',
            });
            await client.resource(pods).delete({ namespace, name });
        } catch (error) {
            if (!isReason(error, 'NotFound')) throw error;
        }
    }

    #record(pod: Stored<V1Pod>, message: string): void {
        this.#context.events.event(pod, 'Normal', 'TaintManagerEviction', message);
    }
}

const noExecuteTaints = (node: V1Node | undefined): V1Taint[] =>
    (node?.spec?.taints ?? []).filter(({ effect }) => effect === 'NoExecute');

export const taintEvictionController: ControllerDefinition = {
    name: 'taint-eviction-controller',
    serviceAccount: 'node-controller',
    create: (context) => new TaintEvictionController(context),
};
