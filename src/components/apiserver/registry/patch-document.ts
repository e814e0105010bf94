import { isReason, StatusError, statusErrors } from '../../../api/meta/status-error.ts';
import { applyJsonPatch } from '../../../api/patch/json-patch.ts';
import { applyMergePatch } from '../../../api/patch/merge-patch.ts';
import { applyStrategicMergePatch } from '../../../api/patch/strategic-merge-patch.ts';
import { type ApiObject, besideManagedFields } from '../../../api/meta/object.ts';
import { conversionMessage } from '../../../api/schema/decode-errors.ts';
import { goText, goValueName } from '../../../api/schema/go-types.ts';
import { parseJson } from '../../../api/schema/parse.ts';
import { schema } from '../../../api/schema/schema.ts';
import type { ApiRequest, RequestBody } from '../request.ts';
import { mediaTypeOf } from './read-body.ts';
import type { FieldValidation } from './write-options.ts';

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
    /** What a strict reading of the patch itself complains about: `duplicate field "spec.replicas"`. */
    strictErrors: readonly string[];
    apply(document: object): object;
    /** What it makes is of the same type, whatever kind and apiVersion it names: so clients name others. */
    keepsType: boolean;
    /** How errors show the patch: as what it made of the document, or as it is. */
    quote(patched: unknown): string;
    /** Why what it made is no object of its kind. */
    explain(error: Error): string;
}

type PatchType = typeof jsonPatch | typeof mergePatch | typeof strategicMergePatch;

/** `typeName` is the schema type that a strategic merge patch goes by ("V1Pod"); without one there is none. */
export async function patchTypeOf(request: ApiRequest, typeName: string): Promise<PatchType> {
    const { contentType } = await request.body();
    const type = mediaTypeOf(contentType);
    // What merges by which key is known of built-in types alone.
    const isBuiltin = schema().find(typeName) !== undefined;
    const accepted = isBuiltin ? served : served.filter((other) => other !== strategicMergePatch);
    if (!accepted.includes(type) || type === applyPatchType) {
        throw statusErrors.unsupportedMediaType(
            `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`,
        );
    }
    return type as PatchType;
}

export interface PatchRequest {
    type: PatchType;
    typeName: string;
    fieldValidation: FieldValidation;
}

export async function readPatch(
    request: ApiRequest,
    { type, typeName, fieldValidation }: PatchRequest,
): Promise<PatchDocument> {
    const isStrict = fieldValidation !== 'Ignore';
    // Upstream names the type that the strict reading, or else the patch library, decodes to.
    if (type === jsonPatch) {
        const { value, duplicateFields } = parsePatch(await request.body(), true);
        const strictErrors = duplicateFields.map((error) => `json patch ${error}`);
        return jsonPatchDocument(value, strictErrors, isStrict);
    }
    const isStrategic = type === strategicMergePatch;
    const { value: patch, duplicateFields } = parsePatch(await request.body(), !isStrategic);
    if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) {
        const why = `json: cannot unmarshal ${goValueName(patch)} into Go value of type map[string]interface {}`;
        throw statusErrors.badRequest(isStrategic ? why : `error decoding patch: ${why}`);
    }
    const apply = isStrategic
        ? (document: object) => applyStrategicMergePatch(typeName, document, patch)
        : (document: object) => applyMergePatch(document, patch);
    const touches = touchesManagedFields(patch);
    return {
        strictErrors: duplicateFields,
        apply: (document) => guarded(() => untouched(document, touches, apply)),
        keepsType: isStrategic,
        quote: isStrategic ? () => goText(patch) : JSON.stringify,
        explain: isStrategic ? conversionMessage : ({ message }) => message,
    };
}

function touchesManagedFields({ metadata }: ApiObject): boolean {
    const isMap = typeof metadata === 'object' && (metadata as unknown) !== null;
    return metadata !== undefined && (!isMap || 'managedFields' in metadata);
}

function parsePatch(body: RequestBody, saysPatch: boolean): { value: unknown; duplicateFields: string[] } {
    if (body.type === 'value') return { value: body.value, duplicateFields: [] };
    try {
        return parseJson(body.bytes);
    } catch (error) {
        if (!saysPatch || !isReason(error, 'BadRequest')) throw error;
        throw statusErrors.badRequest(`error decoding patch: ${error.message}`, { cause: error });
    }
}

function jsonPatchDocument(
    patch: unknown,
    strictErrors: readonly string[],
    isStrict: boolean,
): PatchDocument {
    if (!Array.isArray(patch)) {
        const why = `json: cannot unmarshal ${goValueName(patch)} into Go value of type`;
        throw statusErrors.badRequest(
            isStrict ? `error decoding patch: ${why} []handlers.jsonPatchOp` : `${why} jsonpatch.Patch`,
        );
    }
    if (patch.length > jsonPatchOperationsMax) {
        throw statusErrors.requestEntityTooLarge(
            `The allowed maximum operations in a JSON patch is ${jsonPatchOperationsMax}, got ${patch.length}`,
        );
    }
    const touches = patch.some((operation: unknown) => maySeeManagedFields(operation));
    const apply = (document: object): object => applyJsonPatch(document, patch) as object;
    return {
        strictErrors,
        apply: (document) => guarded(() => untouched(document, touches, apply)),
        keepsType: false,
        quote: JSON.stringify,
        explain: ({ message }) => message,
    };
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
