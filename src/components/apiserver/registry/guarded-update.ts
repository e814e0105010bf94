import type { ResourceDefinition } from '../../../api/groups/resource.ts';
import { statusErrors } from '../../../api/meta/status-error.ts';
import type { StoreOp, TxnRequest, TxnResult } from '../../../store/store.ts';
import { prepareViews, toStorage } from '../conversion/versions.ts';
import type { ApiObject } from '../../../api/meta/object.ts';
import type { ReservationGuard } from '../extensions.ts';
import { StoredObject } from '../stored-object.ts';
import { companionGuards } from './companions.ts';
import { durabilityOf } from './durability.ts';
import { keyOf, type Registry, subjectOf, type Target, versionFor } from './registry.ts';
import { fromStoreError } from './store-errors.ts';

/** How often an update is computed anew because somebody else wrote in between. */
const attemptsMax = 20;

/** What to do with the current state. */
export type Change =
    | { type: 'put'; object: ApiObject; guards?: readonly ReservationGuard[] }
    /** Removes the object; `object` is the state to report, undefined for the current one. */
    | { type: 'delete'; object: ApiObject | undefined }
    | { type: 'keep' };

export interface GuardedUpdate {
    target: Target;
    dryRun: boolean;
    /**
     * Computes the change from the current state, in the target's version. Called again with the newer
     * state when somebody else has written in between; must therefore not change its parameter (it is
     * frozen). Errors end the update.
     */
    change(current: StoredObject): Promise<Change> | Change;
}

export interface UpdateOutcome {
    type: 'written' | 'deleted' | 'unchanged';
    /** The new state; for a deletion the last one; in the target's version. */
    object: StoredObject;
}

/**
 * Optimistic concurrency: computes the change on what this member has, and writes it only if that is still
 * the current state. 404 when the object does not exist, 409 when others are faster for too long.
 */
export async function guardedUpdate(registry: Registry, update: GuardedUpdate): Promise<UpdateOutcome> {
    const { target } = update;
    const { caches } = registry;
    const key = keyOf(target);
    let current: StoredObject | undefined =
        target.cache.objects.get(key) ?? (await readCurrent(registry, key));
    for (let attempt = 0; attempt < attemptsMax; attempt++) {
        if (current === undefined) throw statusErrors.notFound(subjectOf(target));
        await prepareViews([current], target.definition);
        const view = versionFor(target, current);
        let change: Change;
        try {
            change = await update.change(view);
        } catch (error) {
            // The verdict may be about a state that this member has yet to hear is outdated.
            const newest: StoredObject | undefined = await readCurrent(registry, key);
            if (newest?.revision === current.revision) throw error;
            current = newest;
            continue;
        }
        if (change.type === 'keep') {
            // What is stored in a form of the past is written anew although it is the same.
            if (update.dryRun || (await caches.store.isStale?.(key)) !== true) {
                return { type: 'unchanged', object: view };
            }
            change = { type: 'put', object: view.object };
        }
        const outcome = await apply(registry, update, { current, change });
        if (outcome.type === 'done') return outcome.result;
        current = outcome.newer;
    }
    throw statusErrors.conflict(subjectOf(target));
}

type Attempt =
    { type: 'done'; result: UpdateOutcome } | { type: 'outdated'; newer: StoredObject | undefined };

async function apply(
    registry: Registry,
    { target, dryRun }: GuardedUpdate,
    { current, change }: { current: StoredObject; change: Exclude<Change, { type: 'keep' }> },
): Promise<Attempt> {
    const { definition } = target;
    const next =
        change.object === undefined
            ? current
            : StoredObject.encode(current.key, await toStorage(change.object, definition));
    const type = change.type === 'delete' ? 'deleted' : 'written';
    await prepareViews([next], definition);
    if (dryRun) return { type: 'done', result: { type, object: versionFor(target, next) } };
    const op: StoreOp =
        change.type === 'delete'
            ? { type: 'delete', key: current.key, withoutPrevious: true }
            : {
                  type: 'put',
                  key: current.key,
                  value: next.bytes,
                  decoded: next,
                  withoutPrevious: true,
              };
    const durability =
        change.type === 'delete'
            ? 'fsync'
            : durabilityOf(definition, change.object, versionFor(target, current).object);
    const companions = await companionGuards(registry, definition, {
        object: change.type === 'delete' ? undefined : change.object,
        old: versionFor(target, current).object,
    });
    const guards = [...(change.type === 'put' ? (change.guards ?? []) : []), ...companions];
    const guarded = { definition, op, durability, revision: current.revision, guards };
    const result = await guardedTxn(registry, guarded);
    if (result.type === 'outdated') return result;
    if (next !== current) next.commit(result.revision);
    const object = next === current ? current.withRevision(result.revision) : next;
    await prepareViews([object], definition);
    return { type: 'done', result: { type, object: versionFor(target, object) } };
}

async function guardedTxn(
    registry: Registry,
    guarded: {
        definition: ResourceDefinition;
        op: Extract<StoreOp, { type: 'put' | 'delete' }>;
        durability: NonNullable<TxnRequest['durability']>;
        revision: number;
        guards: readonly ReservationGuard[];
    },
): Promise<{ type: 'done'; revision: number } | { type: 'outdated'; newer: StoredObject | undefined }> {
    const { definition, op, durability, revision, guards } = guarded;
    const { caches, eventLeases } = registry;
    const write = async (first: StoreOp): Promise<TxnResult> =>
        await caches.store.txn({
            compares: [
                { key: op.key, target: 'modRevision', result: 'equal', value: revision },
                ...guards.map(({ compare }) => compare),
            ],
            success: [first, ...guards.map(({ write }) => write)],
            failure: [{ type: 'range', key: op.key }],
            durability,
        });
    try {
        const result =
            op.type === 'delete'
                ? await write(op)
                : await eventLeases.attach(definition, async (lease) => await write({ ...op, lease }));
        // With guards, what others have reserved must be known before the next attempt, and before release.
        if (guards.length > 0) await caches.waitFor(result.revision);
        if (result.succeeded) return { type: 'done', revision: result.revision };
        const [found] = result.responses;
        const kv = found?.type === 'range' ? found.kvs[0] : undefined;
        return { type: 'outdated', newer: kv && StoredObject.fromStore(kv) };
    } catch (error) {
        throw fromStoreError(error);
    }
}

async function readCurrent(registry: Registry, key: string): Promise<StoredObject | undefined> {
    try {
        const { store } = registry.caches;
        await store.readIndex();
        const { kvs } = await store.range({ key });
        return kvs[0] && StoredObject.fromStore(kvs[0]);
    } catch (error) {
        throw fromStoreError(error);
    }
}
