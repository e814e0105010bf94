import { defineOwn } from '../meta/deep.ts';
import { type ApiObject, parseApiVersion } from '../meta/object.ts';
import { canonicalQuantity } from '../meta/quantity.ts';
import { statusErrors } from '../meta/status-error.ts';
import { goTypeName, goValueName } from './go-types.ts';
import { type FieldType, schema, type TypeSchema } from './schema.ts';
import { normalizeMicroTime, normalizeTime } from './time.ts';

/**
 * Schema-directed decoding: what encoding/json and the apiserver's serializer do with a request's body.
 * Each type is compiled to a closure when it is first used. Values that are fine are passed on as they
 * are, so an object that needs no change costs no copy; the input is never changed.
 */
export interface DecodeOptions {
    /** Default: the kind and version of the input, or of the type. For the message of an error. */
    kind?: string;
    version?: string;
}

export interface Decoded<T extends ApiObject = ApiObject> {
    object: T;
    /** Sentences in upstream's words, `unknown field "spec.foo"`, in the order of the input. */
    unknownFields: string[];
}

/** Enough for a client to act on; upstream cuts its list too. */
const unknownFieldsMax = 100;

interface Context {
    /** Field names, indexes of arrays, and keys of maps (behind "\0") on the way to the value. */
    readonly path: (string | number)[];
    /** Name of the innermost struct, as Go reports it. */
    struct: string;
    readonly unknownFields: string[];
}

type Decoder = (value: unknown, context: Context) => unknown;

class DecodeError extends Error {
    override readonly name = 'DecodeError';
    /** Set where the value is of another JSON type than the field. */
    mismatch: { value: unknown; type: FieldType } | undefined;
}

/** "spec.containers[0].image" */
function strictPath(path: readonly (string | number)[]): string {
    let text = '';
    for (const step of path) {
        if (typeof step === 'number') text += `[${step}]`;
        else text += `${text === '' ? '' : '.'}${step.startsWith('\0') ? step.slice(1) : step}`;
    }
    return text;
}

/** Go names the struct and the fields down to the value, without indexes and map keys. */
function mismatch(value: unknown, type: FieldType, context: Context, withNumber = false): DecodeError {
    const what = `json: cannot unmarshal ${goValueName(value, withNumber)} into Go`;
    const fields = context.path.filter((step) => typeof step === 'string' && !step.startsWith('\0'));
    const isWhole = fields.length === 0 || type.kind === 'date-time' || type.kind === 'micro-time';
    const error = new DecodeError(
        isWhole
            ? `${what} value of type ${goTypeName(type)}`
            : `${what} struct field ${context.struct}.${fields.join('.')} of type ${goTypeName(type)}`,
    );
    error.mismatch = { value, type };
    return error;
}

/** What Go calls a value's kind. */
function goKind(value: unknown): string {
    if (Array.isArray(value)) return 'slice';
    if (typeof value === 'number') return Number.isInteger(value) ? 'int64' : 'float64';
    return typeof value === 'object' ? 'map' : typeof value === 'boolean' ? 'bool' : 'string';
}

/**
 * The error of a decode as upstream words it where an object is converted instead of decoded, which it does
 * after a strategic merge patch.
 */
export function conversionMessage(error: Error): string {
    const { value, type } = (error instanceof DecodeError ? error.mismatch : undefined) ?? {};
    switch (type?.kind) {
        case 'map':
            return `cannot restore map from ${goKind(value)}`;
        case 'array':
        case 'bytes':
            return `cannot restore slice from ${goKind(value)}`;
        case 'ref':
            return `cannot restore struct from: ${goKind(value)}`;
        case 'string':
        case 'boolean':
        case 'integer':
        case 'double':
            return `unrecognized type: ${goTypeName(type)}`;
        default:
            return error.message;
    }
}

/** Runs a parser of text whose errors are already in upstream's words. */
function parsed<T>(parse: () => T): T {
    try {
        return parse();
    } catch (cause) {
        throw new DecodeError(cause instanceof Error ? cause.message : String(cause), { cause });
    }
}

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

function decodeBytes(value: string): string {
    // Go's decoder skips line breaks, and what it then encodes has none.
    const text = value.includes('\n') || value.includes('\r') ? value.replaceAll(/[\r\n]/g, '') : value;
    if (base64.test(text)) return text;
    const bad = value.search(/[^A-Za-z0-9+/\r\n]/);
    throw new DecodeError(
        `illegal base64 data at input byte ${bad < 0 ? value.length - (text.length % 4) : bad}`,
    );
}

const int32End = 2 ** 31;

function integerDecoder(type: FieldType & { kind: 'integer' | 'int-or-string' }): Decoder {
    // Exclusive: 2^63 - 1 itself is no number of JavaScript.
    const end = type.kind === 'integer' && type.format === 'int64' ? 2 ** 63 : int32End;
    return (value, context) => {
        if (typeof value !== 'number') throw mismatch(value, type, context);
        if (!Number.isInteger(value) || value >= end || value < -end)
            throw mismatch(value, type, context, true);
        return value;
    };
}

function stringDecoder(type: FieldType, convert?: (text: string) => string): Decoder {
    if (convert === undefined)
        return (value, context) => {
            if (typeof value !== 'string') throw mismatch(value, type, context);
            return value;
        };
    return (value, context) => {
        if (typeof value !== 'string') throw mismatch(value, type, context);
        return convert(value);
    };
}

function timeDecoder(type: FieldType, normalize: (text: string) => string): Decoder {
    // Upstream takes an empty string for the zero time, which it does not write back.
    return stringDecoder(type, (text) => (text === '' ? text : parsed(() => normalize(text))));
}

function arrayDecoder(type: FieldType & { kind: 'array' }): Decoder {
    const decode = decoderOf(type.items);
    const zero = zeroOf(type.items);
    return (value, context) => {
        if (!Array.isArray(value)) throw mismatch(value, type, context);
        const input = value as readonly unknown[];
        let output: unknown[] | undefined;
        const at = context.path.push(0) - 1;
        for (let i = 0; i < input.length; i++) {
            context.path[at] = i;
            const item = input[i];
            const decoded = item === null ? zero() : decode(item, context);
            if (decoded !== item && output === undefined) output = input.slice(0, i);
            output?.push(decoded);
        }
        context.path.pop();
        return output ?? input;
    };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
    return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function setMember(target: Record<string, unknown>, key: string, value: unknown): void {
    if (key === '__proto__') defineOwn(target, key, value);
    else target[key] = value;
}

function mapDecoder(type: FieldType & { kind: 'map' }): Decoder {
    const decode = decoderOf(type.values);
    const zero = zeroOf(type.values);
    return (value, context) => {
        if (!isObject(value)) throw mismatch(value, type, context);
        let changed: [string, unknown][] | undefined;
        const at = context.path.push('') - 1;
        for (const key in value) {
            context.path[at] = `\0${key}`;
            const member = value[key];
            const decoded = member === null || member === undefined ? zero() : decode(member, context);
            if (decoded !== member) (changed ??= []).push([key, decoded]);
        }
        context.path.pop();
        if (changed === undefined) return value;
        const output = { ...value };
        for (const [key, member] of changed) setMember(output, key, member);
        return output;
    };
}

interface CompiledField {
    decode: Decoder;
    /** An optional list or map: upstream's objects have none that is empty. */
    isNothingWhenEmpty: boolean;
}

function compileFields(type: TypeSchema): Map<string, CompiledField> {
    const fields = new Map<string, CompiledField>();
    for (const [name, field] of type.fields) {
        const { kind } = field.type;
        // An empty list of managed fields is a request to forget them.
        const isOptional = !field.required && name !== 'managedFields';
        const isNothingWhenEmpty = isOptional && (kind === 'array' || kind === 'map');
        fields.set(name, { decode: decoderOf(field.type), isNothingWhenEmpty });
    }
    return fields;
}

function isEmpty(collection: object): boolean {
    if (Array.isArray(collection)) return collection.length === 0;
    for (const _key in collection) return false;
    return true;
}

/** A copy of what stands before `stop`, without the members that decode to nothing. */
function copyBefore(value: Readonly<Record<string, unknown>>, stop: string): Record<string, unknown> {
    const output: Record<string, unknown> = {};
    for (const key in value) {
        if (key === stop) break;
        output[key] = value[key];
    }
    return output;
}

function structDecoder(typeName: string): Decoder {
    const type = schema().type(typeName);
    const struct = type.openapiName.slice(type.openapiName.lastIndexOf('.') + 1);
    let fields: Map<string, CompiledField> | undefined;
    return (value, context) => {
        if (!isObject(value)) throw mismatch(value, { kind: 'ref', type: typeName }, context);
        fields ??= compileFields(type);
        const outer = context.struct;
        context.struct = struct;
        let output: Record<string, unknown> | undefined;
        for (const key in value) {
            const member = value[key];
            const field = fields.get(key);
            context.path.push(key);
            if (field === undefined) {
                if (context.unknownFields.length < unknownFieldsMax)
                    context.unknownFields.push(`unknown field "${strictPath(context.path)}"`);
                output ??= copyBefore(value, key);
            } else if (member === null || member === undefined) {
                output ??= copyBefore(value, key);
            } else {
                const decoded = field.decode(member, context);
                const isNothing = field.isNothingWhenEmpty && isEmpty(decoded as object);
                if (decoded !== member || isNothing) output ??= copyBefore(value, key);
                if (output && !isNothing) output[key] = decoded;
            }
            context.path.pop();
        }
        context.struct = outer;
        return output ?? value;
    };
}

const structs = new Map<string, Decoder>();

function structDecoderOf(typeName: string): Decoder {
    let decode = structs.get(typeName);
    if (decode === undefined) {
        decode = structDecoder(typeName);
        structs.set(typeName, decode);
    }
    return decode;
}

/** Free-form JSON, in which objects of a known type may stand: directly or in a list. */
function opaqueDecoder(objects: string | undefined): Decoder {
    if (objects === undefined) return (value) => value;
    const one: FieldType = { kind: 'ref', type: objects };
    return (value, context) => {
        if (Array.isArray(value))
            return value.every((item) => typeof item === 'string')
                ? value
                : arrayDecoder({ kind: 'array', items: one })(value, context);
        return isObject(value) ? structDecoderOf(objects)(value, context) : value;
    };
}

function decoderOf(type: FieldType): Decoder {
    switch (type.kind) {
        case 'string':
            return stringDecoder(type);
        case 'bytes':
            return stringDecoder(type, decodeBytes);
        case 'date-time':
            return timeDecoder(type, normalizeTime);
        case 'micro-time':
            return timeDecoder(type, normalizeMicroTime);
        case 'boolean':
            return (value, context) => {
                if (typeof value !== 'boolean') throw mismatch(value, type, context);
                return value;
            };
        case 'integer':
            return integerDecoder(type);
        case 'double':
            return (value, context) => {
                if (typeof value !== 'number') throw mismatch(value, type, context);
                return value;
            };
        case 'int-or-string': {
            const integer = integerDecoder(type);
            return (value, context) => (typeof value === 'string' ? value : integer(value, context));
        }
        case 'quantity':
            return (value) =>
                parsed(() =>
                    canonicalQuantity(typeof value === 'string' || typeof value === 'number' ? value : '-'),
                );
        case 'opaque':
            return opaqueDecoder(type.objects);
        case 'array':
            return arrayDecoder(type);
        case 'map':
            return mapDecoder(type);
        case 'ref': {
            const { type: name } = type;
            let decode: Decoder | undefined;
            // Looked up late: types refer to themselves.
            return (value, context) => (decode ??= structDecoderOf(name))(value, context);
        }
    }
}

/** What Go leaves in an element of a list or map for which the input says null. */
function zeroOf(type: FieldType): () => unknown {
    switch (type.kind) {
        case 'ref':
            return () => ({});
        case 'boolean':
            return () => false;
        case 'integer':
        case 'double':
        case 'int-or-string':
            return () => 0;
        case 'quantity':
            return () => '0';
        case 'array':
        case 'map':
        case 'opaque':
            return () => null;
        default:
            return () => '';
    }
}

/** Decodes any value as a type of the schema, without the words that name a kind. Throws `Error`. */
export function decodeValue(typeName: string, input: unknown): { value: unknown; unknownFields: string[] } {
    const context: Context = { path: [], struct: '', unknownFields: [] };
    const value = structDecoderOf(typeName)(input, context);
    return { value, unknownFields: context.unknownFields };
}

function nameOf(typeName: string, input: unknown, options: DecodeOptions): { kind: string; version: string } {
    const given = isObject(input) ? input : {};
    const gvk = schema().type(typeName).gvks[0];
    const { apiVersion } = given;
    const parsedVersion = typeof apiVersion === 'string' ? parseApiVersion(apiVersion) : undefined;
    return {
        kind:
            options.kind ??
            (typeof given.kind === 'string' && given.kind !== '' ? given.kind : (gvk?.kind ?? typeName)),
        version: options.version ?? parsedVersion?.version ?? gvk?.version ?? 'v1',
    };
}

/**
 * Decodes the body of a request as an object of this type ("V1Pod"). Checks every JSON type, canonicalises
 * quantities and times, drops nulls and unknown fields.
 * @throws StatusError BadRequest in upstream's words.
 */
export function decodeObject<T extends ApiObject = ApiObject>(
    typeName: string,
    input: unknown,
    options: DecodeOptions = {},
): Decoded<T> {
    try {
        const { value, unknownFields } = decodeValue(typeName, input);
        return { object: value as T, unknownFields };
    } catch (cause) {
        if (!(cause instanceof DecodeError)) throw cause;
        const { kind, version } = nameOf(typeName, input, options);
        throw statusErrors.badRequest(
            `${kind} in version "${version}" cannot be handled as a ${kind}: ${cause.message}`,
            { cause },
        );
    }
}

/** "strict decoding error: unknown field "spec.foo", duplicate field "spec.replicas"", as upstream joins them. */
export function strictDecodingMessage(complaints: readonly string[]): string {
    return `strict decoding error: ${complaints.join(', ')}`;
}
