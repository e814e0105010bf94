import type { LinkOptions } from './peer-link.ts';
import { PeerLink } from './peer-link.ts';
import type { PeerAddress } from './endpoint-events.ts';
import type { Weight } from './peer-endpoint.ts';
import {
    bulkIdleMaxMs,
    bulkWaitingBytesMax,
    dropReportIntervalMs,
    peerQueueBytesMax,
    peerQueueReserveBytes,
} from './transport-bounds.ts';

export type PeerConnectionsOptions = Omit<LinkOptions, 'channel' | 'onConnected'> & {
    /** Of the peer's addresses: one of them must be in its certificate. */
    hosts: readonly string[];
};

/** What goes to one member: the main link, always there, and the bulk link while snapshots are sent. */
export class PeerConnections {
    readonly peer: PeerAddress;
    readonly hosts: readonly string[];
    readonly #options: PeerConnectionsOptions;
    readonly #main: PeerLink;
    #bulk: PeerLink | undefined;
    /** Chunks that wait for the bulk link's connection. */
    #bulkWaiting: Uint8Array[] = [];
    #bulkWaitingBytes = 0;
    #bulkIdleTimer: NodeJS.Timeout | undefined;
    #dropReportedAtMs = -Infinity;

    constructor(options: PeerConnectionsOptions) {
        this.peer = options.peer;
        this.hosts = options.hosts;
        this.#options = options;
        this.#main = new PeerLink({ ...options, channel: 'main' });
    }

    send(bytes: Uint8Array, weight: Weight): void {
        if (weight === 'bulk') {
            this.#sendBulk(bytes);
            return;
        }
        const reserve = weight === 'light' ? peerQueueReserveBytes : 0;
        // Without a connection the core knows already.
        if (!this.#main.send(bytes, peerQueueBytesMax + reserve) && this.#main.connected) this.#dropped();
    }

    request(id: number, frame: Buffer): void {
        this.#main.request(id, frame);
    }

    hurry(): void {
        this.#main.hurry();
        this.#bulk?.hurry();
    }

    renew(): void {
        this.#main.renew();
        this.#bulk?.renew();
    }

    async close(): Promise<void> {
        clearTimeout(this.#bulkIdleTimer);
        await Promise.all([this.#main.close(), this.#bulk?.close()]);
    }

    #sendBulk(bytes: Uint8Array): void {
        this.#bulk ??= new PeerLink({
            ...this.#options,
            channel: 'bulk',
            onConnected: () => {
                this.#flushBulk();
            },
        });
        clearTimeout(this.#bulkIdleTimer);
        this.#bulkIdleTimer = setTimeout(() => {
            void this.#bulk?.close();
            this.#bulk = undefined;
            this.#bulkWaiting = [];
            this.#bulkWaitingBytes = 0;
        }, bulkIdleMaxMs);
        this.#bulkIdleTimer.unref();
        if (this.#bulk.connected) {
            if (!this.#bulk.send(bytes, peerQueueBytesMax)) this.#dropped();
        } else if (this.#bulkWaitingBytes + bytes.length <= bulkWaitingBytesMax) {
            this.#bulkWaiting.push(bytes);
            this.#bulkWaitingBytes += bytes.length;
        } else {
            this.#dropped();
        }
    }

    #flushBulk(): void {
        const waiting = this.#bulkWaiting;
        this.#bulkWaiting = [];
        this.#bulkWaitingBytes = 0;
        for (const bytes of waiting) this.#bulk?.send(bytes, bulkWaitingBytesMax);
    }

    #dropped(): void {
        const nowMs = performance.now();
        if (nowMs - this.#dropReportedAtMs < dropReportIntervalMs) return;
        this.#dropReportedAtMs = nowMs;
        this.#options.events.unreachable(this.peer.id);
    }
}
