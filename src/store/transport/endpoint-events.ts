import type { MemberId } from '../raft/types.ts';

/** What the network side of the transport tells the member's side; the two may be in different threads. */
export interface EndpointEvents {
    /** Whole 'message' frames, one after the other, of a member that has proved who it is. */
    messages(from: MemberId, frames: readonly Buffer[]): void;
    /** The body of a request frame; `caller` is what the answer has to be sent to. */
    request(caller: Caller, body: Buffer): void;
    /** The body of the frame that answers one of this member's requests. */
    response(body: Buffer): void;
    /** 'unreachable': it was not sent. 'unknown': it was, and the connection broke before the answer. */
    requestFailed(requestId: number, reason: 'unreachable' | 'unknown', text: string): void;
    unreachable(member: MemberId): void;
    refused(member: MemberId, reason: 'removed' | 'otherCluster'): void;
    roundTrip(member: MemberId, roundTripMs: number | undefined): void;
    log(record: LogRecord): void;
}

export interface Caller {
    /** Undefined for an anonymous caller. */
    from: MemberId | undefined;
    connection: number;
}

/** A line for the log, which the main thread writes. */
export interface LogRecord {
    level: 'debug' | 'info' | 'warn' | 'error';
    fields: Readonly<Record<string, string | number | undefined>>;
    message: string;
}

export interface PeerAddress {
    id: MemberId;
    peerUrls: readonly string[];
}
