/** The key of one version in etcd's backend: revision '_' place within the transaction, 't' for a deletion. */
export function revisionKey(main: number, sub: number, tombstone = false): Buffer {
    const key = Buffer.alloc(tombstone ? 18 : 17);
    key.writeBigUInt64BE(BigInt(main), 0);
    key[8] = 0x5f;
    key.writeBigUInt64BE(BigInt(sub), 9);
    if (tombstone) key[17] = 0x74;
    return key;
}
