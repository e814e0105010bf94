import type { Progress } from './progress.ts';
import type { MemberId } from './types.ts';

/** A read that waits for the confirmation of leadership: of this member's driver, or a follower's. */
export type WaitingRead =
    { from: 'self'; context: number } | { from: 'follower'; id: MemberId; context: number };

/** What a member knows only while it leads. Made new for every term it leads. */
export interface Leadership {
    /** Of all members but this one. */
    readonly progress: Map<MemberId, Progress>;
    /** The entry without content that opened the term: once it is committed, reads and changes are allowed. */
    readonly openingIndex: number;
    /** Tick of the next heartbeat. */
    heartbeatAt: number;
    /** Of the entries above the commit index. */
    uncommittedBytes: number;
    transfer: { to: MemberId; until: number; told: boolean } | undefined;
    /** Counts the snapshots sent. */
    snapshotTransfers: number;

    /** Counts the rounds of confirmation; messages carry it and answers echo it. */
    round: number;
    /** Rounds that are under way and when they began: for the lease. */
    roundsStarted: { round: number; at: number }[];
    /** Reads of the round that is under way; confirmed when a quorum has answered `round`. */
    confirming: { round: number; index: number; reads: WaitingRead[] } | undefined;
    /** Reads for the next round, or for the time when the term's first entry is committed. */
    waiting: WaitingRead[];
    /** Until this tick nobody else can have been elected; 0 for no lease. */
    leaseUntil: number;
    /** A member was told to stand for election at once, which no election timeout holds back any more. */
    leaseBroken: boolean;
}
