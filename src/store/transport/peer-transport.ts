import type { MemberId, RaftMessage } from '../raft/types.ts';

/**
 * How members reach each other. The member (store/member) owns one; it is made with the addresses to listen on
 * and the certificates, and started once the member knows who it is:
 *
 *     requestUrl?  ─►  start  ─►  setPeers, send, request, coverStall, …  ─►  close
 *
 * A cluster of one never starts its transport: nobody has a reason to call. Delivery may fail, be late, doubled
 * or out of order; nothing here is ever waited for by the consensus core.
 */
export interface PeerTransport {
    /**
     * Begins to listen and to call `handlers`. Connections are refused of: another cluster, a caller whose
     * certificate is not a peer's, and members that `setPeers` names as removed. Rejects when it cannot listen.
     */
    start(identity: PeerIdentity, handlers: PeerHandlers): Promise<void>;

    /**
     * The other members, replacing the ones before. Connects to the new ones and lets go of the others; a
     * member whose addresses changed is connected anew. Messages of an unknown member of the same cluster
     * are still delivered: it may have been added by entries that have not arrived here.
     */
    setPeers(peers: PeerSet): void;

    /**
     * Sends each message to its `to`; never throws, never blocks. What exceeds a peer's bounded queue, or is
     * for an unknown or unreachable peer, is dropped (the core repeats what matters).
     */
    send(messages: readonly RaftMessage[]): void;

    /**
     * The heartbeats, one a follower at most, that may be repeated on the leader's behalf every `everyMs`
     * while the main thread is busy, for at most `stallCoveredMaxMs` since the call. Empty: repeat nothing.
     * Called after each heartbeat of a leader, and when it leads no more.
     */
    coverStall(heartbeats: readonly RaftMessage[], everyMs: number): void;

    /**
     * Asks another member and resolves with what its `onRequest` answered. Rejects with PeerRequestError:
     * 'unreachable' when it certainly did not arrive, 'unknown' when it may have, 'refused' with the text of
     * the other's error.
     */
    request(to: MemberId, method: string, body: Buffer): Promise<Buffer>;

    /** The same by address, before `start`, of a member that is not known yet; the caller is anonymous. */
    requestUrl(peerUrl: string, method: string, body: Buffer): Promise<Buffer>;

    /**
     * Hands over, now, what has arrived: to be called before time is counted. After a stall of the main thread
     * timers run first; a leader that counted them before it has read its followers' answers would step down.
     */
    deliverPending?(): void;

    /** The newest measured round trip; undefined when there is no connection. */
    roundTripMs(member: MemberId): number | undefined;

    close(): Promise<void>;
}

export interface PeerIdentity {
    /** 16 hex digits. */
    clusterId: string;
    memberId: MemberId;
}

export interface PeerSet {
    peers: readonly { id: MemberId; peerUrls: readonly string[] }[];
    /** Their connections are refused, and they are told why. */
    removed: readonly MemberId[];
}

export interface PeerHandlers {
    /** All that has arrived, in order per sender. Must not throw. */
    onMessages(messages: readonly RaftMessage[]): void;
    /** `from` is undefined for a caller by `requestUrl`. What it rejects with is the caller's 'refused'. */
    onRequest(from: MemberId | undefined, method: string, body: Buffer): Promise<Buffer>;
    /** The connection to a member broke, or messages to it were dropped. */
    onUnreachable(member: MemberId): void;
    /** A round trip was measured, for metrics. */
    onRoundTrip?(member: MemberId, durationMs: number): void;
    /** A member refused this one: it was removed, or the member belongs to another cluster. */
    onRefused(member: MemberId, reason: 'removed' | 'otherCluster'): void;
}

export type PeerRequestErrorReason = 'unreachable' | 'unknown' | 'refused';

export class PeerRequestError extends Error {
    override readonly name = 'PeerRequestError';
    readonly reason: PeerRequestErrorReason;
    constructor(reason: PeerRequestErrorReason, message: string, options?: ErrorOptions) {
        super(message, options);
        this.reason = reason;
    }
}

/** Longest time that heartbeats are repeated for a main thread that does nothing. */
export const stallCoveredMaxMs = 5_000;
/** Body of a request or an answer; larger things go as Raft messages. */
export const peerRequestBytesMax = 4 * 1024 * 1024;
/** A request without an answer for so long rejects with 'unknown'. */
export const peerRequestTimeoutMs = 10_000;
