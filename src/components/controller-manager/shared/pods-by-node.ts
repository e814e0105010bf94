import type { Stored, V1Pod } from '../../../api/meta/object.ts';
import type { Informer, Lister } from '../../../client/informer.ts';

const indexName = 'node';

/** Before the informers start; adding it again is a no-op. */
export function indexByNode(pods: Informer<V1Pod>): void {
    pods.addIndex(indexName, ({ spec }) => (spec?.nodeName ? [spec.nodeName] : []));
}

export function podsOnNode(pods: Lister<V1Pod>, nodeName: string): Stored<V1Pod>[] {
    return pods.byIndex(indexName, nodeName);
}
