import type { SnapshotTrailer } from './snapshot-format.ts';

const recordTag = 'r'.charCodeAt(0);
const compactedKey = Buffer.from('mcompacted', 'latin1');

/** Counts the records of a state and notes its revision, from its pairs in the order of a snapshot. */
export class StateSummary {
    #trailer: SnapshotTrailer = { records: 0, bytes: 0, revision: 1, compactedRevision: 0 };

    get trailer(): SnapshotTrailer {
        return this.#trailer;
    }

    add(key: Buffer, value: Buffer): void {
        const { records, bytes, revision, compactedRevision } = this.#trailer;
        this.#trailer = {
            records: key[0] === recordTag ? records + 1 : records,
            bytes: bytes + key.length + value.length,
            revision: Math.max(revision, revisionOf(key)),
            compactedRevision: key.equals(compactedKey)
                ? Number(value.readBigUInt64BE(4))
                : compactedRevision,
        };
    }
}

/** A record's key begins with its revision; see store/mvcc/record.ts. */
function revisionOf(key: Buffer): number {
    return key[0] === recordTag ? key.readUIntBE(1, 6) : 0;
}
