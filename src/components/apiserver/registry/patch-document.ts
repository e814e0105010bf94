import { statusErrors } from '../../../api/meta/status-error.ts';
import { applyJsonPatch } from '../../../api/patch/json-patch.ts';
import { applyMergePatch } from '../../../api/patch/merge-patch.ts';
import { applyStrategicMergePatch } from '../../../api/patch/strategic-merge-patch.ts';
import { StatusError } from '../../../api/meta/status-error.ts';
import { type ApiObject, besideManagedFields } from '../../../api/meta/object.ts';
import { schema } from '../../../api/schema/schema.ts';
import type { ApiRequest } from '../request.ts';
import { mediaTypeOf, parsePatch } from './read-body.ts';

const jsonPatch = 'application/json-patch+json';
const mergePatch = 'application/merge-patch+json';
const strategicMergePatch = 'application/strategic-merge-patch+json';
/** The media type of server-side apply, which is no patch of a document. */
export const applyPatchType = 'application/apply-patch+yaml';
const served = [jsonPatch, mergePatch, strategicMergePatch, applyPatchType];
/** Operations in one JSON patch. */
const jsonPatchOperationsMax = 10_000;

/** A patch that has been read; `apply` gives a new document and changes neither. */
export interface PatchDocument {
    body: unknown;
    apply(document: object): object;
}

/** `typeName` is the schema type that a strategic merge patch goes by ("V1Pod"); without one there is none. */
export async function readPatch(request: ApiRequest, typeName: string): Promise<PatchDocument> {
    const body = await request.body();
    const type = mediaTypeOf(body.contentType);
    // What merges by which key is known of built-in types alone.
    const isBuiltin = schema().find(typeName) !== undefined;
    const accepted = isBuiltin ? served : served.filter((other) => other !== strategicMergePatch);
    if (!accepted.includes(type) || type === applyPatchType) {
        throw statusErrors.unsupportedMediaType(
            `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`,
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
    const touches = 'managedFields' in ((patch as ApiObject).metadata ?? {});
    return { body: patch, apply: (document) => guarded(() => untouched(document, touches, apply)) };
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
    const touches = patch.some((operation: unknown) => maySeeManagedFields(operation));
    const apply = (document: object): object => applyJsonPatch(document, patch) as object;
    return { body: patch, apply: (document) => guarded(() => untouched(document, touches, apply)) };
}

/** Most patches have nothing to do with managedFields, which then need not be copied. */
function untouched(document: object, touches: boolean, apply: (document: object) => unknown): unknown {
    return touches ? apply(document) : besideManagedFields(document, (rest) => apply(rest) as object);
}

function maySeeManagedFields(operation: unknown): boolean {
    const { path, from } = (operation ?? {}) as { path?: unknown; from?: unknown };
    const sees = (pointer: unknown): boolean =>
        typeof pointer === 'string' &&
        (pointer === '' || pointer === '/metadata' || pointer.startsWith('/metadata/managedFields'));
    return sees(path) || sees(from);
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
