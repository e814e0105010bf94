import { crc32 } from 'node:zlib';
import { StoreError } from '../store.ts';

/** Bytes of the checksum in front of a checked value. */
export const checksumBytes = 4;

/**
 * Fills in the first four bytes of `value`: the CRC-32 of the key and of what follows, little endian. It covers
 * the key so that a value that has strayed to another key is not taken for that one's.
 */
export function seal(key: Buffer, value: Buffer): Buffer {
    value.writeUInt32LE(checksumOf(key, value), 0);
    return value;
}

export function isIntact(key: Buffer, value: Buffer): boolean {
    return value.length >= checksumBytes && value.readUInt32LE(0) === checksumOf(key, value);
}

function checksumOf(key: Buffer, value: Buffer): number {
    return crc32(value.subarray(checksumBytes), crc32(key));
}

/** What is wrong with this member's Raft data; `namingDirectory` adds what its operator does about it. */
export function raftDamage(what: string, options?: ErrorOptions): StoreError {
    return new StoreError('corrupt', `its Raft data: ${what}`, options);
}
