import type { ApiObject, Stored } from '../../../api/meta/object.ts';
import { controllerOf } from '../../../api/meta/owner-references.ts';
import type { Informer, Lister } from '../../../client/informer.ts';

const indexName = 'controller';

/**
 * Indexes an informer by managing owner, so that an owner finds its objects without looking at all
 * others of the namespace. Call before the informers start; adding it again is a no-op.
 */
export function indexByController<T extends ApiObject>(informer: Informer<T>): void {
    informer.addIndex(indexName, (object) => {
        const owner = controllerOf(object);
        return [owner === undefined ? orphansOf(object.metadata.namespace) : owner.uid];
    });
}

/** Objects that `owner` manages. */
export function controlledBy<T extends ApiObject>(lister: Lister<T>, owner: ApiObject): Stored<T>[] {
    const uid = owner.metadata?.uid;
    return uid === undefined ? [] : lister.byIndex(indexName, uid);
}

/** Objects of the owner's namespace that it manages or that nobody does: candidates for `claim`. */
export function controlledOrOrphaned<T extends ApiObject>(lister: Lister<T>, owner: ApiObject): Stored<T>[] {
    return [
        ...controlledBy(lister, owner),
        ...lister.byIndex(indexName, orphansOf(owner.metadata?.namespace)),
    ];
}

/** No uid has a slash. */
const orphansOf = (namespace: string | undefined): string => `orphans/${namespace ?? ''}`;
