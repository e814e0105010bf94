import type { Stored, V1EndpointSlice } from '../../../api/meta/object.ts';
import type { Informer, Lister } from '../../../client/informer.ts';
import { managedByLabel, serviceNameLabel } from './slice-metadata.ts';
import type { SliceTracker } from './slice-tracker.ts';

const indexName = 'service';

/** Key of the Service, or of the Endpoints, that a slice is labelled with. */
function ownerKey({ metadata }: Stored<V1EndpointSlice>): string | undefined {
    const name = metadata.labels?.[serviceNameLabel];
    return name ? `${metadata.namespace ?? ''}/${name}` : undefined;
}

/** Before the informers start; adding it again is a no-op. */
export function indexSlices(slices: Informer<V1EndpointSlice>): void {
    slices.addIndex(indexName, (slice) => {
        const key = ownerKey(slice);
        return key === undefined ? [] : [key];
    });
}

/** Slices of one owner that are this controller's and not on their way out. */
export function slicesOfOwner(
    lister: Lister<V1EndpointSlice>,
    key: string,
    managedBy: string,
): Stored<V1EndpointSlice>[] {
    return lister
        .byIndex(indexName, key)
        .filter(
            ({ metadata }) =>
                metadata.labels?.[managedByLabel] === managedBy && metadata.deletionTimestamp === undefined,
        );
}

/** Calls back with the owners whose slices somebody else has changed. */
export function watchSlices(
    slices: Informer<V1EndpointSlice>,
    options: { managedBy: string; tracker: SliceTracker; enqueue: (ownerKey: string) => void },
): void {
    const { managedBy, tracker, enqueue } = options;
    const isOurs = ({ metadata }: Stored<V1EndpointSlice>): boolean =>
        metadata.labels?.[managedByLabel] === managedBy;
    const foreign = (slice: Stored<V1EndpointSlice>): void => {
        const key = ownerKey(slice);
        if (key !== undefined && isOurs(slice) && tracker.isForeign(key, slice)) enqueue(key);
    };
    slices.addHandler({
        added: foreign,
        updated: (slice, old) => {
            const oldKey = ownerKey(old);
            // A slice that was taken away from its owner, or from this controller, is missed there.
            const moved = oldKey !== ownerKey(slice) || isOurs(old) !== isOurs(slice);
            if (moved && oldKey !== undefined && isOurs(old)) {
                tracker.deleted(oldKey, old);
                enqueue(oldKey);
            }
            foreign(slice);
        },
        deleted: (slice) => {
            const key = ownerKey(slice);
            if (key !== undefined && isOurs(slice) && tracker.deleted(key, slice)) enqueue(key);
        },
    });
}
