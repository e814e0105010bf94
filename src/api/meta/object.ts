import type { V1ListMeta, V1ObjectMeta } from '../schema/generated/types.ts';

export type * from '../schema/generated/types.ts';

/** What every API object has. Generated types (V1Pod, …) are assignable to it. */
export interface ApiObject {
    apiVersion?: string | undefined;
    kind?: string | undefined;
    metadata?: V1ObjectMeta | undefined;
}

/** A stored object: its metadata is there, with name, uid and resourceVersion set. */
export type Stored<T extends ApiObject> = T & { metadata: V1ObjectMeta & { name: string } };

export interface ApiList<T extends ApiObject> {
    apiVersion?: string | undefined;
    kind?: string | undefined;
    metadata: V1ListMeta;
    items: T[];
}

/** One event of a watch, in its JSON shape. ERROR carries a V1Status. */
export interface WatchEvent<T = ApiObject> {
    type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
    object: T;
}

export interface GroupVersion {
    group: string;
    version: string;
}
export interface GroupVersionKind extends GroupVersion {
    kind: string;
}
export interface GroupVersionResource extends GroupVersion {
    resource: string;
}

/** "v1" for the core group, "apps/v1" for others: the `apiVersion` of objects. */
export function apiVersionOf({ group, version }: GroupVersion): string {
    return group === '' ? version : `${group}/${version}`;
}

/** The inverse of `apiVersionOf`; undefined where the text is no group/version. */
export function parseApiVersion(text: string): GroupVersion | undefined {
    const parts = text.split('/');
    if (parts.length === 1 && parts[0]) return { group: '', version: parts[0] };
    if (parts.length === 2 && parts[0] && parts[1]) return { group: parts[0], version: parts[1] };
    return undefined;
}

/**
 * Runs `change` on the object without its managedFields, which are large and shared, and gives them to the
 * result unless that has its own. `change` must not keep the object.
 */
export function besideManagedFields<T extends ApiObject>(object: T, change: (rest: T) => T): T {
    const managedFields = object.metadata?.managedFields;
    if (managedFields === undefined) return change(object);
    const { managedFields: _managedFields, ...metadata } = object.metadata ?? {};
    const result = change({ ...object, metadata });
    // What a client's patch has made of it may be anything.
    const changed = (result as Partial<T> | null | undefined)?.metadata as unknown;
    if (typeof changed === 'object' && changed !== null && !Array.isArray(changed))
        (changed as V1ObjectMeta).managedFields ??= managedFields;
    return result;
}

/** "namespace/name", or "name" for cluster-scoped objects: the key of work queues and listers. */
export function objectKey(object: ApiObject): string {
    const { namespace, name } = object.metadata ?? {};
    return namespace ? `${namespace}/${name ?? ''}` : (name ?? '');
}

/** The inverse of `objectKey`. */
export function splitObjectKey(key: string): { namespace: string; name: string } {
    const slash = key.indexOf('/');
    return slash < 0
        ? { namespace: '', name: key }
        : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}
