import { MessageChannel, type MessagePort, receiveMessageOnPort, type Worker } from 'node:worker_threads';
import { assert, unreachable } from '../../util/assert.ts';
import type { Logger } from '../../util/logger.ts';
import type { MemberId, RaftMessage } from '../raft/types.ts';
import type { CredentialFiles } from './credentials.ts';
import type { LogRecord } from './endpoint-events.ts';
import { frameBytesMax, FrameReader } from './frame.ts';
import { decodeMessage, encodeMessageFrames } from './message-codec.ts';
import { groupByPeer } from './outgoing.ts';
import type { EndpointOptions } from './peer-endpoint.ts';
import type { PeerHandlers, PeerIdentity, PeerSet, PeerTransport } from './peer-transport.ts';
import { RequestBook } from './request-book.ts';
import { decodeRequest, encodeResponse } from './request-codec.ts';
import { certificatePollMs, threadQueueBytesMax, workerRestartDelayMs } from './transport-bounds.ts';
import {
    type FromWorker,
    queuedFromWorker,
    queuedToWorker,
    type ToWorker,
    type WorkerData,
} from './worker-protocol.ts';
import { startTransportWorker } from './worker-script.ts';

export interface PeerTransportOptions {
    /** --listen-peer-urls; https, or all http when there are no certificates. */
    listenUrls: readonly string[];
    /** This member's certificate (for both directions), and the authority of its peers. */
    certificates?: CredentialFiles;
    /**
     * Members have it among the organizations of their certificates: see etcdPeerOrganization in src/pki.
     * Undefined: whoever has a certificate by the authority is a member.
     */
    organization: string | undefined;
    logger: Logger;
    /** How often changes of the certificates' files are looked for. */
    certificatePollMs?: number;
    /** How the thread is made. */
    startThread?: typeof startTransportWorker;
}

/** A transport whose sockets live in a thread of their own, which is started when it is needed first. */
export function openPeerTransport(options: PeerTransportOptions): ThreadedPeerTransport {
    return new ThreadedPeerTransport(options);
}

/**
 * The member's side of the transport. Invariants: handlers are called in the member's thread only; what was
 * started is started again, with the same identity and peers, when the thread dies.
 */
export class ThreadedPeerTransport implements PeerTransport {
    readonly #options: EndpointOptions;
    readonly #logger: Logger;
    readonly #requests = new RequestBook();
    readonly #startThread: typeof startTransportWorker;
    readonly #counters = new Int32Array(new SharedArrayBuffer(8));
    readonly #roundTripsMs = new Map<MemberId, number>();
    #state: 'open' | 'closing' | 'closed' = 'open';
    #worker: Promise<RunningWorker> | undefined;
    #port: MessagePort | undefined;
    #handlers: PeerHandlers | undefined;
    #identity: PeerIdentity | undefined;
    #peers: PeerSet = { peers: [], removed: [] };
    #starting: { resolve: () => void; reject: (error: Error) => void } | undefined;

    constructor(options: PeerTransportOptions) {
        this.#options = {
            listenUrls: options.listenUrls,
            credentialFiles: options.certificates,
            organization: options.organization,
            certificatePollMs: options.certificatePollMs ?? certificatePollMs,
        };
        this.#logger = options.logger;
        this.#startThread = options.startThread ?? startTransportWorker;
    }

    async start(identity: PeerIdentity, handlers: PeerHandlers): Promise<void> {
        assert(this.#identity === undefined, 'a transport is started once', { ...identity });
        this.#identity = identity;
        this.#handlers = handlers;
        await this.#runWorker();
        await this.#startEndpoint(identity);
    }

    setPeers(peers: PeerSet): void {
        this.#peers = peers;
        this.#post({ type: 'peers', peers });
    }

    send(messages: readonly RaftMessage[]): void {
        if (this.#port === undefined || messages.length === 0) return;
        const batches = groupByPeer(messages).map(({ to, weight, messages: group }) => {
            const bytes = encodeMessageFrames(group);
            return { to, weight, bytes: new Uint8Array(bytes.buffer as ArrayBuffer) };
        });
        const total = batches.reduce((sum, { bytes }) => sum + bytes.length, 0);
        if (Atomics.load(this.#counters, queuedToWorker) + total > threadQueueBytesMax) {
            for (const to of new Set(batches.map((batch) => batch.to))) this.#handlers?.onUnreachable(to);
            return;
        }
        Atomics.add(this.#counters, queuedToWorker, total);
        this.#post(
            { type: 'send', batches },
            batches.map(({ bytes }) => bytes.buffer),
        );
    }

    coverStall(heartbeats: readonly RaftMessage[], everyMs: number): void {
        const frames = heartbeats.map((heartbeat) => ({
            to: heartbeat.to,
            bytes: encodeMessageFrames([heartbeat]),
        }));
        this.#post({ type: 'cover', heartbeats: { frames, term: heartbeats[0]?.term ?? 0, everyMs } });
    }

    async request(to: MemberId, method: string, body: Buffer): Promise<Buffer> {
        return await this.#requests.ask({ method, body }, (id, frame) => {
            return this.#post({ type: 'request', id, to, frame }, [frame.buffer as ArrayBuffer]);
        });
    }

    async requestUrl(peerUrl: string, method: string, body: Buffer): Promise<Buffer> {
        await this.#runWorker();
        return await this.#requests.ask({ method, body }, (id, frame) => {
            return this.#post({ type: 'requestUrl', id, url: peerUrl, frame }, [frame.buffer as ArrayBuffer]);
        });
    }

    roundTripMs(member: MemberId): number | undefined {
        return this.#roundTripsMs.get(member);
    }

    deliverPending(): void {
        const port = this.#port;
        while (port !== undefined && this.#state === 'open') {
            const received = receiveMessageOnPort(port) as { message: FromWorker } | undefined;
            if (received === undefined) return;
            this.#receive(received.message);
        }
    }

    async close(): Promise<void> {
        if (this.#state !== 'open') return;
        this.#state = 'closing';
        this.#requests.close();
        const running = await this.#worker?.catch(() => undefined);
        if (running !== undefined) {
            running.port.postMessage({ type: 'close' } satisfies ToWorker);
            await running.exited;
        }
        this.#port = undefined;
        this.#state = 'closed';
    }

    async #runWorker(): Promise<void> {
        assert(this.#state === 'open', 'the transport is closed');
        this.#worker ??= this.#spawn();
        await this.#worker;
    }

    async #spawn(): Promise<RunningWorker> {
        const { port1, port2 } = new MessageChannel();
        this.#counters.fill(0);
        const workerData: WorkerData = {
            options: this.#options,
            port: port2,
            queued: this.#counters.buffer,
        };
        const worker = await this.#startThread({ workerData, transferList: [port2] });
        port1.on('message', (message: FromWorker) => {
            this.#receive(message);
        });
        this.#port = port1;
        worker.once('error', (error: Error) => {
            this.#logger.error({ err: error }, 'the peer transport has failed');
        });
        const exited = new Promise<void>((resolve) => {
            worker.once('exit', () => {
                port1.close();
                resolve();
                this.#exited();
            });
        });
        return { worker, port: port1, exited };
    }

    async #startEndpoint(identity: PeerIdentity): Promise<void> {
        await new Promise<void>((resolve, reject) => {
            this.#starting = { resolve, reject };
            this.#post({ type: 'start', identity });
        });
    }

    /** Not expected: a bug, or no memory. The members are told, and the thread is started again. */
    #exited(): void {
        this.#port = undefined;
        this.#worker = undefined;
        this.#starting?.reject(new Error('the peer transport has failed'));
        this.#starting = undefined;
        if (this.#state !== 'open') return;
        this.#roundTripsMs.clear();
        this.#requests.lost('the peer transport has failed');
        for (const { id } of this.#peers.peers) this.#handlers?.onUnreachable(id);
        const identity = this.#identity;
        if (identity === undefined) return;
        setTimeout(() => {
            if (this.#state === 'open') void this.#restart(identity);
        }, workerRestartDelayMs).unref();
    }

    async #restart(identity: PeerIdentity): Promise<void> {
        try {
            await this.#runWorker();
            await this.#startEndpoint(identity);
            this.setPeers(this.#peers);
        } catch (error) {
            this.#logger.error({ err: error }, 'the peer transport cannot be started again');
            const running = await this.#worker?.catch(() => undefined);
            await running?.worker.terminate();
        }
    }

    /** False when there is no thread to post to. */
    #post(message: ToWorker, transfer: ArrayBuffer[] = []): boolean {
        this.#port?.postMessage(message, transfer);
        return this.#port !== undefined;
    }

    #receive(message: FromWorker): void {
        switch (message.type) {
            case 'messages':
                Atomics.sub(this.#counters, queuedFromWorker, message.frames.length);
                this.#deliver(message.from, message.frames);
                return;
            case 'request':
                Atomics.sub(this.#counters, queuedFromWorker, message.body.length);
                void this.#answer(message);
                return;
            case 'response':
                Atomics.sub(this.#counters, queuedFromWorker, message.body.length);
                this.#requests.answered(bufferOf(message.body));
                return;
            case 'requestFailed':
                this.#requests.failed(message.id, message.reason, message.text);
                return;
            case 'unreachable':
                this.#handlers?.onUnreachable(message.member);
                return;
            case 'refused':
                this.#handlers?.onRefused(message.member, message.reason);
                return;
            case 'roundTrip':
                if (message.roundTripMs === undefined) {
                    this.#roundTripsMs.delete(message.member);
                    return;
                }
                this.#roundTripsMs.set(message.member, message.roundTripMs);
                this.#handlers?.onRoundTrip?.(message.member, message.roundTripMs);
                return;
            case 'log':
                this.#log(message.record);
                return;
            case 'started':
                this.#starting?.resolve();
                this.#starting = undefined;
                return;
            case 'startFailed':
                this.#starting?.reject(new Error(message.text));
                this.#starting = undefined;
                return;
            case 'closed':
                return;
            default:
                unreachable(message);
        }
    }

    #deliver(from: MemberId, frames: Uint8Array): void {
        if (this.#state !== 'open') return;
        const messages: RaftMessage[] = [];
        for (const { body } of new FrameReader(frameBytesMax).read(bufferOf(frames))) {
            const decoded = decodeMessage(body);
            if (decoded.type === 'decoded') messages.push(decoded.value);
            else this.#logger.warn({ peer: from, error: decoded.error.message }, 'a malformed Raft message');
        }
        this.#handlers?.onMessages(messages);
    }

    async #answer({ caller, body }: Extract<FromWorker, { type: 'request' }>): Promise<void> {
        const request = decodeRequest(bufferOf(body));
        const handlers = this.#handlers;
        if (request === undefined || handlers === undefined) return;
        const { id, method } = request;
        let frame: Buffer;
        try {
            const answer = await handlers.onRequest(caller.from, method, request.body);
            frame = encodeResponse({ id, type: 'answered', body: answer });
        } catch (error) {
            const text = error instanceof Error ? error.message : String(error);
            frame = encodeResponse({ id, type: 'refused', text });
        }
        this.#post({ type: 'respond', connection: caller.connection, frame });
    }

    #log({ level, fields, message }: LogRecord): void {
        this.#logger[level](fields, message);
    }
}

interface RunningWorker {
    worker: Worker;
    port: MessagePort;
    /** Resolves when the thread has ended. */
    exited: Promise<void>;
}

function bufferOf(bytes: Uint8Array): Buffer {
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}
