import { deepClone } from '../../../api/meta/deep.ts';
import type { ApiObject } from '../../../api/meta/object.ts';
import { statusErrors } from '../../../api/meta/status-error.ts';
import type { ApiRequest, ApiResult } from '../request.ts';
import { readPatch } from './patch-document.ts';
import { decodeAs, expectedTypeOf, reportStrictErrors, strictPatchError } from './read-body.ts';
import type { Registry, Target } from './registry.ts';
import { updateObject } from './update.ts';
import { writeOptionsOf } from './write-options.ts';

/** PATCH of an object, or of its status or ephemeralcontainers; computed anew when somebody was faster. */
export async function patch(registry: Registry, request: ApiRequest, target: Target): Promise<ApiResult> {
    const options = writeOptionsOf(request, 'PatchOptions');
    const { definition, name, namespace } = target;
    const document = await readPatch(request, definition.type);
    const outcome = await updateObject(registry, request, {
        target,
        dryRun: options.dryRun,
        next: (current) => {
            const patched = document.apply(current.object);
            const { object, unknownFields } = decodeAs(deepClone(patched), expectedTypeOf(definition), '');
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

function checkIdentity({ metadata }: ApiObject, wanted: { name: string; namespace: string }): void {
    if (metadata?.name !== wanted.name) {
        throw statusErrors.badRequest(
            `the name of the object (${metadata?.name ?? ''}) does not match the name on the URL (${wanted.name})`,
        );
    }
    if (wanted.namespace !== '' && metadata.namespace !== wanted.namespace) {
        throw statusErrors.badRequest(
            `the namespace of the object (${metadata.namespace ?? ''}) does not match the namespace on the URL (${wanted.namespace})`,
        );
    }
}
