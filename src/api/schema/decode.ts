import { type ApiObject, parseApiVersion } from '../meta/object.ts';
import { statusErrors } from '../meta/status-error.ts';
import { type Context, DecodeError } from './decode-errors.ts';
import { isObject, structDecoderOf } from './decode-members.ts';
import { schema } from './schema.ts';

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
