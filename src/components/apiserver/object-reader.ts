import type { ApiObject, GroupVersionResource, Stored } from '../../api/meta/object.ts';

/**
 * Read access to the watch caches for authorizers and admission plugins: synchronous, as current as
 * this member is, objects frozen.
 */
export interface ObjectReader {
    get<T extends ApiObject>(
        resource: GroupVersionResource,
        namespace: string,
        name: string,
    ): Stored<T> | undefined;
    list<T extends ApiObject>(resource: GroupVersionResource, namespace?: string): Stored<T>[];
    /** Called after every change of the resource; returns a remove function. */
    onChange(
        resource: GroupVersionResource,
        listener: (object: ApiObject, deleted: boolean) => void,
    ): () => void;
    /** Resolves once the resource's cache was filled from the store. */
    ready(resource: GroupVersionResource): Promise<void>;
}
