import type { ApiObject, GroupVersionResource } from '../../../api/meta/object.ts';
import type { ObjectReader } from '../object-reader.ts';

export interface ChangeFollower {
    /** One object was written or deleted. */
    changed(object: ApiObject, deleted: boolean): void;
    /** The cache has just been filled: whatever was derived from it before is void. */
    filled(): void;
}

/**
 * Follows a resource from before its cache is filled: a cache drops its listeners when it is filled, so
 * this listens anew then. `filled` and the new listener come in one step: no change falls in between.
 */
export function followChanges(
    reader: ObjectReader,
    resource: GroupVersionResource,
    follower: ChangeFollower,
): () => void {
    const listen = () =>
        reader.onChange(resource, (object, deleted) => {
            follower.changed(object, deleted);
        });
    let remove: (() => void) | undefined = listen();
    void reader.ready(resource).then(
        () => {
            if (remove === undefined) return;
            remove();
            remove = listen();
            follower.filled();
        },
        // Whoever started the cache is told that it failed.
        () => undefined,
    );
    return () => {
        remove?.();
        remove = undefined;
    };
}
