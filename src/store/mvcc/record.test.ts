import { describe, expect, it } from '@jest/globals';
import { decodeRecord, encodeRecord, encodeRecordKey, recordRange, type StoredRecord } from './record.ts';

const record: Omit<StoredRecord, 'valueOffset'> = {
    key: '/registry/pods/default/a',
    revision: 7,
    tombstone: false,
    previousRevision: 6,
    recordsInTxn: 1,
    createRevision: 5,
    version: 2,
    lease: 0,
    value: Buffer.from('value'),
};

describe('a record', () => {
    it('comes back as it was, also with numbers beyond 32 bits', () => {
        const large = { ...record, revision: 2 ** 40, lease: Number.MAX_SAFE_INTEGER, version: 2 ** 33 };
        for (const original of [record, large, { ...record, tombstone: true, value: Buffer.alloc(0) }]) {
            const key = encodeRecordKey(original.revision, original.key);
            expect(decodeRecord(key, encodeRecord(key, original))).toMatchObject(original);
        }
    });

    it('is laid out as documented', () => {
        const key = encodeRecordKey(7, '/a');
        expect(key.toString('hex')).toBe('720000000000072f61');
        expect(encodeRecord(key, record).subarray(4).toString('hex')).toBe('000101020200' + '76616c7565');
    });

    it('is refused when any bit of it, or of its key, is wrong', () => {
        const key = encodeRecordKey(record.revision, record.key);
        const bytes = encodeRecord(key, record);
        for (let bit = 0; bit < bytes.length * 8; bit += 3) {
            const damaged = Buffer.from(bytes);
            damaged[bit >> 3]! ^= 1 << (bit & 7);
            expect(() => decodeRecord(key, damaged)).toThrow('"/registry/pods/default/a" at revision 7');
        }
        expect(() => decodeRecord(encodeRecordKey(8, record.key), bytes)).toThrow('damaged');
        expect(() => decodeRecord(key, bytes.subarray(0, 3))).toThrow('damaged');
    });

    it('sorts by revision, and within one by the bytes of the key', () => {
        const keys = [encodeRecordKey(1, '/z'), encodeRecordKey(2, '/a'), encodeRecordKey(256, '/a')];
        expect([...keys].reverse().sort((a, b) => Buffer.compare(a, b))).toEqual(keys);
        const { from, to } = recordRange(2, 256);
        expect(keys.filter((key) => key.compare(from) >= 0 && key.compare(to) < 0)).toEqual([keys[1]]);
    });

    it('keeps every byte of a key', () => {
        const key = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)).toString('latin1');
        const recordKey = encodeRecordKey(1, key);
        expect(recordKey.subarray(7).toString('latin1')).toBe(key);
        expect(decodeRecord(recordKey, encodeRecord(recordKey, { ...record, revision: 6 })).key).toBe(key);
    });
});
