import { deepEqual, semanticEqual } from '../../../api/meta/deep.ts';
import { objectKey, type V1DaemonSet, type V1Node, type V1Pod } from '../../../api/meta/object.ts';
import { controllerRef } from '../../../api/meta/owner-references.ts';
import { labelSelectorMatcher } from '../../../api/meta/selectors.ts';
import type { ResourceClient } from '../../../client/client.ts';
import { Controller, done, requeueAfter, type Outcome } from '../../../client/controller.ts';
import { Expectations } from '../../../client/expectations.ts';
import type { Informer } from '../../../client/informer.ts';
import { controllerRevisions, daemonSets, nodes, pods } from '../../../client/resource-type.ts';
import type { ControllerContext, ControllerDefinition, RunnableController } from '../controller-context.ts';
import { nextAvailabilityMs } from '../replica-set/replica-status.ts';
import { claim } from '../shared/claim.ts';
import { controlledOrOrphaned, indexByController } from '../shared/owner-index.ts';
import { isNamespaceTerminating, PodControl } from '../shared/pod-control.ts';
import { podEvents } from '../shared/pod-events.ts';
import { RevisionHistory, type Revision } from '../shared/revision-history.ts';
import { slowStartBatch } from '../shared/slow-start.ts';
import {
    groupByNode,
    revisionHashLabel,
    targetNode,
    templateForNode,
    type DaemonPod,
    type DaemonSet,
} from './daemon-pod.ts';
import { daemonStatus } from './daemon-status.ts';
import { FailedPodBackoff } from './failed-pod-backoff.ts';
import { nodeEligibility } from './node-eligibility.ts';
import { planNode } from './node-plan.ts';
import { updateStep } from './rolling-update.ts';

const ownerKind = { apiVersion: 'apps/v1', kind: 'DaemonSet' };
/** Pods created, and pods deleted, in one step at most. */
const burstReplicas = 250;
const slowStartInitialBatchSize = 1;

/** Runs one pod on every node that is meant. */
export const daemonSetController: ControllerDefinition = {
    name: 'daemonset-controller',
    serviceAccount: 'daemon-set-controller',
    create: (context) => new DaemonSetController(context),
};

interface Round {
    readonly key: string;
    readonly set: DaemonSet;
    readonly pods: readonly DaemonPod[];
    readonly hash: string;
    readonly nowMs: number;
    requeueMs: number;
}

class DaemonSetController implements RunnableController {
    readonly #context: ControllerContext;
    readonly #sets: Informer<V1DaemonSet>;
    readonly #pods: Informer<V1Pod>;
    readonly #nodes: Informer<V1Node>;
    readonly #client: ResourceClient<V1DaemonSet>;
    readonly #podControl: PodControl;
    readonly #expectations: Expectations;
    readonly #history: RevisionHistory<V1DaemonSet>;
    readonly #backoff: FailedPodBackoff;
    readonly #controller: Controller;

    constructor(context: ControllerContext) {
        const { client, clock, events, informers, logger } = context;
        this.#context = context;
        this.#sets = informers.informer(daemonSets);
        this.#pods = informers.informer(pods);
        this.#nodes = informers.informer(nodes);
        this.#client = client.resource(daemonSets);
        this.#podControl = new PodControl(client, events);
        this.#expectations = new Expectations(clock);
        this.#backoff = new FailedPodBackoff(clock);
        this.#history = new RevisionHistory({
            informer: informers.informer(controllerRevisions),
            resource: client.resource(controllerRevisions),
            owners: this.#client,
            ownerKind,
            hashLabel: revisionHashLabel,
        });
        this.#controller = new Controller({
            name: 'daemonset',
            logger,
            clock,
            reconcile: async (key) => await this.#reconcile(key),
        });
        indexByController(this.#pods);
        this.#watch();
    }

    start(): void {
        this.#controller.start();
    }

    async stop(): Promise<void> {
        await this.#controller.stop();
    }

    #watch(): void {
        const enqueue = (set: DaemonSet): void => this.#controller.enqueue(objectKey(set));
        this.#sets.addHandler({
            added: enqueue,
            updated: enqueue,
            deleted: (set) => this.#expectations.forget(objectKey(set)),
        });
        this.#pods.addHandler(
            podEvents({
                kind: { type: daemonSets, selector: ({ spec }) => labelSelectorMatcher(spec?.selector) },
                owners: this.#sets.lister,
                expectations: this.#expectations,
                enqueue: (key) => this.#controller.enqueue(key),
            }),
        );
        this.#nodes.addHandler({
            added: (node) => this.#enqueueConcerned([node]),
            deleted: () => this.#sets.lister.list().forEach(enqueue),
            updated: (node, old) => {
                const sameLabels = deepEqual(node.metadata.labels, old.metadata.labels);
                if (!sameLabels || !deepEqual(node.spec?.taints, old.spec?.taints)) {
                    this.#enqueueConcerned([node, old]);
                }
            },
        });
    }

    /** Wakes the daemons for which the versions of a node make a difference. */
    #enqueueConcerned(versions: readonly V1Node[]): void {
        for (const set of this.#sets.lister.list()) {
            const [now, before] = versions.map((node) => nodeEligibility(set, node));
            const concerned = before === undefined ? now?.shouldRun === true : !deepEqual(now, before);
            if (concerned) this.#controller.enqueue(objectKey(set));
        }
    }

    async #reconcile(key: string): Promise<Outcome> {
        const set = this.#sets.lister.get(key);
        if (set === undefined) return done;
        if (labelSelectorMatcher(set.spec?.selector).isEmpty) return this.#refuse(set);
        if (set.metadata.deletionTimestamp !== undefined) return done;
        const revisions = await this.#history.list(set);
        const current = await this.#history.current(set, revisions);
        if (current.type === 'collision') return await this.#resolveCollision(set);
        const round = await this.#startRound(key, set, current.revision);
        let failure: unknown;
        if (this.#expectations.satisfied(key)) {
            failure = await this.#manage(round);
            if (failure === undefined && this.#expectations.satisfied(key))
                failure = await this.#update(round);
            const old = revisions.filter(({ metadata }) => metadata.name !== current.revision.metadata.name);
            if (failure === undefined) await this.#history.truncate(set, old, liveIn(round.pods));
        }
        await this.#updateStatus(round);
        if (failure !== undefined)
            throw failure instanceof Error ? failure : new Error('reconciling failed', { cause: failure });
        return Number.isFinite(round.requeueMs) ? requeueAfter(round.requeueMs) : done;
    }

    async #startRound(key: string, set: DaemonSet, revision: Revision): Promise<Round> {
        const claimed = await this.#claimPods(set);
        const nowMs = this.#context.clock.nowMs();
        const availableMs = nextAvailabilityMs(claimed, set.spec?.minReadySeconds ?? 0, nowMs);
        return {
            key,
            set,
            pods: claimed,
            hash: revision.metadata.labels?.[revisionHashLabel] ?? '',
            nowMs,
            requeueMs: availableMs ?? Number.POSITIVE_INFINITY,
        };
    }

    #refuse(set: DaemonSet): Outcome {
        const message = 'This daemon set is selecting all pods. A non-empty selector is required.';
        this.#context.events.event(set, 'Warning', 'SelectingAll', message);
        return done;
    }

    async #resolveCollision(set: DaemonSet): Promise<Outcome> {
        const { status = daemonStatus(set, { nodes: [], podsByNode: new Map(), hash: '', nowMs: 0 }) } = set;
        const collisionCount = (status.collisionCount ?? 0) + 1;
        await this.#client.updateStatus({ ...set, status: { ...status, collisionCount } });
        return done;
    }

    async #claimPods(set: DaemonSet): Promise<DaemonPod[]> {
        const { namespace, name } = set.metadata;
        return await claim(controlledOrOrphaned(this.#pods.lister, set), {
            owner: set,
            ownerKind,
            matcher: labelSelectorMatcher(set.spec?.selector),
            resource: this.#context.client.resource(pods),
            freshOwner: async () => await this.#client.get({ namespace, name }),
        });
    }

    /** One pod on each node that should have one, none on the others. */
    async #manage(round: Round): Promise<unknown> {
        const { set, hash, nowMs } = round;
        const podsByNode = groupByNode(round.pods);
        const create: string[] = [];
        const remove: DaemonPod[] = [];
        const nodeList = this.#nodes.lister.list();
        for (const node of nodeList) {
            const { name } = node.metadata;
            const eligibility = nodeEligibility(set, node);
            const plan = planNode(set, { eligibility, pods: podsByNode.get(name) ?? [], hash, nowMs });
            if (plan.create) create.push(name);
            remove.push(...plan.delete, ...this.#overOnNode(round, name, plan));
        }
        remove.push(...this.#withoutNode(round.pods, nodeList));
        return await this.#sync(round, create, remove);
    }

    /** Pods that are over and may be replaced now. */
    #overOnNode(
        round: Round,
        node: string,
        { failed, succeeded }: { failed: readonly DaemonPod[]; succeeded: readonly DaemonPod[] },
    ): DaemonPod[] {
        const { set } = round;
        const { events } = this.#context;
        const describe = ({ metadata }: DaemonPod, state: string, end: string): string =>
            `Found ${state} daemon pod ${metadata.namespace ?? ''}/${metadata.name} on node ${node}, will try to ${end} it`;
        const backoffKey = `${set.metadata.uid ?? ''}/${set.status?.observedGeneration ?? 0}/${node}`;
        const due = failed.filter((pod) => {
            const delayMs = this.#backoff.delayMs(backoffKey);
            if (delayMs > 0) {
                round.requeueMs = Math.min(round.requeueMs, delayMs);
                return false;
            }
            events.event(set, 'Warning', 'FailedDaemonPod', describe(pod, 'failed', 'kill'));
            return true;
        });
        for (const pod of succeeded) {
            events.event(set, 'Normal', 'SucceededDaemonPod', describe(pod, 'succeeded', 'delete'));
        }
        return [...due, ...succeeded];
    }

    /** Pods that were never assigned, for nodes that are gone: nobody else deletes them. */
    #withoutNode(all: readonly DaemonPod[], nodeList: readonly V1Node[]): DaemonPod[] {
        const names = new Set(nodeList.map(({ metadata }) => metadata?.name));
        return all.filter((pod) => {
            if (pod.spec?.nodeName || pod.metadata.deletionTimestamp !== undefined) return false;
            const node = targetNode(pod);
            return node !== undefined && !names.has(node);
        });
    }

    async #update(round: Round): Promise<unknown> {
        const { set, hash, nowMs } = round;
        if (set.spec?.updateStrategy?.type !== 'RollingUpdate') return undefined;
        const wanted = this.#nodes.lister
            .list()
            .filter((node) => nodeEligibility(set, node).shouldRun)
            .map(({ metadata }) => metadata.name);
        // Read again: what was created a moment ago counts.
        const podsByNode = groupByNode(await this.#claimPods(set));
        const step = updateStep(set, { podsByNode, wanted, hash, nowMs });
        return await this.#sync(round, step.create, step.delete);
    }

    /** Resolves with the first error that was met. */
    async #sync(round: Round, toCreate: readonly string[], toDelete: readonly DaemonPod[]): Promise<unknown> {
        const create = toCreate.slice(0, burstReplicas);
        const remove = toDelete.slice(0, burstReplicas);
        if (create.length === 0 && remove.length === 0) return undefined;
        this.#expectations.expect(round.key, create.length, remove.map(objectKey));
        const [created, deleted] = await Promise.all([
            this.#create(round, create),
            this.#delete(round, remove),
        ]);
        return created ?? deleted;
    }

    async #create({ key, set, hash }: Round, nodeNames: readonly string[]): Promise<unknown> {
        const ownerReference = controllerRef(set, ownerKind);
        let tried = 0;
        const count = nodeNames.length;
        const { error } = await slowStartBatch(count, slowStartInitialBatchSize, async (i) => {
            tried++;
            const template = templateForNode(set, { node: nodeNames[i] ?? '', hash });
            try {
                await this.#podControl.create({ template, owner: set, ownerReference });
            } catch (error) {
                this.#expectations.creationObserved(key);
                if (!isNamespaceTerminating(error)) throw error;
            }
        });
        if (tried < count) this.#expectations.creationObserved(key, count - tried);
        return error;
    }

    async #delete({ key, set }: Round, remove: readonly DaemonPod[]): Promise<unknown> {
        const results = await Promise.allSettled(
            remove.map(async (pod) => {
                try {
                    const outcome = await this.#podControl.delete(pod, set);
                    if (outcome === 'gone') this.#expectations.deletionObserved(key, objectKey(pod));
                } catch (error) {
                    this.#expectations.deletionObserved(key, objectKey(pod));
                    throw error;
                }
            }),
        );
        return results.find((result) => result.status === 'rejected')?.reason;
    }

    async #updateStatus({ set, pods: daemonPods, hash, nowMs }: Round): Promise<void> {
        const podsByNode = groupByNode(daemonPods);
        const status = daemonStatus(set, { nodes: this.#nodes.lister.list(), podsByNode, hash, nowMs });
        if (!semanticEqual(set.status, status)) await this.#client.updateStatus({ ...set, status });
    }
}

/** Revisions that some pod still has. */
function liveIn(daemonPods: readonly DaemonPod[]): (revision: Revision) => boolean {
    const hashes = new Set(daemonPods.map(({ metadata }) => metadata.labels?.[revisionHashLabel]));
    return ({ metadata }) => hashes.has(metadata.labels?.[revisionHashLabel]);
}
