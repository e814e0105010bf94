import type { MemberId, RaftMessage } from '../raft/types.ts';
import {
    PeerRequestError,
    type PeerHandlers,
    type PeerIdentity,
    type PeerSet,
    type PeerTransport,
} from '../transport/peer-transport.ts';

interface Endpoint {
    url: string;
    identity: PeerIdentity;
    handlers: PeerHandlers;
    peers: PeerSet;
}

/** Joins members of one process, for tests; links can be cut and the network slowed. */
export class InProcessNetwork {
    /** One way. */
    delayMs = 0;
    readonly #endpoints = new Map<string, Endpoint>();
    readonly #cut = new Set<string>();

    transport(url: string): PeerTransport {
        return new InProcessTransport(this, url);
    }

    /** Nothing goes from or to the member, until `heal`. */
    isolate(url: string): void {
        this.#cut.add(url);
    }

    heal(): void {
        this.#cut.clear();
    }

    attach(endpoint: Endpoint): void {
        this.#endpoints.set(endpoint.url, endpoint);
    }

    detach(url: string): void {
        this.#endpoints.delete(url);
    }

    /** Who would be reached; a refusal is told to the caller. */
    find(url: string, from: Pick<Endpoint, 'url' | 'identity'> | undefined): Endpoint | undefined {
        if (this.#cut.has(url) || (from !== undefined && this.#cut.has(from.url))) return undefined;
        const found = this.#endpoints.get(url);
        if (found === undefined || from === undefined) return found;
        const isOther = found.identity.clusterId !== from.identity.clusterId;
        const isRemoved = found.peers.removed.includes(from.identity.memberId);
        if (!isOther && !isRemoved) return found;
        const source = this.#endpoints.get(from.url);
        source?.handlers.onRefused(found.identity.memberId, isOther ? 'otherCluster' : 'removed');
        return undefined;
    }

    later(work: () => void): void {
        if (this.delayMs === 0) setImmediate(work);
        else setTimeout(work, this.delayMs);
    }
}

class InProcessTransport implements PeerTransport {
    readonly #network: InProcessNetwork;
    readonly #url: string;
    #endpoint: Endpoint | undefined;

    constructor(network: InProcessNetwork, url: string) {
        this.#network = network;
        this.#url = url;
    }

    async start(identity: PeerIdentity, handlers: PeerHandlers): Promise<void> {
        this.#endpoint = { url: this.#url, identity, handlers, peers: { peers: [], removed: [] } };
        this.#network.attach(this.#endpoint);
        await Promise.resolve();
    }

    setPeers(peers: PeerSet): void {
        if (this.#endpoint !== undefined) this.#endpoint.peers = peers;
    }

    send(messages: readonly RaftMessage[]): void {
        for (const message of messages) {
            this.#network.later(() => {
                const endpoint = this.#endpoint;
                if (endpoint === undefined) return;
                const target = this.#find(message.to);
                if (target === undefined) endpoint.handlers.onUnreachable(message.to);
                else target.handlers.onMessages([message]);
            });
        }
    }

    coverStall(): void {
        // Members of one process are blocked together.
    }

    async request(to: MemberId, method: string, body: Buffer): Promise<Buffer> {
        await this.#hop();
        const target = this.#find(to);
        const identity = this.#endpoint?.identity;
        if (target === undefined || identity === undefined) {
            throw new PeerRequestError('unreachable', `member ${to} cannot be reached`);
        }
        return await this.#ask(target, { from: identity.memberId, method, body });
    }

    async requestUrl(peerUrl: string, method: string, body: Buffer): Promise<Buffer> {
        await this.#hop();
        const target = this.#network.find(peerUrl, undefined);
        if (target === undefined) throw new PeerRequestError('unreachable', `${peerUrl} cannot be reached`);
        return await this.#ask(target, { from: undefined, method, body });
    }

    roundTripMs(member: MemberId): number | undefined {
        return this.#find(member) === undefined ? undefined : 2 * this.#network.delayMs;
    }

    async close(): Promise<void> {
        this.#endpoint = undefined;
        this.#network.detach(this.#url);
        await Promise.resolve();
    }

    async #ask(
        target: Endpoint,
        { from, method, body }: { from: MemberId | undefined; method: string; body: Buffer },
    ): Promise<Buffer> {
        let answer: Buffer;
        try {
            answer = await target.handlers.onRequest(from, method, body);
        } catch (error) {
            throw new PeerRequestError('refused', error instanceof Error ? error.message : String(error), {
                cause: error,
            });
        }
        await this.#hop();
        if (this.#network.find(target.url, this.#endpoint) === target) return answer;
        throw new PeerRequestError('unknown', `the answer of ${target.url} was lost`);
    }

    #find(id: MemberId): Endpoint | undefined {
        const url = this.#endpoint?.peers.peers.find((peer) => peer.id === id)?.peerUrls[0];
        return url === undefined ? undefined : this.#network.find(url, this.#endpoint);
    }

    async #hop(): Promise<void> {
        await new Promise<void>((resolve) => {
            this.#network.later(resolve);
        });
    }
}
