import { isReason } from '../../../api/meta/status-error.ts';
import type { ApiRequest, ApiResult } from '../request.ts';
import type { StoredObject } from '../stored-object.ts';
import { deleteOptionsOf } from './delete-options.ts';
import { deleteObject, warnOfOrphans } from './delete.ts';
import { list } from './list.ts';
import type { Registry, Target } from './registry.ts';

/** Deletions in flight at once; their writes share fsyncs. */
const concurrencyMax = 16;

/** DELETE of a collection: every object that the selectors match; answers with the list of them. */
export async function deleteCollection(
    registry: Registry,
    request: ApiRequest,
    target: Target,
): Promise<ApiResult> {
    const options = await deleteOptionsOf(request);
    warnOfOrphans(request, target, options);
    const found = await list(registry, request, target);
    const queue = [...found.items.entries()];
    const deleted: StoredObject[] = [];
    const work = async (): Promise<void> => {
        for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
            const [index, object] = next;
            const { name, namespace = '' } = object.metadata;
            const one = { ...target, name, namespace: target.definition.namespaced ? namespace : '' };
            try {
                deleted[index] = (await deleteObject(registry, request, { target: one, options })).object;
            } catch (error) {
                if (!isReason(error, 'NotFound')) throw error;
            }
        }
    };
    // Nothing is deleted any more once the request has been answered.
    const workers = await Promise.allSettled(
        Array.from({ length: Math.min(concurrencyMax, queue.length) }, work),
    );
    const failed = workers.find((worker) => worker.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    return { ...found, items: deleted.filter(Boolean) };
}
