import type { ApiObject, Stored } from '../../../api/meta/object.ts';
import { Controller, done, type Outcome } from '../../../client/controller.ts';
import { Lifecycle } from '../../../util/lifecycle.ts';
import type { ControllerContext, ControllerDefinition, RunnableController } from '../controller-context.ts';
import { discover, type DiscoveredResource } from '../shared/discovery.ts';
import { AbsentOwners } from './absent-owners.ts';
import { blockingDependents, foregroundFinalizer, orphanFinalizer, type GraphNode } from './graph-node.ts';
import { Monitors } from './monitors.ts';
import { OwnerGraph } from './owner-graph.ts';
import { classifyReferences, LiveObjects, NamespacedOwnerError } from './references.ts';
import { Removal } from './removal.ts';

/** Custom resources that appear are watched after this time at most. */
const discoveryIntervalMs = 30_000;
/** After this work begins even if a resource cannot be listed: every decision is checked by a live read. */
const firstSyncTimeoutMs = 30_000;
const workers = 10;

/**
 * Deletes objects whose owners are gone, and carries out foreground and orphaning deletions.
 * Keys of `#deletions` are "verify/uid" (does this owner exist?) and "delete/uid"; keys of `#orphans`
 * are uids.
 */
class GarbageCollector implements RunnableController {
    readonly #context: ControllerContext;
    readonly #lifecycle = new Lifecycle();
    readonly #absent = new AbsentOwners();
    readonly #graph: OwnerGraph;
    readonly #monitors: Monitors;
    readonly #live: LiveObjects;
    readonly #removal: Removal;
    readonly #deletions: Controller;
    readonly #orphans: Controller;
    #kinds: ReadonlyMap<string, DiscoveredResource> = new Map<string, DiscoveredResource>();
    #starting: Promise<void> | undefined;

    constructor(context: ControllerContext) {
        const { client, informers, logger, clock } = context;
        this.#context = context;
        this.#live = new LiveObjects(client, () => this.#kinds);
        this.#removal = new Removal(this.#live);
        const controller = (name: string, reconcile: (key: string) => Promise<Outcome>): Controller =>
            new Controller({ name, logger, clock, workers, reconcile });
        this.#deletions = controller(
            'garbage_collector_attempt_to_delete',
            async (key) => await this.#attemptToDelete(key),
        );
        this.#orphans = controller(
            'garbage_collector_attempt_to_orphan',
            async (uid) => await this.#attemptToOrphan(uid),
        );
        this.#graph = new OwnerGraph({
            attemptToDelete: ({ identity }) => this.#deletions.enqueue(`delete/${identity.uid}`),
            verify: ({ identity }) => this.#deletions.enqueue(`verify/${identity.uid}`),
            attemptToOrphan: ({ identity }) => this.#orphans.enqueue(identity.uid),
            ownerAbsent: (identity) => this.#absent.add(identity),
            ownerInOtherNamespace: (dependent, reference) => {
                const { apiVersion, kind, name, uid, namespace } = dependent.identity;
                const { kind: ownerKind, name: ownerName, uid: ownerUid } = reference;
                const about = `[${reference.apiVersion}/${ownerKind}, name: ${ownerName}, uid: ${ownerUid}]`;
                context.events.event(
                    { apiVersion, kind, metadata: { name, uid, namespace } },
                    'Warning',
                    'OwnerRefInvalidNamespace',
                    `ownerRef ${about} does not exist in namespace "${namespace}"`,
                );
            },
        });
        this.#monitors = new Monitors({
            client,
            informers,
            logger,
            clock,
            handler: {
                added: (object) => this.#graph.observed(object, undefined),
                updated: (object, old) => this.#graph.observed(object, old),
                deleted: (object) => this.#graph.deleted(object),
            },
        });
    }

    start(): void {
        this.#starting ??= this.#start();
    }

    async stop(): Promise<void> {
        await this.#lifecycle.stop();
        await this.#starting;
        await this.#monitors.stop();
        await Promise.all([this.#deletions.stop(), this.#orphans.stop()]);
    }

    async #start(): Promise<void> {
        const { logger, clock } = this.#context;
        await this.#resync();
        const { signal } = this.#lifecycle;
        const timeout = new AbortController();
        const abort = (): void => timeout.abort();
        signal.addEventListener('abort', abort, { once: true });
        const cancel = clock.setTimer(firstSyncTimeoutMs, abort);
        try {
            await this.#monitors.whenSynced(timeout.signal);
        } catch {
            if (signal.aborted) return;
            logger.warn('not all resources could be listed; garbage collection begins without them');
        } finally {
            cancel();
            signal.removeEventListener('abort', abort);
        }
        logger.debug({ objects: this.#graph.size }, 'owner graph is complete');
        this.#deletions.start();
        this.#orphans.start();
        this.#lifecycle.every(
            discoveryIntervalMs,
            async () => await this.#resync(),
            (error) => logger.warn({ err: error }, 'resources could not be synced'),
        );
    }

    /** Watches what the API server serves now. */
    async #resync(): Promise<void> {
        const { client, logger } = this.#context;
        const { signal } = this.#lifecycle;
        try {
            const { preferred, byKind, failures } = await discover(client, signal);
            if (isAborted(signal)) return;
            for (const [groupVersion, error] of failures) {
                logger.warn({ err: error, groupVersion }, 'group version cannot be discovered');
            }
            // What cannot be discovered now is served by what was known before.
            this.#kinds = failures.size === 0 ? byKind : new Map([...this.#kinds, ...byKind]);
            const changed = await this.#monitors.sync(preferred, (groupVersion) =>
                failures.has(groupVersion),
            );
            if (changed) logger.debug({ resources: preferred.length }, 'watched resources changed');
        } catch (error) {
            if (!isAborted(signal)) logger.warn({ err: error }, 'resources cannot be discovered');
        }
    }

    async #attemptToDelete(key: string): Promise<Outcome> {
        const [task = '', uid = ''] = key.split('/');
        const node = this.#graph.get(uid);
        if (node === undefined) return done;
        // An informer has shown the owner in the meantime.
        if (task === 'verify' && !node.virtual) return done;
        if (node.beingDeleted && !node.deletingDependents) return done;
        const { identity } = node;
        const latest = await this.#live.get(identity);
        if (latest?.metadata.uid !== uid) {
            this.#graph.verifiedAbsent(identity);
            return done;
        }
        if (node.deletingDependents) {
            await this.#processDeletingDependents(node, latest);
            return done;
        }
        await this.#judge(node, latest);
        return done;
    }

    /** Decides by the state of its owners what becomes of an object. */
    async #judge(node: GraphNode, latest: Stored<ApiObject>): Promise<void> {
        if ((latest.metadata.ownerReferences ?? []).length === 0) return;
        const { identity } = node;
        let references;
        try {
            references = await classifyReferences(latest, { live: this.#live, absent: this.#absent });
        } catch (error) {
            if (!(error instanceof NamespacedOwnerError)) throw error;
            // Nothing that could be retried: only a change of the object helps.
            this.#context.logger.debug({ err: error, identity }, 'object is left alone');
            return;
        }
        const { solid, dangling, waiting } = references;
        if (solid.length > 0) {
            const obsolete = [...dangling, ...waiting];
            if (obsolete.length > 0) await this.#removal.removeReferences(latest, identity, obsolete);
            return;
        }
        this.#context.logger.info({ ...identity }, 'deleting object without owner');
        if (waiting.length > 0 && node.dependents.size > 0) {
            // In a circle each would wait for the other.
            if ([...node.dependents].some(({ deletingDependents }) => deletingDependents)) {
                await this.#removal.unblockOwners(latest, identity);
                const unblocked = await this.#live.get(identity);
                if (unblocked !== undefined) await this.#removal.delete(unblocked, identity, 'Foreground');
                return;
            }
            await this.#removal.delete(latest, identity, 'Foreground');
            return;
        }
        await this.#removal.delete(latest, identity);
    }

    async #processDeletingDependents(node: GraphNode, latest: Stored<ApiObject>): Promise<void> {
        const blocking = blockingDependents(node);
        if (blocking.length === 0) {
            await this.#removal.removeFinalizer(latest, node.identity, foregroundFinalizer);
            return;
        }
        for (const dependent of blocking) {
            if (!dependent.deletingDependents) this.#deletions.enqueue(`delete/${dependent.identity.uid}`);
        }
    }

    /** Takes the owner's references off its dependents, then lets the owner go. */
    async #attemptToOrphan(uid: string): Promise<Outcome> {
        const node = this.#graph.get(uid);
        if (node === undefined || node.virtual) return done;
        const results = await Promise.allSettled(
            [...node.dependents].map(async (dependent) => {
                const latest = await this.#live.get(dependent.identity);
                const references =
                    latest?.metadata.ownerReferences?.filter((owner) => owner.uid === uid) ?? [];
                if (latest === undefined || references.length === 0) return;
                await this.#removal.removeReferences(latest, dependent.identity, references);
            }),
        );
        const errors = results.flatMap((result): unknown[] =>
            result.status === 'rejected' ? [result.reason] : [],
        );
        if (errors.length > 0) {
            throw new AggregateError(errors, `failed to orphan dependents of owner ${node.identity.name}`);
        }
        const latest = await this.#live.get(node.identity);
        if (latest !== undefined) await this.#removal.removeFinalizer(latest, node.identity, orphanFinalizer);
        return done;
    }
}

const isAborted = (signal: AbortSignal): boolean => signal.aborted;

export const garbageCollectorController: ControllerDefinition = {
    name: 'garbage-collector-controller',
    serviceAccount: 'generic-garbage-collector',
    create: (context) => new GarbageCollector(context),
};
