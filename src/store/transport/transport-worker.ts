import { workerData } from 'node:worker_threads';
import { unreachable } from '../../util/assert.ts';
import type { EndpointEvents } from './endpoint-events.ts';
import { PeerEndpoint } from './peer-endpoint.ts';
import { threadQueueBytesMax } from './transport-bounds.ts';
import {
    type FromWorker,
    queuedFromWorker,
    queuedToWorker,
    type ToWorker,
    type WorkerData,
} from './worker-protocol.ts';

/**
 * The transport's thread. Bundled as a program of its own (dist/transport-worker.js); see worker-script.ts.
 */
const { options, port, queued } = workerData as WorkerData;
const counters = new Int32Array(queued);

function post(message: FromWorker, transfer: ArrayBuffer[] = []): void {
    port.postMessage(message, transfer);
}

/** Posts bytes, unless the main thread is too far behind: then they are lost, as on a network. */
function postBytes(bytes: Uint8Array<ArrayBuffer>, wrap: (bytes: Uint8Array) => FromWorker): boolean {
    if (Atomics.load(counters, queuedFromWorker) > threadQueueBytesMax) return false;
    Atomics.add(counters, queuedFromWorker, bytes.length);
    post(wrap(bytes), [bytes.buffer]);
    return true;
}

/** A copy that owns its memory. */
function gather(pieces: readonly Buffer[]): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
    let offset = 0;
    for (const piece of pieces) {
        bytes.set(piece, offset);
        offset += piece.length;
    }
    return bytes;
}

const events: EndpointEvents = {
    messages: (from, frames) =>
        postBytes(gather(frames), (bytes) => ({ type: 'messages', from, frames: bytes })),
    request: (caller, body) =>
        postBytes(gather([body]), (bytes) => ({ type: 'request', caller, body: bytes })),
    response: (body) => postBytes(gather([body]), (bytes) => ({ type: 'response', body: bytes })),
    requestFailed: (id, reason, text) => post({ type: 'requestFailed', id, reason, text }),
    unreachable: (member) => post({ type: 'unreachable', member }),
    refused: (member, reason) => post({ type: 'refused', member, reason }),
    roundTrip: (member, roundTripMs) => post({ type: 'roundTrip', member, roundTripMs }),
    log: (record) => post({ type: 'log', record }),
};
const endpoint = new PeerEndpoint(options, events);

port.on('message', (message: ToWorker) => {
    switch (message.type) {
        case 'start':
            endpoint.start(message.identity).then(
                () => post({ type: 'started' }),
                (error: unknown) => {
                    post({
                        type: 'startFailed',
                        text: error instanceof Error ? error.message : String(error),
                    });
                },
            );
            return;
        case 'peers':
            endpoint.setPeers(message.peers);
            return;
        case 'send':
            for (const { bytes } of message.batches) Atomics.sub(counters, queuedToWorker, bytes.length);
            endpoint.send(message.batches);
            return;
        case 'cover':
            endpoint.coverStall(message.heartbeats);
            return;
        case 'request':
            endpoint.request(message.id, message.to, Buffer.from(message.frame.buffer));
            return;
        case 'requestUrl':
            void endpoint.requestUrl(message.id, message.url, Buffer.from(message.frame.buffer));
            return;
        case 'respond':
            endpoint.respond(message.connection, message.frame);
            return;
        case 'close':
            void endpoint.close().then(() => {
                post({ type: 'closed' });
                port.close();
            });
            return;
        default:
            unreachable(message);
    }
});
