import type { MemberId } from '../raft/types.ts';
import { assert } from '../../util/assert.ts';
import { type Credentials, type CredentialFiles, CredentialWatch, loadCredentials } from './credentials.ts';
import { askByUrl } from './ask-by-url.ts';
import { parsePeerUrl } from './dial.ts';
import type { EndpointEvents, PeerAddress } from './endpoint-events.ts';
import type { Frame } from './frame.ts';
import { peekMessage, peekTerm } from './message-codec.ts';
import { PeerConnections } from './peer-connections.ts';
import { PeerListener, type WelcomedCaller } from './peer-listener.ts';
import type { PeerIdentity, PeerSet } from './peer-transport.ts';
import { type CoveredHeartbeats, StallCover } from './stall-cover.ts';
import { closeTimeoutMs } from './transport-bounds.ts';

export interface EndpointOptions {
    listenUrls: readonly string[];
    /** Undefined: plain TCP, nobody is authenticated. */
    credentialFiles: CredentialFiles | undefined;
    /** What a peer's certificate has among its subject's organizations. */
    organization: string | undefined;
    certificatePollMs: number;
}

/**
 * How messages are treated when much is waiting: 'light' ones may wait longest, 'heavy' ones are dropped sooner,
 * 'bulk' goes over a connection of its own.
 */
export type Weight = 'light' | 'heavy' | 'bulk';

/** 'message' frames for one member. */
export interface OutgoingBatch {
    to: MemberId;
    weight: Weight;
    bytes: Uint8Array;
}

/**
 * The network side of the transport: sockets, TLS and timers, and nothing of Raft but where a message comes from.
 * It runs in the transport's thread; nothing in it waits for the member.
 */
export class PeerEndpoint {
    readonly #options: EndpointOptions;
    readonly #events: EndpointEvents;
    readonly #abort = new AbortController();
    readonly #peers = new Map<MemberId, PeerConnections>();
    readonly #cover = new StallCover((to, bytes) => {
        this.send([{ to, weight: 'light', bytes }]);
    });
    #identity: PeerIdentity | undefined;
    #removed = new Set<MemberId>();
    #listener: PeerListener | undefined;
    #credentials: Promise<Credentials | undefined> | undefined;
    #newestCredentials: Credentials | undefined;
    #watch: CredentialWatch | undefined;
    /** Message frames of this turn of the event loop, by sender. */
    #arrived = new Map<MemberId, Buffer[]>();

    constructor(options: EndpointOptions, events: EndpointEvents) {
        this.#options = options;
        this.#events = events;
    }

    /** Rejects when it cannot listen or the certificates cannot be used. */
    async start(identity: PeerIdentity): Promise<void> {
        assert(this.#identity === undefined, 'the transport is started once', { ...identity });
        this.#identity = identity;
        const credentials = await this.#loadCredentials();
        if (credentials === undefined)
            this.#events.log({
                level: 'warn',
                fields: {},
                message: 'peers use http: they are not authenticated and can be listened to',
            });
        const listener = new PeerListener({
            urls: this.#options.listenUrls,
            credentials,
            organization: this.#options.organization,
            ...identity,
            hostsOf: (member) => this.#peers.get(member)?.hosts,
            isRemoved: (member) => this.#removed.has(member),
            onWelcomed: ({ from }) => {
                if (from !== undefined) this.#peers.get(from)?.hurry();
            },
            onFrame: (caller, frame) => {
                this.#receive(caller, frame);
            },
            log: this.#events.log.bind(this.#events),
        });
        await listener.listen();
        if (this.#abort.signal.aborted) await listener.close();
        this.#listener = listener;
    }

    setPeers({ peers, removed }: PeerSet): void {
        this.#removed = new Set(removed);
        const wanted = new Map(peers.map((peer) => [peer.id, peer]));
        for (const [id, connections] of this.#peers) {
            const peer = wanted.get(id);
            if (peer !== undefined && sameUrls(peer, connections.peer)) continue;
            this.#peers.delete(id);
            void connections.close();
        }
        for (const peer of peers) if (!this.#peers.has(peer.id)) this.#connect(peer);
        this.#listener?.dropRemoved();
    }

    /** Messages for unknown members are dropped. */
    send(batches: readonly OutgoingBatch[]): void {
        for (const { to, weight, bytes } of batches) this.#peers.get(to)?.send(bytes, weight);
    }

    /** Its outcome comes as an event. */
    request(id: number, to: MemberId, frame: Buffer): void {
        const peer = this.#peers.get(to);
        if (peer === undefined) this.#events.requestFailed(id, 'unreachable', `${to} is not a peer`);
        else peer.request(id, frame);
    }

    /** Its outcome comes as an event. */
    async requestUrl(id: number, url: string, frame: Buffer): Promise<void> {
        try {
            const credentials = await this.#loadCredentials();
            const { organization } = this.#options;
            await askByUrl(
                { id, url, frame, credentials, organization, signal: this.#abort.signal },
                this.#events,
            );
        } catch (error) {
            const text = error instanceof Error ? error.message : String(error);
            this.#events.requestFailed(id, 'unreachable', text);
        }
    }

    /** The caller may have gone. */
    respond(connection: number, frame: Uint8Array): void {
        this.#listener?.caller(connection)?.connection.write(frame);
    }

    coverStall(heartbeats: CoveredHeartbeats): void {
        const rounds = this.#cover.cover(heartbeats);
        if (rounds > 0)
            this.#events.log({
                level: 'info',
                fields: { rounds },
                message: 'heartbeats were repeated for a busy main thread',
            });
    }

    /** Lets what was sent leave, for a moment. */
    async close(): Promise<void> {
        this.#cover.stop();
        this.#watch?.stop();
        const links = Promise.all([...this.#peers.values()].map(async (peer) => await peer.close()));
        this.#peers.clear();
        const timeout = new Promise((resolve) => setTimeout(resolve, closeTimeoutMs).unref());
        await Promise.race([links, timeout]);
        this.#abort.abort();
        await this.#listener?.close();
    }

    #connect(peer: PeerAddress): void {
        const identity = this.#identity;
        assert(identity !== undefined, 'peers are set after the start');
        for (const url of peer.peerUrls) {
            if (URL.canParse(url)) continue;
            this.#events.log({ level: 'error', fields: { peer: peer.id, url }, message: 'bad peer address' });
            return;
        }
        if (peer.peerUrls.length === 0) return;
        const connections = new PeerConnections({
            peer,
            hosts: peer.peerUrls.map((url) => parsePeerUrl(url).hostname),
            ...identity,
            organization: this.#options.organization,
            credentials: () => this.#newestCredentials,
            events: this.#events,
        });
        this.#peers.set(peer.id, connections);
    }

    #receive(caller: WelcomedCaller, frame: Frame): void {
        const { from, connection, number } = caller;
        if (frame.kind === 'request') {
            this.#events.request({ from, connection: number }, frame.body);
            return;
        }
        const message = frame.kind === 'message' ? peekMessage(frame.body) : undefined;
        if (
            from === undefined ||
            message === undefined ||
            message.from !== from ||
            message.to !== this.#identity?.memberId
        ) {
            connection.destroy(new Error(`an unexpected ${frame.kind}`));
            return;
        }
        this.#cover.heardTerm(peekTerm(frame.body) ?? 0);
        if (this.#arrived.size === 0) setImmediate(() => this.#deliver());
        const frames = this.#arrived.get(from);
        if (frames === undefined) this.#arrived.set(from, [frame.bytes]);
        else frames.push(frame.bytes);
    }

    #deliver(): void {
        const arrived = this.#arrived;
        this.#arrived = new Map();
        for (const [from, frames] of arrived) this.#events.messages(from, frames);
    }

    async #loadCredentials(): Promise<Credentials | undefined> {
        const { credentialFiles } = this.#options;
        if (credentialFiles === undefined) return undefined;
        this.#credentials ??= loadCredentials(credentialFiles).then((credentials) => {
            this.#newestCredentials = credentials;
            this.#watchCredentials(credentialFiles, credentials);
            return credentials;
        });
        try {
            await this.#credentials;
        } catch (error) {
            this.#credentials = undefined;
            throw error;
        }
        return this.#newestCredentials;
    }

    #watchCredentials(files: CredentialFiles, current: Credentials): void {
        if (this.#abort.signal.aborted) return;
        this.#watch = new CredentialWatch(files, current, {
            pollMs: this.#options.certificatePollMs,
            onChange: (credentials) => {
                this.#newestCredentials = credentials;
                this.#events.log({
                    level: 'info',
                    fields: { ...files },
                    message: 'peer certificates reloaded',
                });
                this.#listener?.renew(credentials);
                for (const peer of this.#peers.values()) peer.renew();
            },
            onProblem: (error) => {
                const text = error instanceof Error ? error.message : String(error);
                this.#events.log({
                    level: 'warn',
                    fields: { ...files, error: text },
                    message: 'the new peer certificates cannot be used (yet)',
                });
            },
        });
    }
}

function sameUrls(a: PeerAddress, b: PeerAddress): boolean {
    return a.peerUrls.length === b.peerUrls.length && a.peerUrls.every((url, at) => url === b.peerUrls[at]);
}
