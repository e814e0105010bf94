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
    return stored.view(apiVersionOf(wanted), () =>
        StoredObject.encode(
            stored.key,
            { ...conversion.fromStored(stored.object), kind: wanted.kind, apiVersion: apiVersionOf(wanted) },
            stored.revision,
        ),
    );
}

/** An object that was written through `definition`, as it is stored. */
export function toStorage(object: ApiObject, { conversion, kind }: ResourceDefinition): ApiObject {
    if (conversion === undefined) return object;
    return { ...conversion.toStored(object), kind, apiVersion: apiVersionOf(conversion.stored) };
}
