import { createHash } from 'node:crypto';
import type { MemberId } from '../../raft/types.ts';

/** A member's identifier, as etcd makes it: members that are configured alike agree without talking. */
export function memberIdOf(peerUrls: readonly string[], clusterToken: string): MemberId {
    return shortHash(Buffer.from([...peerUrls].sort().join('') + clusterToken));
}

/** The identifier of a cluster that these members found. */
export function clusterIdOf(members: readonly MemberId[]): string {
    return shortHash(Buffer.concat([...members].sort().map((id) => Buffer.from(id, 'hex'))));
}

function shortHash(bytes: Buffer): string {
    return createHash('sha1').update(bytes).digest('hex').slice(0, 16);
}
