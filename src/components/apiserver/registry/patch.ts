import { deepClone } from '../../../api/meta/deep.ts';
import { type ApiObject, besideManagedFields } from '../../../api/meta/object.ts';
import type { ApiRequest, ApiResult } from '../request.ts';
import { apply, isApply } from './apply.ts';
import { checkIdentity } from './identity-check.ts';
import { patchTypeOf, readPatch } from './patch-document.ts';
import { decodePatched } from './patched-object.ts';
import { expectedTypeOf } from './read-body.ts';
import type { Registry, Target } from './registry.ts';
import { updateObject } from './update.ts';
import { writeOptionsOf } from './write-options.ts';

/** PATCH of an object, or of its status or ephemeralcontainers; computed anew when somebody was faster. */
export async function patch(registry: Registry, request: ApiRequest, target: Target): Promise<ApiResult> {
    if (await isApply(request)) return await apply(registry, request, target);
    const { definition } = target;
    const type = await patchTypeOf(request, definition.type);
    const options = writeOptionsOf(request, 'PatchOptions');
    const document = await readPatch(request, { type, typeName: definition.type, ...options });
    const outcome = await updateObject(registry, request, {
        target,
        dryRun: options.dryRun,
        next: (current) => {
            const patched: unknown = document.apply(current.object);
            // A patch may replace the whole document, by anything.
            const isMap = typeof patched === 'object' && patched !== null && !Array.isArray(patched);
            const own = isMap ? besideManagedFields(patched as ApiObject, deepClone) : patched;
            const object = decodePatched(request, document, {
                value: own,
                expected: expectedTypeOf(definition),
                fieldValidation: options.fieldValidation,
            });
            checkIdentity(object, target);
            return object;
        },
    });
    return { type: 'object', status: 200, definition, object: outcome.object };
}
