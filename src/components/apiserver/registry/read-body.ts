import type { ResourceDefinition } from '../../../api/groups/resource.ts';
import { deepClone } from '../../../api/meta/deep.ts';
import { fieldErrors } from '../../../api/meta/field-error.ts';
import {
    type ApiObject,
    apiVersionOf,
    besideManagedFields,
    parseApiVersion,
} from '../../../api/meta/object.ts';
import { StatusError, statusErrors } from '../../../api/meta/status-error.ts';
import { decodeObject } from '../../../api/schema/decode.ts';
import { complaintsInOrder } from '../../../api/schema/json-scanner.ts';
import { parseJson, parseYaml } from '../../../api/schema/parse.ts';
import type { ApiRequest, RequestBody } from '../request.ts';
import type { FieldValidation } from './write-options.ts';

/** What a body must be. */
export interface ExpectedType {
    apiVersion: string;
    kind: string;
    /** Name in the generated schema: "V1Pod"; empty for custom resources. */
    type: string;
    /** Set where the generated schema does not know the type. */
    decode?: ResourceDefinition['decode'];
    /** True for DeleteOptions, which stands in every group ("apps/v1") as the same type. */
    anyGroup?: boolean;
}

const jsonType = 'application/json';
const yamlType = 'application/yaml';
const protobufType = 'application/vnd.kubernetes.protobuf';
const bodyTypes = [jsonType, yamlType, protobufType];
/** How much of an unreadable body an error message quotes. */
const summaryCharsMax = 30;

export function expectedTypeOf(definition: ResourceDefinition): ExpectedType {
    const { kind, type, decode } = definition;
    return { apiVersion: apiVersionOf(definition), kind, type, decode };
}

/** The media type without parameters; JSON when none is named. */
export function mediaTypeOf(contentType: string): string {
    const type = (contentType.split(';')[0] ?? '').trim().toLowerCase();
    return type === '' ? jsonType : type;
}

/**
 * Reads the request's object: parses, checks kind and apiVersion, decodes by the schema, and treats unknown
 * and duplicate fields as `fieldValidation` says. The result is the caller's own to change.
 */
export async function readObject(
    request: ApiRequest,
    expected: ExpectedType,
    fieldValidation: FieldValidation,
): Promise<ApiObject> {
    const body = await request.body();
    const { value, strictErrors, text } = await parseBody(body, expected);
    const { object, unknownFields } = decodeAs(value, expected, text);
    const complaints = inOrder(body, expected, { duplicates: strictErrors, unknownFields });
    if (complaints.length > 0) {
        reportStrictErrors(request, fieldValidation, complaints, (message) =>
            statusErrors.badRequest(cannotBeHandled(expected, message)),
        );
    }
    return object;
}

/** As upstream's readers come upon them: those of typed JSON find both kinds at once. */
function inOrder(
    body: RequestBody,
    { decode }: ExpectedType,
    { duplicates, unknownFields }: { duplicates: string[]; unknownFields: string[] },
): string[] {
    const isTypedJson =
        body.type === 'bytes' && decode === undefined && mediaTypeOf(body.contentType) === jsonType;
    if (!isTypedJson || duplicates.length === 0 || unknownFields.length === 0)
        return [...duplicates, ...unknownFields];
    return complaintsInOrder(body.bytes.toString(), unknownFields);
}

/** Strict throws what `fail` makes of the message, Warn adds `Warning` headers. */
export function reportStrictErrors(
    request: ApiRequest,
    fieldValidation: FieldValidation,
    errors: readonly string[],
    fail: (message: string) => StatusError,
): void {
    switch (fieldValidation) {
        case 'Strict':
            throw fail(`strict decoding error: ${errors.join(', ')}`);
        case 'Warn':
            request.warnings.push(...errors);
            return;
        case 'Ignore':
            return;
    }
}

/** The body of a patch: JSON, or YAML for the types that allow it. */
export function parsePatch(body: RequestBody): unknown {
    if (body.type === 'value') return body.value;
    try {
        return parseJson(body.bytes).value;
    } catch (error) {
        throw statusErrors.badRequest(
            `error decoding patch: ${error instanceof Error ? error.message : String(error)}`,
            { cause: error },
        );
    }
}

/** Checks `value` against the schema; the answer's unknown fields are in upstream's words. */
export function decodeAs(
    value: unknown,
    expected: ExpectedType,
    text: string,
): { object: ApiObject; unknownFields: string[] } {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
        throw statusErrors.badRequest(
            `the object provided is unrecognized (must be of type ${expected.kind}): couldn't get version/kind; json parse error: json: cannot unmarshal ${jsonTypeOf(value)} into Go value of type struct (${summarise(text)})`,
        );
    }
    const { apiVersion, kind } = value as ApiObject;
    checkType(expected, apiVersion, kind);
    const decoded = expected.decode?.(value) ?? decodeObject(expected.type, value, {});
    decoded.object.apiVersion = expected.apiVersion;
    decoded.object.kind = expected.kind;
    return decoded;
}

function checkType(expected: ExpectedType, apiVersion: unknown, kind: unknown): void {
    const given = typeof apiVersion === 'string' && apiVersion !== '' ? apiVersion : expected.apiVersion;
    if (typeof kind === 'string' && kind !== '' && kind !== expected.kind) {
        const version = parseApiVersion(given)?.version ?? given;
        throw statusErrors.badRequest(
            `${kind} in version "${version}" cannot be handled as a ${expected.kind}: converting (${version}.${kind}) to (${internalPackage(expected)}.${expected.kind}): unknown conversion`,
        );
    }
    if (given !== expected.apiVersion && expected.anyGroup !== true) {
        throw statusErrors.badRequest(
            `the API version in the data (${given}) does not match the expected API version (${expected.apiVersion})`,
        );
    }
}

/** Upstream names the internal type after the group's Go package: "core", "apps", "networking". */
function internalPackage({ apiVersion }: ExpectedType): string {
    return parseApiVersion(apiVersion)?.group.split('.')[0] || 'core';
}

function cannotBeHandled({ apiVersion, kind }: ExpectedType, message: string): string {
    const version = parseApiVersion(apiVersion)?.version ?? apiVersion;
    return `${kind} in version "${version}" cannot be handled as a ${kind}: ${message}`;
}

async function parseBody(
    body: RequestBody,
    { kind, type: typeName, decode }: ExpectedType,
): Promise<{ value: unknown; strictErrors: string[]; text: string }> {
    // The caller inside the process keeps its object.
    if (body.type === 'value') return { value: ownCopy(body.value), strictErrors: [], text: '' };
    const type = mediaTypeOf(body.contentType);
    if (type === protobufType && decode === undefined) {
        // kubectl sends it; clients that only read JSON never load this.
        const { decodeProtobuf } = await import('../../../api/protobuf/decode-protobuf.ts');
        const { value, unknownFields } = decodeProtobuf(typeName, body.bytes);
        return { value, strictErrors: unknownFields, text: '' };
    }
    if (type !== jsonType && type !== yamlType) {
        throw statusErrors.unsupportedMediaType(
            `the body of the request was in an unknown format - accepted media types include: ${(decode === undefined ? bodyTypes : [jsonType, yamlType]).join(', ')}`,
        );
    }
    const text = body.bytes.subarray(0, summaryCharsMax + 1).toString();
    try {
        const parse = type === yamlType ? parseYaml : parseJson;
        const { value, duplicateFields } = await parse(body.bytes);
        return { value, strictErrors: duplicateFields, text };
    } catch (error) {
        if (error instanceof StatusError && error.code !== 400) throw error;
        const reason = error instanceof Error ? error.message : String(error);
        throw statusErrors.badRequest(
            `the object provided is unrecognized (must be of type ${kind}): couldn't get version/kind; ${type === yamlType ? 'yaml' : 'json'} parse error: ${reason} (${summarise(text)})`,
            { cause: error },
        );
    }
}

/** managedFields are the caller's still; nobody changes them. */
function ownCopy(value: unknown): unknown {
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? besideManagedFields(value as ApiObject, deepClone) : value;
}

/** Bytes in hexadecimal, as upstream quotes what it could not read. */
function summarise(text: string): string {
    if (text === '') return '<empty>';
    const hex = Buffer.from(text).toString('hex');
    return text.length > summaryCharsMax ? `${hex.slice(0, summaryCharsMax)} ...` : hex;
}

function jsonTypeOf(value: unknown): string {
    if (value === null) return 'null';
    if (Array.isArray(value)) return 'array';
    return typeof value === 'boolean' ? 'bool' : typeof value;
}

/** 422 in the words upstream has for a patch whose result does not decode strictly. */
export function strictPatchError(patch: unknown, message: string): StatusError {
    return statusErrors.invalid('', '', '', [fieldErrors.invalid('patch', JSON.stringify(patch), message)]);
}
