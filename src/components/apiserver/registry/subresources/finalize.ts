import { deepClone } from '../../../../api/meta/deep.ts';
import type { V1Namespace } from '../../../../api/meta/object.ts';
import type { ApiRequest, ApiResult } from '../../request.ts';
import { expectedTypeOf, readObject } from '../read-body.ts';
import type { Registry, Target } from '../registry.ts';
import { updateObject } from '../update.ts';
import { writeOptionsOf } from '../write-options.ts';

/** PUT to namespaces/finalize: changes spec.finalizers; taking the last one off completes the deletion. */
export async function finalize(registry: Registry, request: ApiRequest, target: Target): Promise<ApiResult> {
    const options = writeOptionsOf(request, 'UpdateOptions');
    const { definition } = target;
    const body = (await readObject(
        request,
        expectedTypeOf(definition),
        options.fieldValidation,
    )) as V1Namespace;
    const outcome = await updateObject(registry, request, {
        target,
        dryRun: options.dryRun,
        next: (current) => {
            const next = deepClone(current.object) as V1Namespace;
            next.spec = { ...next.spec };
            const { finalizers } = body.spec ?? {};
            if (finalizers === undefined || finalizers.length === 0) delete next.spec.finalizers;
            else next.spec.finalizers = [...finalizers];
            const { resourceVersion, uid } = body.metadata ?? {};
            next.metadata = {
                ...next.metadata,
                ...(resourceVersion === undefined ? {} : { resourceVersion }),
            };
            if (uid) next.metadata.uid = uid;
            return next;
        },
    });
    return { type: 'object', status: 200, definition, object: outcome.object };
}
