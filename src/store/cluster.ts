import type { Measurements } from './measurements.ts';
import type { MemberId } from './raft/types.ts';

/** A member as everybody in the cluster knows it; replicated with the membership. */
export interface ClusterMember {
    id: MemberId;
    /** '' until it has started for the first time. */
    name: string;
    peerUrls: readonly string[];
    clientUrls: readonly string[];
    isLearner: boolean;
}

export interface MemberStatus {
    /** '' while there is none. */
    leader: MemberId;
    term: number;
    commitIndex: number;
    appliedIndex: number;
    isLearner: boolean;
    sizeBytes: number;
    sizeInUseBytes: number;
    /** Texts, for `endpoint status`. */
    errors: readonly string[];
}

export type AlarmType = 'NOSPACE' | 'CORRUPT';
export interface Alarm {
    member: MemberId;
    type: AlarmType;
}

export type ClusterErrorReason =
    | 'memberNotFound'
    | 'memberExists'
    | 'peerUrlExists'
    | 'notLearner'
    | 'learnerNotReady'
    | 'tooManyLearners'
    /** The change would leave too few started members for a quorum. */
    | 'unhealthy'
    /** Another change is under way. */
    | 'pending'
    | 'noLeader'
    | 'notLeader'
    | 'badTransferee'
    | 'timeout';

export class ClusterError extends Error {
    override readonly name = 'ClusterError';
    readonly reason: ClusterErrorReason;
    constructor(reason: ClusterErrorReason, message: string, options?: ErrorOptions) {
        super(message, options);
        this.reason = reason;
    }
}

/**
 * What can be asked of and done to the cluster that this member belongs to; on a follower, changes go through
 * the leader. All methods reject with ClusterError or StoreError.
 */
export interface Cluster {
    /** 16 hex digits. */
    readonly clusterId: string;
    readonly memberId: MemberId;
    /** Of this member, for metrics; absent where it is not in this process. */
    readonly measurements?: Measurements;
    members(): readonly ClusterMember[];
    status(): Promise<MemberStatus>;
    addMember(member: {
        peerUrls: readonly string[];
        isLearner: boolean;
        name?: string;
    }): Promise<ClusterMember>;
    removeMember(id: MemberId): Promise<void>;
    promoteMember(id: MemberId): Promise<void>;
    updateMember(
        id: MemberId,
        change: Partial<Pick<ClusterMember, 'name' | 'peerUrls' | 'clientUrls'>>,
    ): Promise<void>;
    /** Resolves once the other one leads. */
    transferLeadership(to: MemberId): Promise<void>;
    alarms(): readonly Alarm[];
    setAlarm(alarm: Alarm, active: boolean): Promise<void>;
    /** Called on every change of leader or membership; returns how to stop. */
    onChange(listener: () => void): () => void;
}
