import type { ResourceDefinition } from '../../../api/groups/resource.ts';
import { deepClone } from '../../../api/meta/deep.ts';
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
import { schema } from '../../../api/schema/schema.ts';
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
    /** Other versions of the kind that are read as the same type. */
    alsoAccepted?: readonly string[];
    /** True for DeleteOptions, which stands in every group ("apps/v1") as the same type. */
    anyGroup?: boolean;
}

const jsonType = 'application/json';
const yamlType = 'application/yaml';
const protobufType = 'application/vnd.kubernetes.protobuf';
const bodyTypes = [jsonType, yamlType, protobufType];
/** How much of an unreadable body an error message quotes. */
const summaryBytesMax = 30;
const nothing = Buffer.alloc(0);

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
    const { value, strictErrors, bytes } = await parseBody(body, expected);
    const { object, unknownFields } = decodeAs(value ?? {}, expected, bytes);
    const complaints = inOrder(body, expected, { duplicates: strictErrors, unknownFields });
    if (complaints.length > 0) {
        reportStrictErrors(request, fieldValidation, complaints, (message) =>
            statusErrors.badRequest(cannotBeHandled(expected, message)),
        );
    }
    request.onObject?.(object);
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

/** Checks `value` against the schema; the answer's unknown fields are in upstream's words. */
export function decodeAs(
    value: unknown,
    expected: ExpectedType,
    body: Buffer = nothing,
): { object: ApiObject; unknownFields: string[] } {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
        const struct =
            'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }';
        throw unreadableType(
            expected,
            body,
            `cannot unmarshal ${jsonTypeOf(value)} into Go value of type ${struct}`,
        );
    }
    const { apiVersion, kind } = value as Record<string, unknown>;
    checkType(expected, { apiVersion, kind }, body);
    const decoded = expected.decode?.(value) ?? decodeObject(expected.type, value, {});
    decoded.object.apiVersion = expected.apiVersion;
    decoded.object.kind = expected.kind;
    return decoded;
}

/** Upstream looks at kind and apiVersion before anything else of a body. */
function checkType(
    expected: ExpectedType,
    given: { apiVersion: unknown; kind: unknown },
    body: Buffer,
): void {
    for (const [field, value] of Object.entries(given)) {
        if (typeof value === 'string' || value === undefined || value === null) continue;
        const struct = `Go struct field .${field} of type string`;
        throw unreadableType(expected, body, `cannot unmarshal ${jsonTypeOf(value)} into ${struct}`);
    }
    const apiVersion = (given.apiVersion as string | undefined) || expected.apiVersion;
    const kind = (given.kind as string | undefined) || expected.kind;
    const parsed = parseApiVersion(apiVersion);
    if (parsed === undefined) {
        throw unrecognized(expected, `unexpected GroupVersion string: ${apiVersion}`, body);
    }
    const { group, version } = parsed;
    const isAccepted =
        apiVersion === expected.apiVersion || expected.alsoAccepted?.includes(apiVersion) === true;
    if (kind === expected.kind && isAccepted) return;
    const isKnown = expected.anyGroup === true || schema().typeNameOf({ group, version, kind }) !== undefined;
    if (expected.decode === undefined && !isKnown) {
        throw statusErrors.badRequest(
            `${kind} in version "${version}" cannot be handled as a ${expected.kind}: no kind "${kind}" is registered for version "${apiVersion}" in scheme "${scheme}"`,
        );
    }
    if (kind !== expected.kind) {
        throw statusErrors.badRequest(
            `${kind} in version "${version}" cannot be handled as a ${expected.kind}: converting (${version}.${kind}) to (${internalPackage(expected)}.${expected.kind}): unknown conversion`,
        );
    }
    if (expected.anyGroup !== true) {
        throw statusErrors.badRequest(
            `the API version in the data (${apiVersion}) does not match the expected API version (${expected.apiVersion})`,
        );
    }
}

/** Where upstream keeps what it knows of kinds. */
const scheme = 'k8s.io/kubernetes/pkg/api/legacyscheme/scheme.go:30';

function unreadableType(expected: ExpectedType, body: Buffer, why: string): StatusError {
    return unrecognized(expected, `couldn't get version/kind; json parse error: json: ${why}`, body);
}

/** For bodies whose kind is not even known. */
function unrecognized({ kind }: ExpectedType, why: string, body: Buffer, cause?: unknown): StatusError {
    return statusErrors.badRequest(
        `the object provided is unrecognized (must be of type ${kind}): ${why} (${summarise(body)})`,
        { cause },
    );
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
    expected: ExpectedType,
): Promise<{ value: unknown; strictErrors: string[]; bytes: Buffer }> {
    // The caller inside the process keeps its object.
    if (body.type === 'value') return { value: ownCopy(body.value), strictErrors: [], bytes: nothing };
    const { bytes } = body;
    const type = mediaTypeOf(body.contentType);
    const accepted = expected.decode === undefined ? bodyTypes : [jsonType, yamlType];
    if (!accepted.includes(type)) {
        throw statusErrors.unsupportedMediaType(
            `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`,
        );
    }
    try {
        return { ...(await parseAs(type, bytes, expected)), bytes };
    } catch (error) {
        if (error instanceof StatusError && error.code !== 400) throw error;
        const reason = error instanceof Error ? error.message : String(error);
        throw unrecognized(expected, unreadableBody[type]?.(reason) ?? reason, bytes, error);
    }
}

/** What upstream says before the reason, by media type. */
const unreadableBody: Readonly<Record<string, (reason: string) => string>> = {
    [jsonType]: (reason) => `couldn't get version/kind; json parse error: ${reason}`,
    [yamlType]: (reason) => reason.replace(/^error converting YAML to JSON: /, ''),
};

async function parseAs(
    type: string,
    bytes: Buffer,
    expected: ExpectedType,
): Promise<{ value: unknown; strictErrors: string[] }> {
    if (type === protobufType) {
        // kubectl sends it; clients that only read JSON never load this.
        const { decodeProtobuf } = await import('../../../api/protobuf/decode-protobuf.ts');
        return { value: decodeProtobuf(expected.type, bytes), strictErrors: [] };
    }
    const { value, duplicateFields } = type === yamlType ? await parseYaml(bytes) : parseJson(bytes);
    return { value, strictErrors: duplicateFields };
}

/** managedFields are the caller's still; nobody changes them. */
function ownCopy(value: unknown): unknown {
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? besideManagedFields(value as ApiObject, deepClone) : value;
}

/** How upstream quotes what it could not read: what looks like JSON as it is, other bytes in hexadecimal. */
function summarise(body: Buffer): string {
    if (body.length === 0) return '<empty>';
    const text = body.subarray(0, summaryBytesMax).toString(body[0] === brace ? 'utf8' : 'hex');
    return body.length > summaryBytesMax ? `${text} ...` : text;
}

const brace = 0x7b;

function jsonTypeOf(value: unknown): string {
    if (value === null) return 'null';
    if (Array.isArray(value)) return 'array';
    return typeof value === 'boolean' ? 'bool' : typeof value;
}
