import { WireError, WireReader, WireWriter } from './wire.ts';

/**
 * Messages as data. A message is a table of fields; its TypeScript type is derived from the table:
 *
 *     const pair = message({ key: field(1, 'key'), value: field(2, 'bytes') });
 *     type Pair = MessageOf<typeof pair>;              { key: string; value: Buffer }
 *     pair.decode(pair.encode({ key: 'a' }))           { key: 'a', value: <Buffer > }
 *
 * Decoded messages have every field, absent scalars with proto3's default, except nested messages and
 * `optional` scalars (members of a oneof), which are undefined when absent. Unknown fields are skipped.
 */
export interface Codec<T> {
    encode(value: Partial<T>): Buffer;
    /** Throws WireError. Bytes are parts of `buffer`, not copies. */
    decode(buffer: Buffer): T;
    /** For messages inside of messages. */
    write(value: Partial<T>, writer: WireWriter): void;
    read(reader: WireReader): T;
}

interface ScalarTypes {
    bytes: Buffer;
    /** Bytes as a string with one char a byte, as keys are in the store. */
    key: string;
    /** UTF-8. */
    text: string;
    /** Exact up to 2^53. Also for enumerations and 32 bits. */
    int64: number;
    /** Exact: for identifiers of members and clusters. */
    uint64: bigint;
    bool: boolean;
}
type ScalarName = keyof ScalarTypes;

interface Field<T> {
    readonly id: number;
    readonly wireType: 0 | 2;
    readonly initial: () => T;
    isDefault(value: T): boolean;
    /** Writes tag and value. */
    write(value: T, writer: WireWriter): void;
    /** Reads a value; `before` is what the field has so far (lists grow). */
    read(reader: WireReader, before: T, wireType: number): T;
}
type Fields = Readonly<Record<string, Field<never>>>;
type ValuesOf<F> = { [K in keyof F]: F[K] extends Field<infer T> ? T : never };
export type MessageOf<C> = C extends Codec<infer T> ? T : never;

interface Scalar<T> {
    readonly wireType: 0 | 2;
    readonly initial: T;
    isDefault(value: T): boolean;
    write(value: T, writer: WireWriter): void;
    read(reader: WireReader): T;
}

const empty = Buffer.alloc(0);
const scalars: { readonly [K in ScalarName]: Scalar<ScalarTypes[K]> } = {
    bytes: {
        wireType: 2,
        initial: empty,
        isDefault: (value) => value.length === 0,
        write: (value, writer) => {
            writer.bytes(value);
        },
        read: (reader) => reader.bytes(),
    },
    key: textScalar('latin1'),
    text: textScalar('utf8'),
    int64: {
        wireType: 0,
        initial: 0,
        isDefault: (value) => value === 0,
        write: (value, writer) => {
            writer.varint(value);
        },
        read: (reader) => reader.signedVarint(),
    },
    uint64: {
        wireType: 0,
        initial: 0n,
        isDefault: (value) => value === 0n,
        write: (value, writer) => {
            writer.bigVarint(value);
        },
        read: (reader) => reader.bigVarint(),
    },
    bool: {
        wireType: 0,
        initial: false,
        isDefault: (value) => !value,
        write: (value, writer) => {
            writer.varint(value ? 1 : 0);
        },
        read: (reader) => reader.varint() !== 0,
    },
};

function textScalar(encoding: 'latin1' | 'utf8'): Scalar<string> {
    return {
        wireType: 2,
        initial: '',
        isDefault: (value) => value === '',
        write: (value, writer) => {
            writer.text(value, encoding);
        },
        read: (reader) => reader.text(encoding),
    };
}

/** A scalar that is absent when it has its default. */
export function field<K extends ScalarName>(id: number, type: K): Field<ScalarTypes[K]> {
    const scalar = scalars[type];
    const tag = id * 8 + scalar.wireType;
    return {
        id,
        wireType: scalar.wireType,
        initial: () => scalar.initial,
        isDefault: (value) => scalar.isDefault(value),
        write: (value, writer) => {
            writer.varint(tag);
            scalar.write(value, writer);
        },
        read: (reader) => scalar.read(reader),
    };
}

/** A scalar whose presence says something: a member of a oneof. */
export function optional<K extends ScalarName>(id: number, type: K): Field<ScalarTypes[K] | undefined> {
    const plain = field(id, type);
    return {
        ...plain,
        initial: () => undefined,
        isDefault: (value) => value === undefined,
        write: (value, writer) => {
            if (value !== undefined) plain.write(value, writer);
        },
        read: (reader, _before, wireType) => plain.read(reader, plain.initial(), wireType),
    };
}

/** A message; `get` allows messages that contain themselves. */
export function nested<T>(id: number, get: () => Codec<T>): Field<Partial<T> | undefined> {
    return {
        id,
        wireType: 2,
        initial: () => undefined,
        isDefault: (value) => value === undefined,
        write: (value, writer) => {
            writer.varint(id * 8 + 2);
            writer.nested(() => {
                get().write(value ?? {}, writer);
            });
        },
        read: (reader) => get().read(reader.nested()),
    };
}
