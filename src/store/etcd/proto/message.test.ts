import { describe, expect, it } from '@jest/globals';
import protobuf from 'protobufjs';
import { DecodeError } from './byte-reader.ts';
import { decode, encode } from './message.ts';
import { leaseIdRequest, rangeResponse, txnRequest, watchCreateRequest, watchRequest } from './messages.ts';

/** The same messages for protobufjs, which is the judge. */
const root = protobuf.parse(`
    syntax = "proto3";
    message Kv { bytes key = 1; int64 create = 2; int64 mod = 3; int64 version = 4; bytes value = 5; int64 lease = 6; }
    message Header { uint64 cluster = 1; uint64 member = 2; int64 revision = 3; uint64 term = 4; }
    message RangeResponse { Header header = 1; repeated Kv kvs = 2; bool more = 3; int64 count = 4; }
    message Create { bytes key = 1; bytes end = 2; int64 start = 3; repeated int32 filters = 5; }
    message Lease { int64 id = 1; }
`).root;
const other = (name: string): protobuf.Type => root.lookupType(name);

describe('protocol buffers', () => {
    it('what is written reads the same elsewhere, also long numbers, identifiers and large values', () => {
        const value = Buffer.alloc(100_000, 'x');
        const bytes = encode(rangeResponse, {
            header: { clusterId: 'fedcba9876543210', memberId: '0000000000000001', revision: 2 ** 52 + 5 },
            kvs: [
                { key: '\x00\xff/a', value, version: 128, lease: 2 ** 40 },
                { key: 'b', createRevision: 300 },
            ],
            more: true,
            count: 127,
        });
        const seen = other('RangeResponse').toObject(other('RangeResponse').decode(bytes), { longs: String });
        expect(seen).toMatchObject({
            header: { cluster: String(0xfedcba9876543210n), member: '1', revision: String(2 ** 52 + 5) },
            kvs: [
                { key: Buffer.from([0, 255, 47, 97]), version: '128', lease: String(2 ** 40) },
                { key: Buffer.from('b'), create: '300' },
            ],
            more: true,
            count: '127',
        });
        expect(decode(rangeResponse, bytes).kvs[0]?.value.equals(value)).toBe(true);
        expect(decode(rangeResponse, bytes).header).toEqual({
            clusterId: 'fedcba9876543210',
            memberId: '0000000000000001',
            revision: 2 ** 52 + 5,
            raftTerm: 0,
        });
    });

    it.each([0, 1, 127, 128, 2 ** 31, 2 ** 32, 2 ** 35 - 1, 2 ** 53 - 1, -1, -2, -(2 ** 40)])(
        'the number %d survives, both ways',
        (id) => {
            const bytes = encode(leaseIdRequest, { id });
            expect(decode(leaseIdRequest, bytes).id).toBe(id);
            const theirs = other('Lease').encode({ id }).finish();
            if (id !== 0) expect(bytes.equals(theirs)).toBe(true);
            expect(decode(leaseIdRequest, Buffer.from(theirs)).id).toBe(id);
        },
    );

    it('packed and unpacked lists of enumerations read the same', () => {
        const packed = encode(watchCreateRequest, { filters: ['NODELETE', 'NOPUT'] });
        expect(decode(watchCreateRequest, packed).filters).toEqual(['NODELETE', 'NOPUT']);
        expect(decode(watchCreateRequest, Buffer.from([0x28, 1, 0x28, 0])).filters).toEqual([
            'NODELETE',
            'NOPUT',
        ]);
        expect(other('Create').toObject(other('Create').decode(packed))).toMatchObject({ filters: [1, 0] });
    });

    it('an empty member of a oneof is there, an absent one is not', () => {
        const bytes = encode(watchRequest, { progress: {} });
        expect(decode(watchRequest, bytes)).toEqual({ create: undefined, cancel: undefined, progress: {} });
        const compare = decode(txnRequest, encode(txnRequest, { compare: [{ key: 'k', version: 0 }] }));
        expect(compare.compare[0]).toMatchObject({ version: 0, modRevision: undefined });
    });

    it('damaged bytes are refused, whatever was cut off or changed', () => {
        const bytes = encode(txnRequest, {
            compare: [{ key: 'k', value: Buffer.from('v') }],
            success: [{ txn: { success: [{ put: { key: 'a', value: Buffer.from('1') } }] } }],
        });
        for (let length = 1; length < bytes.length; length++) {
            try {
                decode(txnRequest, bytes.subarray(0, length));
            } catch (error) {
                expect(error).toBeInstanceOf(DecodeError);
            }
        }
        expect(() => decode(txnRequest, Buffer.from([0x0a, 0x7f]))).toThrow(DecodeError);
        expect(() => decode(txnRequest, Buffer.alloc(11, 0xff))).toThrow(DecodeError);
    });

    it('a message nested beyond reason is refused', () => {
        let bytes: Buffer = Buffer.alloc(0);
        for (let i = 0; i < 100; i++) {
            const op = Buffer.concat([lengthPrefixed(0x22, bytes)]);
            bytes = lengthPrefixed(0x12, op);
        }
        expect(() => decode(txnRequest, bytes)).toThrow(DecodeError);
    });
});

function lengthPrefixed(tag: number, content: Buffer): Buffer {
    const length: number[] = [];
    for (let rest = content.length; ; rest >>>= 7) {
        if (rest < 0x80) {
            length.push(rest);
            break;
        }
        length.push((rest & 0x7f) | 0x80);
    }
    return Buffer.concat([Buffer.from([tag, ...length]), content]);
}
