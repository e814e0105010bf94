import type { MemberId } from '../raft/types.ts';
import { peekUint } from './binary.ts';
import type { Connection } from './connection.ts';
import type { Credentials } from './credentials.ts';
import { dial } from './dial.ts';
import type { EndpointEvents, PeerAddress } from './endpoint-events.ts';
import { decodeRefusal, type Channel } from './greeting.ts';
import { encodeFrame, type Frame } from './frame.ts';
import { PeerRefusalError } from './refusal.ts';
import {
    pingIntervalMs,
    redialDelayMaxMs,
    redialDelayMinMs,
    retirementMs,
    silentIntervalsMax,
    waitingRequestsMax,
} from './transport-bounds.ts';

export interface LinkOptions {
    peer: PeerAddress;
    channel: Channel;
    clusterId: string;
    memberId: MemberId;
    organization: string | undefined;
    /** Those of the moment. */
    credentials: () => Credentials | undefined;
    events: EndpointEvents;
    /** After every new connection. */
    onConnected?: () => void;
}

/**
 * The connection that this member dials to one other, kept up:
 *
 *     dialling ──welcome──► connected ──breaks──► unreachable, at once ──50 ms … 1 s──► dialling …
 *                               └──renew──► dialling beside it ──welcome──► the old one retires
 *
 * Invariant: `#current` is welcomed and open, or undefined; nothing is queued while it is undefined but requests,
 * which wait for the outcome of the next attempt.
 */
export class PeerLink {
    readonly #options: LinkOptions;
    readonly #abort = new AbortController();
    readonly #pingTimer: NodeJS.Timeout;
    #current: Connection | undefined;
    /** Requests sent and not answered, by the connection that they went over. */
    readonly #asked = new Map<Connection, Set<number>>();
    #waiting: { id: number; bytes: Buffer }[] = [];
    #dialling = false;
    #redialTimer: NodeJS.Timeout | undefined;
    #delayMs = redialDelayMinMs;
    #attempts = 0;
    #lastProblem = '';

    constructor(options: LinkOptions) {
        this.#options = options;
        this.#pingTimer = setInterval(() => {
            this.#ping();
        }, pingIntervalMs);
        this.#pingTimer.unref();
        this.#dial();
    }

    get connected(): boolean {
        return this.#current !== undefined;
    }

    /** False when it was dropped. */
    send(bytes: Uint8Array, queueBytesMax: number): boolean {
        return this.#current?.write(bytes, queueBytesMax) ?? false;
    }

    request(id: number, bytes: Buffer): void {
        if (this.#current === undefined) {
            if (this.#waiting.length < waitingRequestsMax) this.#waiting.push({ id, bytes });
            else this.#options.events.requestFailed(id, 'unreachable', 'too many requests are waiting');
            return;
        }
        this.#ask(this.#current, { id, bytes });
    }

    /** The other side has called: it is there, no need to wait for the next attempt. */
    hurry(): void {
        if (this.#redialTimer === undefined) return;
        clearTimeout(this.#redialTimer);
        this.#redialTimer = undefined;
        this.#dial();
    }

    /** Makes a new connection, with the newest credentials, before the old one goes. */
    renew(): void {
        this.hurry();
        this.#dial();
    }

    /** Resolves when what was sent has been taken, or its time is over. */
    async close(): Promise<void> {
        this.#abort.abort();
        clearInterval(this.#pingTimer);
        clearTimeout(this.#redialTimer);
        this.#failWaiting('the member is no peer any more');
        this.#roundTrip(undefined);
        await Promise.all(
            [...this.#asked.keys()].map(async (connection) => {
                connection.end();
                await connection.closed();
            }),
        );
    }

    #dial(): void {
        if (this.#dialling || this.#abort.signal.aborted) return;
        this.#dialling = true;
        void this.#attempt().then((delayMs) => {
            this.#dialling = false;
            if (this.#abort.signal.aborted || delayMs === undefined) return;
            this.#redialTimer = setTimeout(() => {
                this.#redialTimer = undefined;
                this.#dial();
            }, delayMs);
        });
    }

    /** How long to wait before the next attempt; undefined when it has worked. */
    async #attempt(): Promise<number | undefined> {
        const { peer, clusterId, memberId, channel, organization } = this.#options;
        const url = peer.peerUrls[this.#attempts++ % peer.peerUrls.length] ?? '';
        try {
            const connection = await dial({
                url,
                hello: { clusterId, from: memberId, to: peer.id, channel },
                credentials: this.#options.credentials(),
                organization,
                signal: this.#abort.signal,
                onFrame: (same, frame) => {
                    this.#receive(same, frame);
                },
                onClose: (same, error) => {
                    this.#closed(same, error);
                },
            });
            if (!connection.open) throw new Error('the connection was closed at once');
            this.#adopt(connection, url);
            return undefined;
        } catch (error) {
            this.#failed(url, error);
            const delayMs = this.#delayMs * (0.5 + Math.random() / 2);
            this.#delayMs = Math.min(this.#delayMs * 2, redialDelayMaxMs);
            return delayMs;
        }
    }

    #adopt(connection: Connection, url: string): void {
        const { peer, channel, events } = this.#options;
        const old = this.#current;
        this.#current = connection;
        this.#asked.set(connection, new Set());
        this.#delayMs = redialDelayMinMs;
        this.#lastProblem = '';
        events.log({ level: 'info', fields: { peer: peer.id, url, channel }, message: 'peer connected' });
        if (old !== undefined) {
            setTimeout(() => {
                old.end();
            }, retirementMs).unref();
        }
        const waiting = this.#waiting;
        this.#waiting = [];
        for (const request of waiting) this.#ask(connection, request);
        this.#ping();
        this.#options.onConnected?.();
    }

    #closed(connection: Connection, error: Error | undefined): void {
        const { peer, channel, events } = this.#options;
        for (const id of this.#asked.get(connection) ?? [])
            events.requestFailed(id, 'unknown', `the connection broke: ${error?.message ?? 'it was closed'}`);
        this.#asked.delete(connection);
        if (this.#current !== connection) return;
        this.#current = undefined;
        if (this.#abort.signal.aborted) return;
        this.#roundTrip(undefined);
        events.unreachable(peer.id);
        events.log({
            level: 'warn',
            fields: { peer: peer.id, channel, error: error?.message ?? 'the other side has closed it' },
            message: 'peer connection lost',
        });
        this.#dial();
    }

    #failed(url: string, error: unknown): void {
        if (this.#abort.signal.aborted) return;
        const { peer, events } = this.#options;
        const text = error instanceof Error ? error.message : String(error);
        this.#failWaiting(text);
        const refusal = error instanceof PeerRefusalError ? error : undefined;
        if (refusal?.reason === 'removed' || refusal?.reason === 'otherCluster')
            events.refused(peer.id, refusal.reason);
        // Said once, not with every attempt.
        const problem = `${url} ${text}`;
        if (problem === this.#lastProblem) return;
        this.#lastProblem = problem;
        events.log({
            level: 'warn',
            fields: { peer: peer.id, url, reason: refusal?.reason, refusedBy: refusal?.by, error: text },
            message: refusal === undefined ? 'cannot reach peer' : 'peer connection refused',
        });
    }

    #failWaiting(text: string): void {
        const waiting = this.#waiting;
        this.#waiting = [];
        for (const { id } of waiting) this.#options.events.requestFailed(id, 'unreachable', text);
    }

    #ask(connection: Connection, { id, bytes }: { id: number; bytes: Buffer }): void {
        if (connection.write(bytes)) this.#asked.get(connection)?.add(id);
        else this.#options.events.requestFailed(id, 'unreachable', 'the connection is closing');
    }

    #receive(connection: Connection, frame: Frame): void {
        const { events } = this.#options;
        switch (frame.kind) {
            case 'pong': {
                const sentAtMs = frame.body.length === 8 ? frame.body.readDoubleBE() : NaN;
                const roundTripMs = performance.now() - sentAtMs;
                if (roundTripMs >= 0) this.#roundTrip(roundTripMs);
                return;
            }
            case 'response':
                this.#asked.get(connection)?.delete(peekUint(frame.body, 0) ?? -1);
                events.response(frame.body);
                return;
            case 'renew':
                this.renew();
                return;
            case 'refusal': {
                const { reason, text } = decodeRefusal(frame.body);
                connection.destroy(new PeerRefusalError(reason, 'peer', text));
                return;
            }
            case 'hello':
            case 'welcome':
            case 'message':
            case 'request':
            case 'ping':
                connection.destroy(new Error(`an unexpected ${frame.kind} from the peer`));
        }
    }

    /** Of the main link alone: chunks before a ping would be measured too. */
    #roundTrip(roundTripMs: number | undefined): void {
        const { events, peer, channel } = this.#options;
        if (channel === 'main') events.roundTrip(peer.id, roundTripMs);
    }

    #ping(): void {
        const connection = this.#current;
        if (connection === undefined) return;
        const silentMax = silentIntervalsMax[this.#options.channel];
        if (connection.countSilence() > silentMax) {
            connection.destroy(new Error(`nothing was heard for ${silentMax * pingIntervalMs} ms`));
            return;
        }
        const sentAt = Buffer.allocUnsafe(8);
        sentAt.writeDoubleBE(performance.now());
        connection.write(encodeFrame('ping', sentAt));
    }
}
