import {
    apiVersionOf,
    objectKey,
    splitObjectKey,
    type ApiObject,
    type Stored,
    type V1Pod,
} from '../../../api/meta/object.ts';
import { controllerRef } from '../../../api/meta/owner-references.ts';
import type { ResourceClient } from '../../../client/client.ts';
import { Controller, done, requeueAfter, type Outcome } from '../../../client/controller.ts';
import { Expectations } from '../../../client/expectations.ts';
import type { Informer } from '../../../client/informer.ts';
import { pods } from '../../../client/resource-type.ts';
import type { ControllerContext, RunnableController } from '../controller-context.ts';
import { claim } from '../shared/claim.ts';
import { controlledBy, controlledOrOrphaned, indexByController } from '../shared/owner-index.ts';
import { isNamespaceTerminating, PodControl } from '../shared/pod-control.ts';
import { podEvents } from '../shared/pod-events.ts';
import { podsToDelete } from '../shared/pod-ranking.ts';
import { isPodActive, isPodTerminating } from '../shared/pod-status.ts';
import { slowStartBatch } from '../shared/slow-start.ts';
import type { ReplicaKind, ReplicaOwner } from './replica-owner.ts';
import { nextAvailabilityMs, replicaStatus, sameStatus } from './replica-status.ts';

/** Pods created or deleted in one reconcile at most. */
const burstReplicas = 500;
const slowStartInitialBatchSize = 1;
/** A status that met a conflict is tried this many times more, on a fresh copy. */
const statusRetries = 1;

/**
 * Keeps the number of pods of each owner at `spec.replicas`: upstream's ReplicaSetController, which is
 * also the ReplicationController.
 */
export class ReplicaController<T extends ReplicaOwner> implements RunnableController {
    readonly #kind: ReplicaKind<T>;
    readonly #context: ControllerContext;
    readonly #owners: Informer<T>;
    readonly #pods: Informer<V1Pod>;
    readonly #ownerClient: ResourceClient<T>;
    readonly #podControl: PodControl;
    readonly #expectations: Expectations;
    readonly #controller: Controller;

    constructor(kind: ReplicaKind<T>, context: ControllerContext) {
        this.#kind = kind;
        this.#context = context;
        this.#owners = context.informers.informer(kind.type);
        this.#pods = context.informers.informer(pods);
        this.#ownerClient = context.client.resource(kind.type);
        this.#podControl = new PodControl(context.client, context.events);
        this.#expectations = new Expectations(context.clock);
        this.#controller = new Controller({
            name: kind.queue,
            logger: context.logger,
            clock: context.clock,
            reconcile: async (key) => await this.#reconcile(key),
        });
        indexByController(this.#pods);
        indexByController(this.#owners);
        this.#watch();
    }

    start(): void {
        this.#controller.start();
    }

    async stop(): Promise<void> {
        await this.#controller.stop();
    }

    #watch(): void {
        const enqueue = (owner: ApiObject): void => this.#controller.enqueue(objectKey(owner));
        this.#owners.addHandler({ added: enqueue, updated: enqueue, deleted: enqueue });
        this.#pods.addHandler(
            podEvents({
                kind: this.#kind,
                owners: this.#owners.lister,
                expectations: this.#expectations,
                enqueue: (key) => this.#controller.enqueue(key),
            }),
        );
    }

    async #reconcile(key: string): Promise<Outcome> {
        const owner = this.#owners.lister.get(key);
        if (owner === undefined) {
            this.#expectations.forget(key);
            return done;
        }
        // Asked before the pods are read: what is expected later is not in them.
        const mayManage = this.#expectations.satisfied(key);
        const candidates = controlledOrOrphaned(this.#pods.lister, owner);
        const active = await this.#claim(owner, candidates.filter(isPodActive));
        const terminating = this.#kind.countsTerminating
            ? await this.#claim(owner, candidates.filter(isPodTerminating))
            : undefined;
        let failure: unknown;
        if (mayManage && owner.metadata.deletionTimestamp === undefined) {
            failure = await this.#manage(key, owner, active);
        }
        const nowMs = this.#context.clock.nowMs();
        await this.#updateStatus(owner, (current) =>
            replicaStatus(current, { active, terminating, failure, nowMs }),
        );
        if (failure !== undefined) throw toError(failure);
        const afterMs = nextAvailabilityMs(active, owner.spec?.minReadySeconds ?? 0, nowMs);
        return afterMs === undefined ? done : requeueAfter(afterMs);
    }

    async #claim(owner: Stored<T>, candidates: readonly Stored<V1Pod>[]): Promise<Stored<V1Pod>[]> {
        const { namespace, name } = owner.metadata;
        return await claim(candidates, {
            owner,
            ownerKind: this.#ownerKind(),
            matcher: this.#kind.selector(owner),
            resource: this.#context.client.resource(pods),
            freshOwner: async () => await this.#ownerClient.get({ namespace, name }),
        });
    }

    #ownerKind(): { apiVersion: string; kind: string } {
        return { apiVersion: apiVersionOf(this.#kind.type), kind: this.#kind.type.kind };
    }

    /** Creates or deletes what is missing or too much; resolves with the error it ended with. */
    async #manage(key: string, owner: Stored<T>, active: readonly Stored<V1Pod>[]): Promise<unknown> {
        const difference = active.length - (owner.spec?.replicas ?? 1);
        if (difference < 0) return await this.#create(key, owner, Math.min(-difference, burstReplicas));
        if (difference > 0) return await this.#delete(key, owner, { active, count: difference });
        return undefined;
    }

    async #create(key: string, owner: Stored<T>, count: number): Promise<unknown> {
        const template = owner.spec?.template;
        if (template === undefined) return undefined;
        this.#context.logger.debug({ key, count }, 'too few replicas, creating pods');
        const ownerReference = controllerRef(owner, this.#ownerKind());
        this.#expectations.expectCreations(key, count);
        let tried = 0;
        const { error } = await slowStartBatch(count, slowStartInitialBatchSize, async () => {
            tried++;
            try {
                await this.#podControl.create({ template, owner, ownerReference });
            } catch (error) {
                if (isNamespaceTerminating(error)) return;
                this.#expectations.creationObserved(key);
                throw error;
            }
        });
        if (tried < count) this.#expectations.creationObserved(key, count - tried);
        return error;
    }

    async #delete(
        key: string,
        owner: Stored<T>,
        { active, count }: { active: readonly Stored<V1Pod>[]; count: number },
    ): Promise<unknown> {
        this.#context.logger.debug({ key, count }, 'too many replicas, deleting pods');
        const chosen = podsToDelete(active, {
            count: Math.min(count, burstReplicas),
            related: this.#relatedPods(owner),
            nowMs: this.#context.clock.nowMs(),
        });
        this.#expectations.expectDeletions(key, chosen.map(objectKey));
        const results = await Promise.allSettled(
            chosen.map(async (pod) => {
                try {
                    const outcome = await this.#podControl.delete(pod, owner);
                    if (outcome === 'gone') this.#expectations.deletionObserved(key, objectKey(pod));
                } catch (error) {
                    this.#expectations.deletionObserved(key, objectKey(pod));
                    throw error;
                }
            }),
        );
        const failed = results.find((result) => result.status === 'rejected');
        return failed?.reason;
    }

    /** Active pods of all owners that the same object manages (the ReplicaSets of one Deployment). */
    #relatedPods(owner: Stored<T>): V1Pod[] {
        const manager = owner.metadata.ownerReferences?.find(({ controller }) => controller === true);
        const owners =
            manager === undefined
                ? [owner]
                : controlledBy(this.#owners.lister, { metadata: { uid: manager.uid } });
        return owners.flatMap((o) => controlledBy(this.#pods.lister, o)).filter(isPodActive);
    }

    async #updateStatus(
        owner: Stored<T>,
        statusOf: (owner: Stored<T>) => ReturnType<typeof replicaStatus>,
    ): Promise<void> {
        let current = owner;
        for (let attempt = 0; ; attempt++) {
            const status = statusOf(current);
            if (sameStatus(current.status, status)) return;
            try {
                await this.#ownerClient.updateStatus({ ...current, status });
                return;
            } catch (error) {
                if (attempt >= statusRetries) throw error;
            }
            current = await this.#ownerClient.get(splitObjectKey(objectKey(owner)));
        }
    }
}

const toError = (reason: unknown): Error => (reason instanceof Error ? reason : new Error(String(reason)));
