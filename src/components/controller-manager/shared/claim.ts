import type { ApiObject, Stored } from '../../../api/meta/object.ts';
import { controllerOf, controllerRef } from '../../../api/meta/owner-references.ts';
import type { LabelMatcher } from '../../../api/meta/selectors.ts';
import { isReason } from '../../../api/meta/status-error.ts';
import type { ResourceClient } from '../../../client/client.ts';

export interface ClaimOptions<T extends ApiObject> {
    owner: Stored<ApiObject>;
    ownerKind: { apiVersion: string; kind: string };
    matcher: LabelMatcher;
    resource: ResourceClient<T>;
    /** The owner as the server has it now: nothing is adopted for an owner that is gone or going. */
    freshOwner: () => Promise<Stored<ApiObject>>;
    /** Put on what is adopted, taken off what is released. */
    finalizer?: string;
}

/**
 * The objects that belong to the owner (upstream's ControllerRefManager): those it manages and still
 * selects; those nobody manages and it selects are adopted; those it manages and no longer selects are
 * released. Throws what the first failed patch threw.
 */
export async function claim<T extends ApiObject>(
    candidates: readonly Stored<T>[],
    options: ClaimOptions<T>,
): Promise<Stored<T>[]> {
    const claimed: Stored<T>[] = [];
    const canAdopt = once(async () => await checkOwner(options));
    for (const object of candidates) {
        const kept = await claimOne(object, options, canAdopt);
        if (kept) claimed.push(object);
    }
    return claimed;
}

async function claimOne<T extends ApiObject>(
    object: Stored<T>,
    options: ClaimOptions<T>,
    canAdopt: () => Promise<void>,
): Promise<boolean> {
    const { owner, matcher } = options;
    const manager = controllerOf(object);
    const selected = matcher.matches(object.metadata.labels);
    if (manager !== undefined) {
        if (manager.uid !== owner.metadata.uid) return false;
        if (selected) return true;
        if (owner.metadata.deletionTimestamp === undefined) await release(object, options);
        return false;
    }
    if (!selected || owner.metadata.deletionTimestamp !== undefined) return false;
    if (object.metadata.deletionTimestamp !== undefined) return false;
    if (object.metadata.namespace !== owner.metadata.namespace) return false;
    return await adopt(object, options, canAdopt);
}

async function checkOwner<T extends ApiObject>({ owner, freshOwner }: ClaimOptions<T>): Promise<void> {
    const fresh = await freshOwner();
    const { namespace = '', name, uid } = owner.metadata;
    if (fresh.metadata.uid !== uid) {
        throw new Error(
            `original ${namespace}/${name} is gone: got uid ${fresh.metadata.uid ?? ''}, wanted ${uid ?? ''}`,
        );
    }
    if (fresh.metadata.deletionTimestamp !== undefined) {
        throw new Error(`${namespace}/${name} has just been deleted at ${fresh.metadata.deletionTimestamp}`);
    }
}

async function adopt<T extends ApiObject>(
    object: Stored<T>,
    options: ClaimOptions<T>,
    canAdopt: () => Promise<void>,
): Promise<boolean> {
    await canAdopt();
    const ownerReferences = [controllerRef(options.owner, options.ownerKind)];
    const { finalizer } = options;
    return await patchMetadata(object, options, {
        ownerReferences,
        ...(finalizer === undefined ? {} : { finalizers: [finalizer] }),
    });
}

async function release<T extends ApiObject>(object: Stored<T>, options: ClaimOptions<T>): Promise<void> {
    try {
        const ownerReferences = [{ $patch: 'delete', uid: options.owner.metadata.uid }];
        const { finalizer } = options;
        await patchMetadata(object, options, {
            ownerReferences,
            ...(finalizer === undefined ? {} : { '$deleteFromPrimitiveList/finalizers': [finalizer] }),
        });
    } catch (error) {
        // The object was replaced, or no longer has the reference: either way it is not ours.
        if (!isReason(error, 'Invalid')) throw error;
    }
}

/** False when the object no longer exists. The uid guards against another object of the same name. */
async function patchMetadata<T extends ApiObject>(
    { metadata: { namespace, name, uid } }: Stored<T>,
    { resource }: ClaimOptions<T>,
    metadata: object,
): Promise<boolean> {
    try {
        const body = { metadata: { uid, ...metadata } };
        await resource.patch({ namespace, name }, { type: 'strategic', body });
        return true;
    } catch (error) {
        if (isReason(error, 'NotFound')) return false;
        throw error;
    }
}

function once(work: () => Promise<void>): () => Promise<void> {
    let running: Promise<void> | undefined;
    return async () => await (running ??= work());
}
