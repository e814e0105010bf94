import type { Clock } from '../../util/clock.ts';
import type { Logger } from '../../util/logger.ts';
import type { ClusterMember } from '../cluster.ts';
import type { Disk } from '../disk/disk.ts';
import type { LogTuning } from '../log/replicated-log.ts';
import type { AutoCompactionPolicy } from '../mvcc/auto-compaction.ts';
import type { MemberId } from '../raft/types.ts';
import type { StoreError } from '../store.ts';
import type { PeerTransport } from '../transport/peer-transport.ts';

export interface MemberOptions {
    /** Of the database; made if it does not exist, readable by this user only. */
    directory: string;
    /** For people; may change from start to start. */
    name: string;
    logger: Logger;
    clock?: Clock;
    /** In [0, 1). */
    random?: () => number;
    /** Where the other members reach this one, and clients. They may change from start to start. */
    peerUrls: readonly string[];
    clientUrls: readonly string[];
    /** Not started; the member closes it. Undefined: a cluster of one that nobody can join. */
    transport?: PeerTransport | undefined;
    /** Become the member that a running cluster has added. Of no effect when the directory is its already. */
    join?: JoinOptions | undefined;
    /** The first start of several new members together, as etcd's --initial-cluster; with this one in it. */
    initialCluster?: readonly InitialMember[] | undefined;
    /** Stand for election at once instead of after a timeout: for the last of several that are started. */
    campaign?: boolean | undefined;
    /** Tells apart clusters whose members have the same addresses. Default: none, and random identifiers. */
    initialClusterToken?: string | undefined;
    /** Writes that would make the database larger raise the alarm NOSPACE. Absent: no limit but the disk's. */
    quotaBytes?: number | undefined;
    autoCompaction?: AutoCompactionPolicy | undefined;
    logTuning?: LogTuning | undefined;
    /** Instead of the one in `directory`, for tests. */
    disk?: Disk | undefined;
    /** Called before a member is added: what only a single member may do without asking others ends here. */
    beforeGrowing?: (() => Promise<void>) | undefined;
    /** This member serves no more, for good: it was removed, or cannot apply what the others do. */
    onStopped?: ((error: StoreError) => void) | undefined;
}

export interface InitialMember {
    name: string;
    peerUrls: readonly string[];
}

export interface JoinOptions {
    clusterId: string;
    /** As `Cluster.addMember` answered. */
    memberId: MemberId;
    /** All members, with this one. */
    members: readonly ClusterMember[];
    /** Ask to become a voter as soon as this member has caught up. Default false: somebody else promotes it. */
    promote?: boolean;
}

export type MemberErrorReason =
    /** The directory belongs to another cluster, or to another member of this one. */
    | 'otherCluster'
    | 'removed'
    /** The options contradict each other or the directory. */
    | 'invalid';

/** Why a member does not start. */
export class MemberError extends Error {
    override readonly name = 'MemberError';
    readonly reason: MemberErrorReason;
    constructor(reason: MemberErrorReason, message: string, options?: ErrorOptions) {
        super(message, options);
        this.reason = reason;
    }
}
