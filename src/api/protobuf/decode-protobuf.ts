import { rfc3339 } from '../../util/clock.ts';
import type { ApiObject } from '../meta/object.ts';
import { statusErrors } from '../meta/status-error.ts';
import { type FieldType, schema, type TypeSchema } from '../schema/schema.ts';
import { WireError, WireReader } from './wire-reader.ts';
import { embedded, messageNameOf, type WireFieldType, wireMessage } from './wire-types.ts';

/** In front of every object in Kubernetes' protobuf encoding. */
const magic = Buffer.from('k8s\0');
const nestingMax = 100;
const unknownEnvelope = 'k8s.io.apimachinery.pkg.runtime.Unknown';

type Json = Record<string, unknown>;

const extensions = 'k8s.io.apiextensions-apiserver.pkg.apis.apiextensions.v1';

/** Messages that are something else in JSON; undefined where they stand for nothing. */
const special: Readonly<Record<string, (fields: Json) => unknown>> = {
    'k8s.io.apimachinery.pkg.api.resource.Quantity': ({ string }) => string ?? '0',
    'k8s.io.apimachinery.pkg.apis.meta.v1.Time': (fields) => timeOf(fields, secondsText),
    'k8s.io.apimachinery.pkg.apis.meta.v1.MicroTime': (fields) => timeOf(fields, microsText),
    'k8s.io.apimachinery.pkg.util.intstr.IntOrString': ({ type, intVal = 0, strVal = '' }) =>
        type === 1 ? strVal : intVal,
    'k8s.io.apimachinery.pkg.apis.meta.v1.FieldsV1': ({ Raw }) => embeddedJson(Raw),
    'k8s.io.apimachinery.pkg.runtime.RawExtension': ({ raw }) => embeddedJson(raw),
    [`${extensions}.JSON`]: ({ raw }) => embeddedJson(raw),
    [`${extensions}.JSONSchemaPropsOrArray`]: ({ schema, schemas }) => schemas ?? schema,
    [`${extensions}.JSONSchemaPropsOrBool`]: ({ allows, schema }) => schema ?? allows ?? false,
    [`${extensions}.JSONSchemaPropsOrStringArray`]: ({ schema, property }) => property ?? schema,
};

/**
 * Decodes the body of a request as the JSON value of an object of this type ("V1Pod"). What comes out is
 * checked like any JSON body afterwards, which also drops the zeros that Go writes for nothing. Fields with
 * unknown numbers are passed over without a word, as upstream does: older clients send retired ones.
 * @throws StatusError BadRequest
 */
export function decodeProtobuf(typeName: string, bytes: Buffer): ApiObject {
    try {
        return decodeEnvelope(typeName, bytes);
    } catch (error) {
        if (!(error instanceof WireError)) throw error;
        throw statusErrors.badRequest(error.message, { cause: error });
    }
}

function decodeEnvelope(typeName: string, bytes: Buffer): ApiObject {
    if (!bytes.subarray(0, magic.length).equals(magic)) {
        throw new WireError(
            'provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]',
        );
    }
    const envelope = new Decoder(true).message(unknownEnvelope, undefined, bytes.subarray(magic.length));
    const { typeMeta = {}, raw } = envelope as { typeMeta?: Json; raw?: Buffer };
    const type = schema().type(typeName);
    const name = messageNameOf(type.openapiName);
    if (wireMessage(name) === undefined) {
        throw statusErrors.unsupportedMediaType(
            `${typeName} has no protobuf encoding that this server knows; use JSON`,
        );
    }
    const fields = new Decoder().message(name, type, raw ?? Buffer.alloc(0));
    return { ...(fields as Json), ...typeMeta };
}

class Decoder {
    readonly #keepsBytes: boolean;
    #nesting = 0;

    constructor(keepsBytes = false) {
        this.#keepsBytes = keepsBytes;
    }

    /** `type` is the schema's view of the JSON object that this message is, or is a part of. */
    message(name: string, type: TypeSchema | undefined, bytes: Buffer): unknown {
        const fields = wireMessage(name);
        if (fields === undefined) throw new WireError(`proto: unknown message ${name}`);
        if (++this.#nesting > nestingMax) throw new WireError('proto: exceeded max depth');
        const json: Json = {};
        for (const { number, value } of new WireReader(bytes).fields()) {
            const field = fields.get(number);
            if (field !== undefined) this.#field(json, { type, field }, value);
        }
        this.#nesting--;
        const convert = special[name];
        return convert === undefined ? json : convert(json);
    }

    #field(
        json: Json,
        { type, field }: { type: TypeSchema | undefined; field: WireFieldType },
        value: number | Buffer,
    ): void {
        const { name, shape } = field;
        if (name === embedded && typeof field.value === 'object') {
            Object.assign(json, this.message(field.value.message, type, bytesOf(value)));
            return;
        }
        const known = type?.fields.get(name);
        switch (shape) {
            case 'single': {
                const decoded = this.#value(field, known?.type, value);
                if (decoded !== undefined) json[name] = decoded;
                return;
            }
            case 'repeated': {
                const list = (json[name] ??= []) as unknown[];
                const items = known?.type.kind === 'array' ? known.type.items : undefined;
                if (field.value === 'integer' && Buffer.isBuffer(value))
                    list.push(...new WireReader(value).varints());
                else list.push(this.#value(field, items, value) ?? null);
                return;
            }
            case 'map': {
                const map = (json[name] ??= {}) as Json;
                const values = known?.type.kind === 'map' ? known.type.values : undefined;
                const [key, member] = this.#entry(field, values, bytesOf(value));
                Object.defineProperty(map, key, {
                    value: member,
                    writable: true,
                    enumerable: true,
                    configurable: true,
                });
                return;
            }
        }
    }

    #entry(field: WireFieldType, type: FieldType | undefined, bytes: Buffer): [string, unknown] {
        let key = '';
        let member: unknown;
        for (const { number, value } of new WireReader(bytes).fields()) {
            if (number === 1) key = bytesOf(value).toString();
            else if (number === 2) member = this.#value(field, type, value) ?? null;
        }
        // A value that is zero may be left out on the wire; null is the zero of any type.
        return [key, member ?? null];
    }

    #value({ value: kind }: WireFieldType, type: FieldType | undefined, value: number | Buffer): unknown {
        switch (kind) {
            case 'integer':
            case 'double':
                return numberOf(value);
            case 'boolean':
                return numberOf(value) !== 0;
            case 'string':
                return bytesOf(value).toString();
            case 'bytes':
                return this.#keepsBytes || type?.kind !== 'bytes'
                    ? bytesOf(value)
                    : bytesOf(value).toString('base64');
            default: {
                const inner = type?.kind === 'ref' ? schema().find(type.type) : undefined;
                const decoded = this.message(kind.message, inner, bytesOf(value));
                // Named list types of Go are messages with one field here.
                return type?.kind === 'array' ? ((decoded as Json)['items'] ?? []) : decoded;
            }
        }
    }
}

function bytesOf(value: number | Buffer): Buffer {
    if (typeof value === 'number') throw new WireError('proto: wrong wireType');
    return value;
}

function numberOf(value: number | Buffer): number {
    if (typeof value !== 'number') throw new WireError('proto: wrong wireType');
    return value;
}

/** How far from 1970 a Date reaches. */
const secondsMax = 8.64e12;

/** The zero time is nothing. */
function timeOf(
    { seconds = 0, nanos = 0 }: Json,
    format: (seconds: number, nanos: number) => string,
): string | undefined {
    if (typeof seconds !== 'number' || typeof nanos !== 'number') return undefined;
    if (seconds === 0 && nanos === 0) return undefined;
    if (Math.abs(seconds) > secondsMax || nanos < 0 || nanos >= 1e9)
        throw new WireError('proto: time out of range');
    return format(seconds, nanos);
}

function secondsText(seconds: number): string {
    return rfc3339(seconds * 1000);
}

/** With all six digits that upstream keeps; a Date has three. */
function microsText(seconds: number, nanos: number): string {
    const micros = String(Math.floor(nanos / 1000)).padStart(6, '0');
    return secondsText(seconds).replace(/Z$/, `.${micros}Z`);
}

function embeddedJson(raw: unknown): unknown {
    if (!Buffer.isBuffer(raw) || raw.length === 0) return undefined;
    try {
        return JSON.parse(raw.toString());
    } catch (error) {
        throw new WireError('the object embedded in the message is not JSON', { cause: error });
    }
}
