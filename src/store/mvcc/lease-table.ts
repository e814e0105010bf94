import { checksumBytes, isIntact, seal } from '../log/checked-value.ts';
import type { DiskWrite } from '../log/log.ts';
import { StoreError } from '../store.ts';
import type { StagedTxn } from './history.ts';

export interface Lease {
    readonly id: number;
    readonly ttlSeconds: number;
    /** The keys attached to it, as readers see them. */
    readonly keys: Set<string>;
}

/** Shorter ones are raised to it: etcd's, with its usual timeouts. */
export const leaseTtlSecondsMin = 2;
/** Longer ones are refused, as etcd does. */
export const leaseTtlSecondsMax = 9_000_000_000;

/**
 * The leases and which keys are attached to them. Which lease a key has is said by the key's record; the sets
 * here are its inverse. Each lease has a record on disk:
 *
 *     'L' | identifier, 8 bytes, big endian → crc32, 4 bytes | TTL in seconds, 6 bytes, big endian
 *
 * What the group in preparation grants and revokes is `staged`: later commands of the group see it, readers
 * do not.
 */
export class LeaseTable {
    readonly #leases = new Map<number, Lease>();
    /** Undefined for one that is revoked. */
    readonly #staged = new Map<number, Lease | undefined>();

    /** As readers see it. */
    get(id: number): Lease | undefined {
        return this.#leases.get(id);
    }

    ids(): number[] {
        return [...this.#leases.keys()];
    }

    values(): Iterable<Lease> {
        return this.#leases.values();
    }

    /** As commands see it that come later in the group. */
    staged(id: number): Lease | undefined {
        return this.#staged.has(id) ? this.#staged.get(id) : this.#leases.get(id);
    }

    stage(id: number, lease: Lease | undefined): void {
        this.#staged.set(id, lease);
    }

    publish(id: number, lease: Lease | undefined): void {
        if (lease === undefined) this.#leases.delete(id);
        else this.#leases.set(id, lease);
    }

    /** The group is committed or taken back. */
    endGroup(): void {
        if (this.#staged.size > 0) this.#staged.clear();
    }

    /** Follows what an applied transaction does to the attachment of keys. */
    attach({ writes }: StagedTxn): void {
        for (const { key, lease, previous } of writes) {
            const before = previous?.lease ?? 0;
            if (before === lease) continue;
            if (before !== 0) this.#leases.get(before)?.keys.delete(key);
            if (lease !== 0) this.#leases.get(lease)?.keys.add(key);
        }
    }

    replaceBy(other: LeaseTable): void {
        this.#leases.clear();
        for (const lease of other.values()) this.#leases.set(lease.id, lease);
        this.endGroup();
    }
}

export function leaseNotFound(id: number): StoreError {
    return new StoreError('leaseNotFound', `there is no lease ${id}`);
}

const leaseTag = 0x4c;
const idBytes = 8;
const ttlBytes = 6;

/** Bounds of all lease records. */
export function allLeases(): { from: Buffer; to: Buffer } {
    return { from: Buffer.from([leaseTag]), to: Buffer.from([leaseTag + 1]) };
}

export function leaseWrite({ id, ttlSeconds }: Lease): DiskWrite {
    const key = leaseKey(id);
    const value = Buffer.alloc(checksumBytes + ttlBytes);
    value.writeUIntBE(ttlSeconds, checksumBytes, ttlBytes);
    return { type: 'put', key, value: seal(key, value) };
}

export function leaseRemoval(id: number): DiskWrite {
    return { type: 'del', key: leaseKey(id) };
}

/** Throws StoreError 'corrupt'. */
export function decodeLease(key: Buffer, value: Buffer): Lease {
    const intact =
        key.length === 1 + idBytes && value.length === checksumBytes + ttlBytes && isIntact(key, value);
    if (!intact) throw new StoreError('corrupt', `the lease record ${key.toString('hex')} is damaged`);
    return {
        id: Number(key.readBigUInt64BE(1)),
        ttlSeconds: value.readUIntBE(checksumBytes, ttlBytes),
        keys: new Set(),
    };
}

function leaseKey(id: number): Buffer {
    const key = Buffer.alloc(1 + idBytes);
    key[0] = leaseTag;
    key.writeBigUInt64BE(BigInt(id), 1);
    return key;
}
