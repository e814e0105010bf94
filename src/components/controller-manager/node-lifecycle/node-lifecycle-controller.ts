import { getCondition } from '../../../api/meta/conditions.ts';
import { objectKey, type Stored, type V1Lease, type V1Node, type V1Pod } from '../../../api/meta/object.ts';
import { isReason } from '../../../api/meta/status-error.ts';
import { Controller, done, requeueAfter, type Outcome } from '../../../client/controller.ts';
import type { Informer } from '../../../client/informer.ts';
import { leases, nodes, pods } from '../../../client/resource-type.ts';
import { rfc3339 } from '../../../util/clock.ts';
import type { ControllerContext, ControllerDefinition, RunnableController } from '../controller-context.ts';
import { isPodReady } from '../shared/pod-status.ts';
import { indexByNode, podsOnNode } from '../shared/pods-by-node.ts';
import { EvictionPace } from './eviction-pace.ts';
import { Heartbeats } from './heartbeats.ts';
import { lostConditions, outdatedLabels } from './lost-node.ts';
import { evictingTaint, hasEvictingTaint, wantedTaints, type NoExecutePolicy } from './node-taints.ts';

const leaseNamespace = 'kube-node-lease';

/**
 * Watches over nodes: one that is not heard of becomes Unknown, its pods unready; taints follow
 * conditions, and NoExecute taints, which drive pods away, are set at a limited pace. Each node is a key
 * that comes back by itself when its grace period runs out.
 */
class NodeLifecycleController implements RunnableController {
    readonly #context: ControllerContext;
    readonly #nodes: Informer<V1Node>;
    readonly #pods: Informer<V1Pod>;
    readonly #heartbeats: Heartbeats;
    readonly #pace: EvictionPace;
    readonly #controller: Controller;

    constructor(context: ControllerContext) {
        const { informers, logger, clock } = context;
        this.#context = context;
        this.#nodes = informers.informer(nodes);
        this.#pods = informers.informer(pods);
        this.#heartbeats = new Heartbeats(clock);
        this.#pace = new EvictionPace(clock);
        this.#controller = new Controller({
            name: 'node_lifecycle_controller',
            logger,
            clock,
            reconcile: async (name) => await this.#reconcile(name),
        });
        indexByNode(this.#pods);
        this.#watchNodes();
        const renewed = (lease: Stored<V1Lease>): void => {
            if (lease.metadata.namespace === leaseNamespace) this.#heartbeats.lease(lease);
        };
        informers.informer(leases).addHandler({ added: renewed, updated: renewed });
        const assigned = (pod: Stored<V1Pod>): void => {
            const node = this.#nodes.lister.get(pod.spec?.nodeName ?? '');
            if (node !== undefined && isPodReady(pod) && readyStatus(node) === 'Unknown') {
                this.#controller.enqueue(node.metadata.name);
            }
        };
        this.#pods.addHandler({ added: assigned, updated: assigned });
    }

    start(): void {
        this.#zonesChanged();
        this.#controller.start();
    }

    async stop(): Promise<void> {
        await this.#controller.stop();
    }

    #watchNodes(): void {
        this.#nodes.addHandler({
            added: (node) => {
                this.#heartbeats.node(node);
                const { name } = node.metadata;
                this.#recordNode(node, 'RegisteredNode', `Registered Node ${name} in Controller`);
                this.#zonesChanged();
                this.#controller.enqueue(name);
            },
            updated: (node, old) => {
                this.#heartbeats.node(node);
                if (readyStatus(node) !== readyStatus(old)) this.#zonesChanged();
                this.#controller.enqueue(node.metadata.name);
            },
            deleted: (node) => {
                const { name } = node.metadata;
                this.#heartbeats.forget(name);
                this.#pace.settled(name);
                this.#recordNode(node, 'RemovingNode', `Removing Node ${name} from Controller`);
                this.#zonesChanged();
            },
        });
    }

    /** Paces follow the state of the zones; who was held back is looked at again. */
    #zonesChanged(): void {
        const change = this.#pace.update(this.#nodes.lister.list());
        if (change === 'none') return;
        if (change === 'recovered') this.#heartbeats.resetAll();
        for (const { metadata } of this.#nodes.lister.list()) this.#controller.enqueue(metadata.name);
    }

    async #reconcile(name: string): Promise<Outcome> {
        const node = this.#nodes.lister.get(name);
        if (node === undefined) return done;
        try {
            return await this.#watchOver(node);
        } catch (error) {
            if (isReason(error, 'NotFound')) return done;
            throw error;
        }
    }

    async #watchOver(node: Stored<V1Node>): Promise<Outcome> {
        const { name } = node.metadata;
        let current = node;
        if (this.#heartbeats.remainingMs(name) === 0) current = await this.#markLost(current);
        current = await this.#syncLabels(current);
        const { policy, waitMs } = this.#noExecutePolicy(current);
        await this.#syncTaints(current, policy);
        if (policy !== 'hold') this.#pace.settled(name);
        if (readyStatus(current) === 'Unknown') await this.#markPodsUnready(name);
        const remainingMs = this.#heartbeats.remainingMs(name);
        // A lost node comes back with its next heartbeat.
        const wakeMs = remainingMs === 0 ? waitMs : Math.min(remainingMs, waitMs ?? remainingMs);
        return wakeMs === undefined ? done : requeueAfter(wakeMs);
    }

    #noExecutePolicy(node: Stored<V1Node>): { policy: NoExecutePolicy; waitMs?: number } {
        if (this.#pace.isAllDisrupted) return { policy: 'remove' };
        if (evictingTaint(node) === undefined || hasEvictingTaint(node)) return { policy: 'apply' };
        const turn = this.#pace.take(node);
        switch (turn.type) {
            case 'go':
                return { policy: 'apply' };
            case 'wait':
                return { policy: 'hold', waitMs: turn.waitMs };
            case 'stopped':
                return { policy: 'hold' };
        }
    }

    async #markLost(node: Stored<V1Node>): Promise<Stored<V1Node>> {
        const conditions = lostConditions(node, this.#now());
        if (conditions === undefined) return node;
        const { name } = node.metadata;
        this.#context.logger.warn({ node: name }, 'node is not heard of any more');
        const wasReady = readyStatus(node) === 'True';
        const { resourceVersion } = node.metadata;
        const body = { metadata: { resourceVersion }, status: { conditions } };
        const updated = await this.#context.client
            .resource(nodes)
            .patch({ name }, { type: 'strategic', body }, { subresource: 'status' });
        if (wasReady) this.#record(updated, 'NodeNotReady', `Node ${name} status is now: NodeNotReady`);
        return updated;
    }

    async #syncLabels(node: Stored<V1Node>): Promise<Stored<V1Node>> {
        const labels = outdatedLabels(node);
        if (Object.keys(labels).length === 0) return node;
        const body = { metadata: { labels } };
        return await this.#context.client
            .resource(nodes)
            .patch({ name: node.metadata.name }, { type: 'strategic', body });
    }

    async #syncTaints(node: Stored<V1Node>, policy: NoExecutePolicy): Promise<void> {
        const current = node.spec?.taints ?? [];
        const taints = wantedTaints(node, policy, this.#now());
        if (taints === current || (taints.length === 0 && current.length === 0)) return;
        const { name, resourceVersion } = node.metadata;
        this.#context.logger.info({ node: name, taints }, 'node taints changed');
        const body = { metadata: { resourceVersion }, spec: { taints } };
        await this.#context.client.resource(nodes).patch({ name }, { type: 'merge', body });
    }

    /** Nobody on a lost node can say that a pod is ready. */
    async #markPodsUnready(nodeName: string): Promise<void> {
        const resource = this.#context.client.resource(pods);
        for (const pod of podsOnNode(this.#pods.lister, nodeName)) {
            if (!isPodReady(pod)) continue;
            const { namespace, name, uid } = pod.metadata;
            const condition = { type: 'Ready', status: 'False', lastTransitionTime: this.#now() };
            const body = { metadata: { uid }, status: { conditions: [condition] } };
            try {
                await resource.patch(
                    { namespace, name },
                    { type: 'strategic', body },
                    { subresource: 'status' },
                );
            } catch (error) {
                if (isReason(error, 'NotFound')) continue;
                throw error;
            }
            this.#context.logger.debug({ pod: objectKey(pod) }, 'pod marked as not ready');
            this.#context.events.event(pod, 'Warning', 'NodeNotReady', 'Node is not ready');
        }
    }

    #recordNode(node: Stored<V1Node>, reason: string, what: string): void {
        this.#record(node, reason, `Node ${node.metadata.name} event: ${what}`);
    }

    #record(node: Stored<V1Node>, reason: string, message: string): void {
        this.#context.events.event(node, 'Normal', reason, message);
    }

    #now(): string {
        return rfc3339(this.#context.clock.nowMs());
    }
}

const readyStatus = ({ status }: V1Node): string | undefined =>
    getCondition(status?.conditions, 'Ready')?.status;

export const nodeLifecycleController: ControllerDefinition = {
    name: 'node-lifecycle-controller',
    serviceAccount: 'node-controller',
    create: (context) => new NodeLifecycleController(context),
};
