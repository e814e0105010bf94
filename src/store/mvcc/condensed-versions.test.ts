import { describe, expect, it } from '@jest/globals';
import type { DiskWrite } from '../log/log.ts';
import { condense, decodeWhole } from './condensed-versions.ts';
import { encodeRecord, encodeRecordKey } from './record.ts';

describe('versions that reach the disk together', () => {
    it('take little space but for the last of a key, and read as they were', () => {
        const writes = [1, 2, 3, 4].map((i) => put('/lease', i, lease(i)));
        const condensed = condense(writes);
        expect(condensed.map(({ key }) => key)).toEqual(writes.map(({ key }) => key));
        expect(condensed.at(-1)).toEqual(writes.at(-1));
        for (const write of condensed.slice(0, -1)) expect(bytesOf(write)).toBeLessThan(80);
        const whole = condensed.map((write) => valueOf(write, condensed));
        expect(whole).toEqual([1, 2, 3, 4].map(lease));
    });

    it('of several keys do not depend on each other', () => {
        const writes = [
            put('/a', 1, lease(1)),
            put('/b', 2, lease(2)),
            put('/a', 3, lease(3)),
            put('/b', 4, lease(4)),
        ];
        const condensed = condense(writes);
        const withoutA = condensed.filter((_, i) => i % 2 === 1);
        expect(withoutA.map((write) => valueOf(write, withoutA))).toEqual([lease(2), lease(4)]);
    });

    it('stay as they are where nothing is gained', () => {
        const writes = [
            put('/small', 1, 'a'),
            put('/small', 2, 'b'),
            put('/noise', 3, noise(3)),
            put('/noise', 4, noise(4)),
            put('/gone', 5, lease(5)),
            remove('/gone', 6),
            { type: 'put' as const, key: Buffer.from('mark'), value: Buffer.from(lease(7)) },
            { type: 'del' as const, key: encodeRecordKey(1, '/small') },
        ];
        expect(condense(writes)).toEqual(writes);
    });

    it('go on from the version before a deletion', () => {
        const writes = [
            put('/a', 1, lease(1)),
            put('/a', 2, lease(2)),
            remove('/a', 3),
            put('/a', 4, lease(4)),
        ];
        const condensed = condense(writes);
        const puts = condensed.filter((_, i) => i !== 2);
        expect(puts.map((write) => valueOf(write, condensed))).toEqual([lease(1), lease(2), lease(4)]);
    });

    it('are an error where the one that they need is missing or another', () => {
        const [first, second] = condense([put('/a', 1, lease(1)), put('/a', 2, lease(2))]);
        const message = 'the record of "/a" at revision 1 cannot be read';
        expect(() => valueOf(first, [])).toThrow(message);
        const other = put('/a', 2, 'x');
        expect(() => valueOf(first, [other])).toThrow(message);
        expect(valueOf(second, [])).toBe(lease(2));
    });
});

function lease(i: number): string {
    const renewTime = `2026-01-01T00:00:${String(i).padStart(2, '0')}.000000Z`;
    return JSON.stringify({
        kind: 'Lease',
        apiVersion: 'coordination.k8s.io/v1',
        metadata: { name: 'node', namespace: 'kube-node-lease', uid: 'd4bd3a3c', creationTimestamp: '2026' },
        spec: { holderIdentity: 'node', leaseDurationSeconds: 40, renewTime },
    });
}

function noise(seed: number): string {
    let state = seed;
    return Array.from({ length: 400 }, () => {
        state = (state * 48271) % 2147483647;
        return String.fromCharCode(33 + (state % 90));
    }).join('');
}

function put(key: string, revision: number, value: string): DiskWrite {
    const recordKey = encodeRecordKey(revision, key);
    return { type: 'put', key: recordKey, value: encodeRecord(recordKey, head(revision, value)) };
}

function remove(key: string, revision: number): DiskWrite {
    const recordKey = encodeRecordKey(revision, key);
    const value = encodeRecord(recordKey, { ...head(revision, ''), tombstone: true });
    return { type: 'put', key: recordKey, value };
}

function head(revision: number, value: string): Parameters<typeof encodeRecord>[1] {
    return {
        revision,
        tombstone: false,
        previousRevision: revision - 1,
        recordsInTxn: 1,
        createRevision: 1,
        version: revision,
        lease: 0,
        value: Buffer.from(value),
    };
}

function bytesOf(write: DiskWrite): number {
    return write.type === 'put' ? write.value.length : 0;
}

function valueOf(write: DiskWrite | undefined, disk: readonly DiskWrite[]): string {
    if (write?.type !== 'put') throw new TypeError('no put');
    const read = (key: Buffer): Buffer | undefined => {
        const found = disk.find((other) => other.key.equals(key));
        return found?.type === 'put' ? found.value : undefined;
    };
    return decodeWhole(write.key, write.value, read).value.toString();
}
