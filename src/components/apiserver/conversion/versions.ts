import type { ResourceDefinition } from '../../../api/groups/resource.ts';
import { type ApiObject, apiVersionOf } from '../../../api/meta/object.ts';
import { StoredObject } from '../stored-object.ts';

/** Of the definitions that share a storage prefix, the one whose objects are stored as they are. */
export function storageDefinition(
    definition: ResourceDefinition,
    all: readonly ResourceDefinition[],
): ResourceDefinition {
    if (definition.conversion === undefined) return definition;
    const { storagePrefix } = definition;
    return all.find((other) => other.storagePrefix === storagePrefix && !other.conversion) ?? definition;
}

/** A stored object as `wanted` serves it: itself for the storage version. */
export function inVersion(stored: StoredObject, wanted: ResourceDefinition): StoredObject {
    const { conversion } = wanted;
    if (conversion === undefined) return stored;
    const apiVersion = apiVersionOf(wanted);
    return stored.view(apiVersion, conversion.epoch, () => {
        const { object } = stored;
        const shown = conversion.fromStored(object);
        return shown === object ? stored : encodeView(stored, shown, wanted);
    });
}

function encodeView(stored: StoredObject, shown: ApiObject, wanted: ResourceDefinition): StoredObject {
    const { kind } = wanted;
    const object = { ...shown, kind, apiVersion: apiVersionOf(wanted) };
    return StoredObject.encode(stored.key, object, stored.revision);
}

/** Objects that one request to another server converts. */
const remoteBatchMax = 500;

/** True when `inVersion` needs `prepareViews` first. */
export function isConvertedRemotely({ conversion }: ResourceDefinition): boolean {
    return conversion?.remote !== undefined;
}

/** Has another server convert what `inVersion` will be asked for. Throws StatusError. */
export async function prepareViews(
    objects: Iterable<StoredObject>,
    wanted: ResourceDefinition,
): Promise<void> {
    const { conversion } = wanted;
    if (conversion?.remote === undefined) return;
    const apiVersion = apiVersionOf(wanted);
    const { epoch, remote } = conversion;
    const missing = [...objects].filter(
        (stored) =>
            stored.knownView(apiVersion, epoch) === undefined && stored.object.apiVersion !== apiVersion,
    );
    for (let from = 0; from < missing.length; from += remoteBatchMax) {
        const batch = missing.slice(from, from + remoteBatchMax);
        const converted = await remote.fromStored(batch.map(({ object }) => object));
        for (const [index, stored] of batch.entries()) {
            const object = converted[index];
            if (object !== undefined) stored.setView(apiVersion, epoch, encodeView(stored, object, wanted));
        }
    }
}

/** An object that was written through `definition`, as it is stored. */
export async function toStorage(
    object: ApiObject,
    { conversion, kind }: ResourceDefinition,
): Promise<ApiObject> {
    if (conversion === undefined) return object;
    const apiVersion = apiVersionOf(conversion.stored);
    const { remote } = conversion;
    const converted =
        remote !== undefined && object.apiVersion !== apiVersion ? await remote.toStored(object) : object;
    return { ...conversion.toStored(converted), kind, apiVersion };
}
