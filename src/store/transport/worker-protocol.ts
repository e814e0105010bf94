import type { MemberId } from '../raft/types.ts';
import type { Caller, LogRecord } from './endpoint-events.ts';
import type { EndpointOptions, OutgoingBatch } from './peer-endpoint.ts';
import type { PeerIdentity, PeerSet } from './peer-transport.ts';
import type { CoveredHeartbeats } from './stall-cover.ts';

/**
 * What the member's thread and the transport's say to each other. Bytes are moved (transferred), not copied;
 * arrived messages are copied once, into one buffer a sender and turn of the event loop.
 */
export type ToWorker =
    | { type: 'start'; identity: PeerIdentity }
    | { type: 'peers'; peers: PeerSet }
    | { type: 'send'; batches: readonly OutgoingBatch[] }
    | { type: 'cover'; heartbeats: CoveredHeartbeats }
    | { type: 'request'; id: number; to: MemberId; frame: Uint8Array }
    | { type: 'requestUrl'; id: number; url: string; frame: Uint8Array }
    | { type: 'respond'; connection: number; frame: Uint8Array }
    | { type: 'close' };

export type FromWorker =
    | { type: 'started' }
    | { type: 'startFailed'; text: string }
    | { type: 'messages'; from: MemberId; frames: Uint8Array }
    | { type: 'request'; caller: Caller; body: Uint8Array }
    | { type: 'response'; body: Uint8Array }
    | { type: 'requestFailed'; id: number; reason: 'unreachable' | 'unknown'; text: string }
    | { type: 'unreachable'; member: MemberId }
    | { type: 'refused'; member: MemberId; reason: 'removed' | 'otherCluster' }
    | { type: 'roundTrip'; member: MemberId; roundTripMs: number | undefined }
    | { type: 'log'; record: LogRecord }
    | { type: 'closed' };

/** Passed when the thread is made. `port` carries both protocols; `queued` counts bytes on their way. */
export interface WorkerData {
    options: EndpointOptions;
    port: import('node:worker_threads').MessagePort;
    queued: SharedArrayBuffer;
}

/** Places in `queued`, an Int32Array. */
export const queuedToWorker = 0;
export const queuedFromWorker = 1;
