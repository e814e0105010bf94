import { ByteReader, DecodeError, wireBytes, wireVarint } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';

/**
 * Protocol buffers (proto3) by description. A message type is a record of fields, and the TypeScript type of
 * its messages follows from it:
 *
 *     const compactionRequest = message({ revision: int64(1), physical: bool(2) });
 *     const bytes = encode(compactionRequest, { revision: 7 });
 *     decode(compactionRequest, bytes);                       // { revision: 7, physical: false }
 *
 * int64 are numbers (|n| < 2^53), identifiers (uint64) 16 hexadecimal digits or '', keys latin1 strings,
 * values Buffers, enumerations their names. Field numbers and types are those of etcd's public API.
 */
export interface MessageType<T> {
    /** Phantom: the type of a decoded message. */
    readonly decoded?: T;
    readonly fields: readonly BoundField[];
    readonly byNumber: readonly (BoundField | undefined)[];
    readonly defaults: Readonly<Record<string, unknown>>;
}
export type Decoded<M> = M extends MessageType<infer T> ? T : never;

/** What a message can be written from: what is missing has its default, and is not written. */
export type Init<T> = T extends Buffer | string | number | boolean | undefined
    ? T
    : T extends readonly (infer E)[]
      ? readonly Init<E>[]
      : { readonly [K in keyof T]?: Init<T[K]> | undefined };

/** Messages inside messages; a request nested deeper is refused. */
const depthMax = 64;

interface Kind<T> {
    readonly wireType: number;
    /** What an absent field reads as, and what is not written. */
    readonly fallback: T;
    write(writer: ByteWriter, value: T): void;
    read(reader: ByteReader, depth: number): T;
}
interface Field<T> {
    readonly number: number;
    readonly kind: Kind<unknown>;
    readonly label: 'single' | 'optional' | 'repeated';
    /** Phantom. */
    readonly type?: T;
}
type FieldSet = Readonly<Record<string, Field<unknown>>>;
type MessageOf<F extends FieldSet> = {
    [K in keyof F]: F[K] extends Field<infer T> ? Exclude<T, never> : never;
};
interface BoundField {
    readonly name: string;
    readonly tag: number;
    readonly wireType: number;
    readonly kind: Kind<unknown>;
    readonly label: Field<unknown>['label'];
}

export function message<F extends FieldSet>(fields: F): MessageType<MessageOf<F>> {
    return describe(fields);
}

/** A message whose type refers to itself: the type has to be said. */
export function recursiveMessage<T>(fields: { readonly [K in keyof T]: Field<T[K]> }): MessageType<T> {
    return describe(fields);
}

function describe<T>(fields: FieldSet): MessageType<T> {
    const byNumber: BoundField[] = [];
    const bound: BoundField[] = [];
    const defaults: Record<string, unknown> = {};
    for (const [name, { number, kind, label }] of Object.entries(fields)) {
        const tag = number * 8 + kind.wireType;
        const field: BoundField = { name, tag, wireType: kind.wireType, kind, label };
        byNumber[number] = field;
        bound.push(field);
        defaults[name] = label === 'single' ? kind.fallback : undefined;
    }
    return { fields: bound.reverse(), byNumber, defaults };
}

const scratch = new ByteWriter();

/** `prefix` bytes are left free before the message, for the caller's framing. */
export function encode<T>(type: MessageType<T>, value: Init<T>, prefix = 0): Buffer {
    try {
        writeMessage(scratch, type, value as Readonly<Record<string, unknown>>);
        return scratch.take(prefix);
    } catch (error) {
        scratch.reset();
        throw error;
    }
}

/** Throws DecodeError. Unknown fields are ignored. */
export function decode<T>(type: MessageType<T>, bytes: Buffer): T {
    return readMessage(new ByteReader(bytes), type, 0);
}

function writeMessage<T>(
    writer: ByteWriter,
    type: MessageType<T>,
    value: Readonly<Record<string, unknown>>,
): void {
    for (const field of type.fields) {
        const content = value[field.name];
        if (content === undefined) continue;
        if (field.label === 'repeated') writeRepeated(writer, field, content as readonly unknown[]);
        else if (field.label === 'optional' || !isDefault(field.kind, content)) {
            field.kind.write(writer, content);
            writer.varint(field.tag);
        }
    }
}

function writeRepeated(writer: ByteWriter, field: BoundField, items: readonly unknown[]): void {
    if (items.length === 0) return;
    if (field.wireType === wireBytes) {
        for (let i = items.length - 1; i >= 0; i--) {
            field.kind.write(writer, items[i]);
            writer.varint(field.tag);
        }
        return;
    }
    // Numbers are packed, as proto3 has it.
    const before = writer.length;
    for (let i = items.length - 1; i >= 0; i--) field.kind.write(writer, items[i]);
    writer.varint(writer.length - before);
    writer.varint((field.tag & ~7) | wireBytes);
}

function isDefault(kind: Kind<unknown>, value: unknown): boolean {
    return value === kind.fallback || (value instanceof Buffer && value.length === 0);
}

function readMessage<T>(reader: ByteReader, type: MessageType<T>, depth: number): T {
    if (depth > depthMax) throw new DecodeError('messages are nested too deeply');
    const value: Record<string, unknown> = { ...type.defaults };
    for (const field of type.fields) if (field.label === 'repeated') value[field.name] = [];
    while (reader.offset < reader.end) {
        const tag = reader.uint();
        const wireType = tag & 7;
        const field = type.byNumber[tag >>> 3];
        if (field === undefined) reader.skip(wireType);
        else if (field.label === 'repeated')
            readRepeated({ reader, field, wireType, depth }, value[field.name] as unknown[]);
        else {
            expectWireType(field, wireType);
            value[field.name] = field.kind.read(reader, depth);
        }
    }
    return value as T;
}

interface RepeatedSource {
    reader: ByteReader;
    field: BoundField;
    wireType: number;
    depth: number;
}

function readRepeated({ reader, field, wireType, depth }: RepeatedSource, into: unknown[]): void {
    if (wireType === wireBytes && field.wireType !== wireBytes) {
        reader.nested(() => {
            while (reader.offset < reader.end) into.push(field.kind.read(reader, depth));
        });
        return;
    }
    expectWireType(field, wireType);
    into.push(field.kind.read(reader, depth));
}

function expectWireType(field: BoundField, wireType: number): void {
    if (wireType !== field.wireType) {
        throw new DecodeError(`field ${field.name} has wire type ${wireType}`);
    }
}

const int64Kind: Kind<number> = {
    wireType: wireVarint,
    fallback: 0,
    write: (writer, value) => writer.varint(value),
    read: (reader) => reader.int(),
};
const uint64Kind: Kind<number> = { ...int64Kind, read: (reader) => reader.uint() };
const boolKind: Kind<boolean> = {
    wireType: wireVarint,
    fallback: false,
    write: (writer, value) => writer.varint(value ? 1 : 0),
    read: (reader) => reader.uint() !== 0,
};
const identifierKind: Kind<string> = {
    wireType: wireVarint,
    fallback: '',
    write: (writer, value) => writer.identifier(value),
    read: (reader) => reader.identifier(),
};
const textKind: Kind<string> = {
    wireType: wireBytes,
    fallback: '',
    write: (writer, value) => {
        const before = writer.length;
        writer.utf8(value);
        writer.varint(writer.length - before);
    },
    read: (reader) => reader.utf8(),
};
const keyKind: Kind<string> = {
    wireType: wireBytes,
    fallback: '',
    write: (writer, value) => {
        writer.latin1(value);
        writer.varint(value.length);
    },
    read: (reader) => reader.latin1(),
};
const bytesKind: Kind<Buffer> = {
    wireType: wireBytes,
    fallback: Buffer.alloc(0),
    write: (writer, value) => {
        writer.bytes(value);
        writer.varint(value.length);
    },
    read: (reader) => reader.bytes(),
};

const single =
    <T>(kind: Kind<T>) =>
    (number: number): Field<T> => ({ number, kind: kind, label: 'single' });

export const int64 = single(int64Kind);
/** A uint64 or uint32 that stays below 2^53. */
export const uint = single(uint64Kind);
export const bool = single(boolKind);
/** A uint64 that names a cluster or a member. */
export const identifier = single(identifierKind);
export const text = single(textKind);
/** Bytes as a latin1 string. */
export const key = single(keyKind);
export const bytes = single(bytesKind);

/** Names in the order of their numbers, from 0. */
export function oneOf<const N extends string>(number: number, names: readonly [N, ...N[]]): Field<N> {
    const numberOf = new Map<string, number>(names.map((name, i) => [name, i]));
    const kind: Kind<N> = {
        wireType: wireVarint,
        fallback: names[0],
        write: (writer, value) => writer.varint(numberOf.get(value) ?? 0),
        read: (reader) => {
            const name = names[reader.uint()];
            if (name === undefined) throw new DecodeError(`expected one of ${names.join(', ')}`);
            return name;
        },
    };
    return { number, kind: kind, label: 'single' };
}

/** A message in a message; undefined when absent. */
export function nested<T>(number: number, type: () => MessageType<T>): Field<T | undefined> {
    const kind: Kind<unknown> = {
        wireType: wireBytes,
        fallback: undefined,
        write: (writer, value) => {
            const before = writer.length;
            writeMessage(writer, type(), value as Readonly<Record<string, unknown>>);
            writer.varint(writer.length - before);
        },
        read: (reader, depth) => reader.nested(() => readMessage(reader, type(), depth + 1)),
    };
    return { number, kind, label: 'optional' };
}

/** A scalar of a oneof: whether it was given is known also when it is 0 or empty. */
export function optional<T>(field: Field<T>): Field<T | undefined> {
    return { number: field.number, kind: field.kind, label: 'optional' };
}

export function repeated<T>(field: Field<T>): Field<Exclude<T, undefined>[]> {
    return { number: field.number, kind: field.kind, label: 'repeated' };
}
