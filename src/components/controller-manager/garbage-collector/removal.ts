import type { ApiObject, Stored, V1OwnerReference } from '../../../api/meta/object.ts';
import { isReason } from '../../../api/meta/status-error.ts';
import type { DeleteOptions } from '../../../client/client.ts';
import { foregroundFinalizer, hasFinalizer, orphanFinalizer, type Identity } from './graph-node.ts';
import type { LiveObjects } from './references.ts';

/** A write that meets another one is repeated on a fresh copy this often. */
const conflictRetriesMax = 5;

type Propagation = NonNullable<DeleteOptions['propagationPolicy']>;

/** The writes of the garbage collector. What is already gone is no error. */
export class Removal {
    readonly #live: LiveObjects;

    constructor(live: LiveObjects) {
        this.#live = live;
    }

    /** As the object's own finalizers ask for; in the background when they say nothing. */
    async delete(object: Stored<ApiObject>, identity: Identity, policy?: Propagation): Promise<void> {
        const { uid, resourceVersion } = object.metadata;
        const preconditions = {
            ...(uid === undefined ? {} : { uid }),
            ...(resourceVersion === undefined ? {} : { resourceVersion }),
        };
        try {
            await this.#live
                .clientOf(identity)
                .delete(refOf(object), { propagationPolicy: policy ?? policyOf(object), preconditions });
        } catch (error) {
            if (!isReason(error, 'NotFound')) throw error;
        }
    }

    /** Takes the references to these owners off the object. */
    async removeReferences(
        object: Stored<ApiObject>,
        identity: Identity,
        owners: readonly V1OwnerReference[],
    ): Promise<void> {
        const uids = new Set(owners.map(({ uid }) => uid));
        await this.#change(object, identity, ({ metadata }) => {
            const before = metadata.ownerReferences ?? [];
            const ownerReferences = before.filter(({ uid }) => !uids.has(uid));
            return ownerReferences.length === before.length ? undefined : { ownerReferences };
        });
    }

    /** The object no longer holds up the deletion of any owner: breaks a circle. */
    async unblockOwners(object: Stored<ApiObject>, identity: Identity): Promise<void> {
        await this.#change(object, identity, ({ metadata }) => {
            const before = metadata.ownerReferences ?? [];
            if (!before.some(({ blockOwnerDeletion }) => blockOwnerDeletion === true)) return undefined;
            return {
                ownerReferences: before.map((reference) => ({ ...reference, blockOwnerDeletion: false })),
            };
        });
    }

    async removeFinalizer(object: Stored<ApiObject>, identity: Identity, finalizer: string): Promise<void> {
        await this.#change(object, identity, (current) =>
            hasFinalizer(current, finalizer)
                ? { finalizers: current.metadata.finalizers?.filter((name) => name !== finalizer) }
                : undefined,
        );
    }

    /** Patches metadata, guarded by the resourceVersion that the change was computed from. */
    async #change(
        object: Stored<ApiObject>,
        identity: Identity,
        change: (current: Stored<ApiObject>) => object | undefined,
    ): Promise<void> {
        const client = this.#live.clientOf(identity);
        let current: Stored<ApiObject> | undefined = object;
        for (let attempt = 0; current !== undefined && current.metadata.uid === identity.uid; attempt++) {
            const metadata = change(current);
            if (metadata === undefined) return;
            const { resourceVersion } = current.metadata;
            try {
                const body = { metadata: { resourceVersion, ...metadata } };
                await client.patch(refOf(current), { type: 'merge', body });
                return;
            } catch (error) {
                if (isReason(error, 'NotFound')) return;
                if (!isReason(error, 'Conflict') || attempt >= conflictRetriesMax) throw error;
            }
            current = await this.#live.get(identity);
        }
    }
}

function policyOf(object: ApiObject): Propagation {
    if (hasFinalizer(object, orphanFinalizer)) return 'Orphan';
    return hasFinalizer(object, foregroundFinalizer) ? 'Foreground' : 'Background';
}

function refOf({ metadata: { namespace, name } }: Stored<ApiObject>): { namespace?: string; name: string } {
    return namespace === undefined ? { name } : { namespace, name };
}
