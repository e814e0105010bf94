import type { ApiObject, Stored } from '../../../api/meta/object.ts';
import { isReason } from '../../../api/meta/status-error.ts';
import type { ResourceClient } from '../../../client/client.ts';

/** What a protected object still needs, as its finalizers and its deletion say. */
export type ProtectionNeed = 'add' | 'check-use' | 'nothing';

/**
 * `add`: it was made while admission did not protect it. `check-use`: it waits to be deleted, and only the
 * finalizer keeps it.
 */
export function protectionNeed({ metadata }: ApiObject, finalizer: string): ProtectionNeed {
    const isProtected = metadata?.finalizers?.includes(finalizer) ?? false;
    if (metadata?.deletionTimestamp === undefined) return isProtected ? 'nothing' : 'add';
    return isProtected ? 'check-use' : 'nothing';
}

/** Writes the object with the finalizer. A conflict is thrown: the object is looked at again. */
export async function addFinalizer<T extends ApiObject>(
    client: ResourceClient<T>,
    object: Stored<T>,
    finalizer: string,
): Promise<void> {
    await write(client, object, [...(object.metadata.finalizers ?? []), finalizer]);
}

/** Writes the object without the finalizer; that it has gone meanwhile is as good. */
export async function removeFinalizer<T extends ApiObject>(
    client: ResourceClient<T>,
    object: Stored<T>,
    finalizer: string,
): Promise<void> {
    const rest = (object.metadata.finalizers ?? []).filter((name) => name !== finalizer);
    await write(client, object, rest);
}

async function write<T extends ApiObject>(
    client: ResourceClient<T>,
    object: Stored<T>,
    finalizers: string[],
): Promise<void> {
    try {
        await client.update({ ...object, metadata: { ...object.metadata, finalizers } });
    } catch (error) {
        if (!isReason(error, 'NotFound')) throw error;
    }
}
