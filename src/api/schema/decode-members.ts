import { defineOwn } from '../meta/deep.ts';
import { type Decoder, mismatch, strictPath } from './decode-errors.ts';
import { scalarDecoder } from './decode-scalars.ts';
import { isEmpty, isZero, zeroOf, zerosOf } from './decode-zeros.ts';
import { type FieldType, schema, type TypeSchema } from './schema.ts';

/** Enough for a client to act on; upstream cuts its list too. */
const unknownFieldsMax = 100;

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

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
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
    /** When the value of an optional field is nothing: upstream's objects have none such. */
    isNothingWhen: 'empty' | 'zero' | undefined;
}

interface CompiledType {
    fields: ReadonlyMap<string, CompiledField>;
    /** Fields that upstream's objects have even where nothing was said, with their zero. */
    always: readonly (readonly [string, unknown])[];
}

function compileType(type: TypeSchema): CompiledType {
    const { always, nothingWhenZero } = zerosOf(type);
    const fields = new Map<string, CompiledField>();
    for (const [name, field] of type.fields) {
        const isCollection = field.type.kind === 'array' || field.type.kind === 'map';
        // An empty list of managed fields is a request to forget them.
        const isNothingWhenEmpty = isCollection && !field.required && name !== 'managedFields';
        const isNothingWhen = isNothingWhenEmpty ? 'empty' : nothingWhenZero.has(name) ? 'zero' : undefined;
        fields.set(name, { decode: decoderOf(field.type), isNothingWhen });
    }
    return { fields, always };
}

function isNothing(value: unknown, when: CompiledField['isNothingWhen']): boolean {
    if (when === undefined) return false;
    return when === 'zero' ? isZero(value) : isEmpty(value as object);
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
    let compiled: CompiledType | undefined;
    return (value, context) => {
        if (!isObject(value)) throw mismatch(value, { kind: 'ref', type: typeName }, context);
        const { fields, always } = (compiled ??= compileType(type));
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
                const isLeftOut = isNothing(decoded, field.isNothingWhen);
                if (decoded !== member || isLeftOut) output ??= copyBefore(value, key);
                if (output && !isLeftOut) output[key] = decoded;
            }
            context.path.pop();
        }
        for (const [name, zero] of always) {
            if ((output ?? value)[name] !== undefined) continue;
            output ??= { ...value };
            output[name] = zero;
        }
        context.struct = outer;
        return output ?? value;
    };
}

const structs = new Map<string, Decoder>();

/** The decoder of a type of the schema ("V1Pod"). Throws DecodeError. */
export function structDecoderOf(typeName: string): Decoder {
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
        default:
            return scalarDecoder(type);
    }
}
