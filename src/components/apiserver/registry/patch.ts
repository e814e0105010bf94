import { deepClone } from '../../../api/meta/deep.ts';
import { besideManagedFields } from '../../../api/meta/object.ts';
import type { ApiRequest, ApiResult } from '../request.ts';
import { apply, checkIdentity, isApply } from './apply.ts';
import { readPatch } from './patch-document.ts';
import { decodeAs, expectedTypeOf, reportStrictErrors, strictPatchError } from './read-body.ts';
import type { Registry, Target } from './registry.ts';
import { updateObject } from './update.ts';
import { writeOptionsOf } from './write-options.ts';

/** PATCH of an object, or of its status or ephemeralcontainers; computed anew when somebody was faster. */
export async function patch(registry: Registry, request: ApiRequest, target: Target): Promise<ApiResult> {
    if (await isApply(request)) return await apply(registry, request, target);
    const options = writeOptionsOf(request, 'PatchOptions');
    const { definition, name, namespace } = target;
    const document = await readPatch(request, definition.type);
    const outcome = await updateObject(registry, request, {
        target,
        dryRun: options.dryRun,
        next: (current) => {
            const patched = document.apply(current.object);
            const own = besideManagedFields(patched, deepClone);
            const { object, unknownFields } = decodeAs(own, expectedTypeOf(definition), '');
            if (unknownFields.length > 0) {
                reportStrictErrors(request, options.fieldValidation, unknownFields, (message) =>
                    strictPatchError(document.body, message),
                );
            }
            checkIdentity(object, { name, namespace });
            return object;
        },
    });
    return { type: 'object', status: 200, definition, object: outcome.object };
}
