import { statusErrors } from '../../../api/meta/status-error.ts';
import { applyJsonPatch } from '../../../api/patch/json-patch.ts';
import { applyMergePatch } from '../../../api/patch/merge-patch.ts';
import { applyStrategicMergePatch } from '../../../api/patch/strategic-merge-patch.ts';
import { StatusError } from '../../../api/meta/status-error.ts';
import type { ApiRequest } from '../request.ts';
import { mediaTypeOf, parsePatch } from './read-body.ts';

const jsonPatch = 'application/json-patch+json';
const mergePatch = 'application/merge-patch+json';
const strategicMergePatch = 'application/strategic-merge-patch+json';
const applyPatch = 'application/apply-patch+yaml';
const served = [jsonPatch, mergePatch, strategicMergePatch];
/** Operations in one JSON patch. */
const jsonPatchOperationsMax = 10_000;

/** A patch that has been read; `apply` gives a new document and changes neither. */
export interface PatchDocument {
    body: unknown;
    apply(document: object): object;
}

/** `typeName` is the schema type that a strategic merge patch goes by ("V1Pod"). */
export async function readPatch(request: ApiRequest, typeName: string): Promise<PatchDocument> {
    const body = await request.body();
    const type = mediaTypeOf(body.contentType);
    if (type === applyPatch) {
        throw statusErrors.unsupportedMediaType(
            `server-side apply (${applyPatch}) is not served yet; the patch types that are: ${served.join(', ')}`,
        );
    }
    if (!served.includes(type)) {
        throw statusErrors.unsupportedMediaType(
            `the body of the request was in an unknown format - accepted media types include: ${served.join(', ')}`,
        );
    }
    const patch = parsePatch(body);
    if (type === jsonPatch) return jsonPatchDocument(patch);
    if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) {
        throw statusErrors.badRequest(
            'error decoding patch: json: cannot unmarshal into Go value of type map[string]interface {}',
        );
    }
    const apply =
        type === mergePatch
            ? (document: object) => applyMergePatch(document, patch)
            : (document: object) => applyStrategicMergePatch(typeName, document, patch);
    return { body: patch, apply: (document) => guarded(() => apply(document)) };
}

function jsonPatchDocument(patch: unknown): PatchDocument {
    if (!Array.isArray(patch)) {
        throw statusErrors.badRequest(
            'error decoding patch: json: cannot unmarshal object into Go value of type jsonpatch.Patch',
        );
    }
    if (patch.length > jsonPatchOperationsMax) {
        throw statusErrors.requestEntityTooLarge(
            `The allowed maximum operations in a JSON patch is ${jsonPatchOperationsMax}, got ${patch.length}`,
        );
    }
    return { body: patch, apply: (document) => guarded(() => applyJsonPatch(document, patch)) };
}

/** A patch that does not fit its document is 422. */
function guarded(apply: () => unknown): object {
    try {
        return apply() as object;
    } catch (error) {
        if (error instanceof StatusError) throw error;
        throw new StatusError(
            {
                reason: 'Invalid',
                code: 422,
                message: error instanceof Error ? error.message : String(error),
                details: {},
            },
            { cause: error },
        );
    }
}
