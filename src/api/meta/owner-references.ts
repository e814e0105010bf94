import type { ApiObject, V1OwnerReference } from './object.ts';
import { assert } from '../../util/assert.ts';

/** The owner that manages this object (`controller: true`), if it has one. */
export function controllerOf(object: ApiObject): V1OwnerReference | undefined {
    return object.metadata?.ownerReferences?.find(({ controller }) => controller === true);
}

/** True when `object` is managed by `owner`, compared by uid. */
export function isControlledBy(object: ApiObject, owner: ApiObject): boolean {
    const uid = owner.metadata?.uid;
    return uid !== undefined && controllerOf(object)?.uid === uid;
}

/** The reference that makes `owner`, a stored object, the controller of another one. */
export function controllerRef(
    owner: ApiObject,
    { apiVersion, kind }: { apiVersion: string; kind: string },
): V1OwnerReference {
    const { name, uid } = owner.metadata ?? {};
    assert(name !== undefined && uid !== undefined, 'an owner is stored', { apiVersion, kind, name });
    return { apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true };
}
