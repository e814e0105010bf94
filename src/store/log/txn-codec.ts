import { unreachable } from '../../util/assert.ts';
import {
    StoreError,
    type Compare,
    type CompareResult,
    type RangeRequest,
    type StoreOp,
    type TxnRequest,
} from '../store.ts';
import { MalformedError, numberBytesMax, type ByteReader, type ByteWriter } from './byte-codec.ts';

/**
 * A transaction in bytes: durability | compares | success | failure, each list behind its count.
 *
 *     compare:  target | result | key | end | number or value
 *     put:      0 | flags | key | value | lease, if flagged
 *     delete:   1 | key | end
 *     range:    2 | flags, varint | key | end | the numbers that are flagged | sort, if flagged
 *     txn:      3 | compares | success | failure
 */
const durabilities = ['fsync', 'relaxed', 'renewal'] as const;
const noDurability = durabilities.length;
const targets = ['modRevision', 'createRevision', 'version', 'lease', 'value'] as const;
const results: readonly CompareResult[] = ['equal', 'notEqual', 'greater', 'less'];
const opTypes = ['put', 'delete', 'range', 'txn'] as const;
const putFlags = { lease: 1, ignoreValue: 2, ignoreLease: 4 } as const;
const sortKeys = ['key', 'version', 'createRevision', 'modRevision', 'value'] as const;
/** Bits 0 to 5 say which of these follow. */
const rangeNumbers = [
    'revision',
    'limit',
    'modRevisionMin',
    'modRevisionMax',
    'createRevisionMin',
    'createRevisionMax',
] as const;
const rangeFlags = { keysOnly: 1 << 6, countOnly: 1 << 7, sort: 1 << 8 } as const;
/** Transactions inside transactions. */
const nestingMax = 32;
/** What a compare or an operation takes beside its keys and its value. */
const fixedBytesMax = 8 + 9 * numberBytesMax;

type Branches = Pick<TxnRequest, 'compares' | 'success' | 'failure'>;

/** Room that is enough for `encodeTxn`, to allocate once. Throws StoreError 'tooLarge'. */
export function txnBytesMax(txn: Branches, nesting = 0): number {
    if (nesting > nestingMax) {
        throw new StoreError(
            'tooLarge',
            `transactions inside transactions are limited to ${nestingMax} levels`,
        );
    }
    let bytes = 1 + 3 * numberBytesMax;
    for (const compare of txn.compares) {
        bytes += fixedBytesMax + compare.key.length + (compare.end?.length ?? 0);
        if (compare.target === 'value') bytes += compare.value.length;
    }
    for (const op of txn.success) bytes += opBytesMax(op, nesting);
    for (const op of txn.failure) bytes += opBytesMax(op, nesting);
    return bytes;
}

function opBytesMax(op: StoreOp, nesting: number): number {
    if (op.type === 'txn') return 1 + txnBytesMax(op, nesting + 1);
    if (op.type === 'put') return fixedBytesMax + op.key.length + op.value.length;
    return fixedBytesMax + op.key.length + (op.end?.length ?? 0);
}

export function encodeTxn(writer: ByteWriter, request: TxnRequest): void {
    writer.byte(request.durability === undefined ? noDurability : durabilities.indexOf(request.durability));
    encodeBranches(writer, request);
}

export function decodeTxn(reader: ByteReader): TxnRequest {
    const code = reader.byte();
    if (code > noDurability) throw new MalformedError('unknown durability');
    const durability = durabilities[code];
    const branches = decodeBranches(reader, 0);
    return durability === undefined ? branches : { ...branches, durability };
}

function encodeBranches(writer: ByteWriter, { compares, success, failure }: Branches): void {
    writer.count(compares.length);
    for (const compare of compares) encodeCompare(writer, compare);
    for (const ops of [success, failure]) {
        writer.count(ops.length);
        for (const op of ops) encodeOp(writer, op);
    }
}

function decodeBranches(reader: ByteReader, nesting: number): Branches {
    if (nesting > nestingMax) throw new MalformedError('transactions are nested too deeply');
    return {
        compares: decodeList(reader, () => decodeCompare(reader)),
        success: decodeList(reader, () => decodeOp(reader, nesting)),
        failure: decodeList(reader, () => decodeOp(reader, nesting)),
    };
}

function decodeList<T>(reader: ByteReader, decode: () => T): T[] {
    const length = reader.count();
    if (length > reader.remaining) throw new MalformedError('a list is longer than the command');
    return Array.from({ length }, decode);
}

function encodeCompare(writer: ByteWriter, compare: Compare): void {
    writer.byte(targets.indexOf(compare.target));
    writer.byte(results.indexOf(compare.result));
    writer.key(compare.key);
    writer.end(compare.end);
    if (compare.target === 'value') writer.blob(compare.value);
    else writer.number(compare.value);
}

function decodeCompare(reader: ByteReader): Compare {
    const target = targets[reader.byte()];
    const result = results[reader.byte()];
    if (target === undefined || result === undefined) throw new MalformedError('unknown compare');
    const place = keyAndEnd(reader);
    if (target === 'value') return { ...place, target, result, value: reader.blob() };
    return { ...place, target, result, value: reader.number() };
}

function keyAndEnd(reader: ByteReader): { key: string; end?: string } {
    const key = reader.key();
    const end = reader.end();
    return end === undefined ? { key } : { key, end };
}

function encodeOp(writer: ByteWriter, op: StoreOp): void {
    writer.byte(opTypes.indexOf(op.type));
    switch (op.type) {
        case 'put':
            encodePut(writer, op);
            return;
        case 'delete':
            writer.key(op.key);
            writer.end(op.end);
            return;
        case 'range':
            encodeRange(writer, op);
            return;
        case 'txn':
            encodeBranches(writer, op);
            return;
        default:
            unreachable(op);
    }
}

function decodeOp(reader: ByteReader, nesting: number): StoreOp {
    const type = opTypes[reader.byte()];
    switch (type) {
        case 'put':
            return decodePut(reader);
        case 'delete':
            return { type, ...keyAndEnd(reader) };
        case 'range':
            return { type, ...decodeRange(reader) };
        case 'txn':
            return { type, ...decodeBranches(reader, nesting + 1) };
        case undefined:
            throw new MalformedError('unknown operation');
        default:
            return unreachable(type);
    }
}

type Put = Extract<StoreOp, { type: 'put' }>;

function encodePut(writer: ByteWriter, { key, value, lease = 0, ignoreValue, ignoreLease }: Put): void {
    let flags = lease === 0 ? 0 : putFlags.lease;
    if (ignoreValue === true) flags |= putFlags.ignoreValue;
    if (ignoreLease === true) flags |= putFlags.ignoreLease;
    writer.byte(flags);
    writer.key(key);
    writer.blob(value);
    if (lease !== 0) writer.number(lease);
}

function decodePut(reader: ByteReader): Put {
    const flags = reader.byte();
    const put: Put = { type: 'put', key: reader.key(), value: reader.blob() };
    if (flags & putFlags.lease) put.lease = reader.number();
    if (flags & putFlags.ignoreValue) put.ignoreValue = true;
    if (flags & putFlags.ignoreLease) put.ignoreLease = true;
    return put;
}

function encodeRange(writer: ByteWriter, range: RangeRequest): void {
    let flags = 0;
    rangeNumbers.forEach((name, bit) => {
        if ((range[name] ?? 0) !== 0) flags |= 1 << bit;
    });
    if (range.keysOnly === true) flags |= rangeFlags.keysOnly;
    if (range.countOnly === true) flags |= rangeFlags.countOnly;
    if (range.sort !== undefined) flags |= rangeFlags.sort;
    writer.count(flags);
    writer.key(range.key);
    writer.end(range.end);
    rangeNumbers.forEach((name, bit) => {
        if (flags & (1 << bit)) writer.number(range[name] ?? 0);
    });
    if (range.sort === undefined) return;
    writer.byte(sortKeys.indexOf(range.sort.by));
    writer.byte(range.sort.descending ? 1 : 0);
}

function decodeRange(reader: ByteReader): RangeRequest {
    const flags = reader.count();
    const range: RangeRequest = keyAndEnd(reader);
    rangeNumbers.forEach((name, bit) => {
        if (flags & (1 << bit)) range[name] = reader.number();
    });
    if (flags & rangeFlags.keysOnly) range.keysOnly = true;
    if (flags & rangeFlags.countOnly) range.countOnly = true;
    if (flags & rangeFlags.sort) {
        const by = sortKeys[reader.byte()];
        if (by === undefined) throw new MalformedError('unknown order');
        range.sort = { by, descending: reader.byte() === 1 };
    }
    return range;
}
