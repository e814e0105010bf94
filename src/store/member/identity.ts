import { createHash, randomBytes } from 'node:crypto';
import type { MemberId } from '../raft/types.ts';

/**
 * The identifiers of etcd's static bootstrap, so that every member computes the same ones: the first 8 bytes of
 * SHA-1 of the sorted peer URLs and the cluster's token; of the sorted member identifiers.
 */
export function memberIdOf(peerUrls: readonly string[], token: string): MemberId {
    return firstBytes(createHash('sha1').update([...peerUrls].sort().join('') + token));
}

export function clusterIdOf(memberIds: readonly MemberId[]): string {
    const hash = createHash('sha1');
    for (const id of [...memberIds].sort()) hash.update(Buffer.from(id, 'hex'));
    return firstBytes(hash);
}

/** For a member that is added to a running cluster: never used before, by anybody. */
export function randomId(): MemberId {
    const bytes = randomBytes(idBytes);
    return bytes.every((byte) => byte === 0) ? randomId() : bytes.toString('hex');
}

const idBytes = 8;

function firstBytes(hash: { digest(): Buffer }): string {
    return hash.digest().subarray(0, idBytes).toString('hex');
}
