import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { connect as connectTls } from 'node:tls';
import type { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import {
    createAuthority,
    generatePrivateKey,
    issueCertificate,
    type KeyPair,
} from '../../src/pki/authority.ts';
import type { MemberId, RaftMessage } from '../../src/store/raft/types.ts';
import {
    openPeerTransport,
    type ThreadedPeerTransport,
} from '../../src/store/transport/open-peer-transport.ts';
import { startTransportWorker } from '../../src/store/transport/worker-script.ts';
import { freePort } from '../harness/free-ports.ts';

const organization = 'test:peers';
const clusterId = 'c'.repeat(16);
const dayMs = 86_400_000;
const validity = (days: number) => ({
    notBefore: new Date(Date.now() - 2 * dayMs),
    notAfter: new Date(Date.now() + days * dayMs),
});
const idOf = (number: number): MemberId => String(number).repeat(16);

interface CertificateOptions {
    authority?: KeyPair;
    organizations?: string[];
    ipAddresses?: string[];
    days?: number;
    port?: number;
}

/** A member's transport, and all that it has heard. */
class Node {
    readonly id: MemberId;
    readonly url: string;
    readonly transport: ThreadedPeerTransport;
    readonly messages: RaftMessage[] = [];
    readonly unreachable: MemberId[] = [];
    readonly refused: string[] = [];
    readonly threads: Worker[] = [];
    requests = 0;
    readonly log: Record<string, unknown>[] = [];
    #watchers = new Set<() => void>();

    constructor(id: MemberId, url: string, directory: string) {
        this.id = id;
        this.url = url;
        this.transport = openPeerTransport({
            listenUrls: [url],
            certificates: {
                certFile: join(directory, 'peer.crt'),
                keyFile: join(directory, 'peer.key'),
                caFile: join(directory, 'ca.crt'),
            },
            organization,
            certificatePollMs: 100,
            startThread: async (workerOptions) => {
                const thread = await startTransportWorker(workerOptions);
                this.threads.push(thread);
                return thread;
            },
            logger: pino(
                { level: 'debug' },
                {
                    write: (line: string) => {
                        this.log.push(JSON.parse(line) as Record<string, unknown>);
                        this.#changed();
                    },
                },
            ),
        });
    }

    async start(ofCluster = clusterId): Promise<void> {
        await this.transport.start(
            { clusterId: ofCluster, memberId: this.id },
            {
                onMessages: (messages) => {
                    this.messages.push(...messages);
                    this.#changed();
                },
                onRequest: async (from, method, body) => {
                    this.requests += 1;
                    this.#changed();
                    if (method === 'fail') throw new Error('it did not work');
                    if (method === 'hang') await new Promise(() => undefined);
                    return Buffer.from(`${from ?? 'nobody'} ${method} ${body.toString()}`);
                },
                onUnreachable: (member) => {
                    this.unreachable.push(member);
                    this.#changed();
                },
                onRefused: (_, reason) => {
                    this.refused.push(reason);
                    this.#changed();
                },
            },
        );
    }

    knows(...others: Node[]): void {
        this.transport.setPeers({
            peers: others.map(({ id, url }) => ({ id, peerUrls: [url] })),
            removed: [],
        });
    }

    /** How often it has connected to others. */
    get connections(): number {
        return this.log.filter(({ msg, channel }) => msg === 'peer connected' && channel === 'main').length;
    }

    say(to: Node, commit: number): void {
        this.transport.send([{ type: 'heartbeat', from: this.id, to: to.id, term: 1, commit, readRound: 0 }]);
    }

    logged(fields: Record<string, unknown>): boolean {
        return this.log.some((line) => Object.entries(fields).every(([name, value]) => line[name] === value));
    }

    /** Resolves as soon as it is true of what has been heard so far. */
    async until(condition: () => boolean): Promise<void> {
        await new Promise<void>((resolve) => {
            const check = () => {
                if (!condition()) return;
                this.#watchers.delete(check);
                resolve();
            };
            this.#watchers.add(check);
            check();
        });
    }

    #changed(): void {
        for (const check of [...this.#watchers]) check();
    }
}

describe('peer transport', () => {
    let directory: string;
    let authority: KeyPair;
    let nodes: Node[];

    beforeEach(async () => {
        directory = await mkdtemp(join(tmpdir(), 'hk-transport-'));
        authority = await createAuthority('etcd-ca', validity(10));
        nodes = [];
    });
    afterEach(async () => {
        await Promise.all(nodes.map(async (node) => await node.transport.close()));
        await rm(directory, { recursive: true });
    });

    /** A member with files of its own; `options` say what is wrong with it. */
    async function member(number: number, options: CertificateOptions = {}): Promise<Node> {
        const files = join(directory, String(nodes.length));
        await mkdir(files);
        await writeCertificate(files, options);
        const port = options.port ?? (await freePort());
        const node = new Node(idOf(number), `https://127.0.0.1:${port}`, files);
        nodes.push(node);
        return node;
    }

    async function writeCertificate(files: string, options: CertificateOptions = {}): Promise<void> {
        const signer = options.authority ?? authority;
        const pair = await issueCertificate(signer, {
            commonName: 'peer',
            organizations: options.organizations ?? [organization],
            usages: ['server', 'client'],
            ipAddresses: options.ipAddresses ?? ['127.0.0.1'],
            validity: validity(options.days ?? 1),
        });
        await writeFile(join(files, 'peer.key'), pair.key);
        await writeFile(join(files, 'peer.crt'), pair.cert);
        await writeFile(join(files, 'ca.crt'), signer.cert);
    }

    async function connect(...members: Node[]): Promise<void> {
        await Promise.all(members.map(async (node) => await node.start()));
        for (const node of members) node.knows(...members.filter((other) => other !== node));
        await Promise.all(
            members.map(async (node) => {
                await node.until(() => node.connections >= members.length - 1);
            }),
        );
    }

    it('carries messages between three members, each to its own addressee', async () => {
        const [a, b, c] = [await member(1), await member(2), await member(3)];
        await connect(a, b, c);
        a.say(b, 12);
        a.say(c, 13);
        b.say(a, 21);
        c.say(a, 31);
        await Promise.all([
            a.until(() => a.messages.length === 2),
            b.until(() => b.messages.length === 1),
            c.until(() => c.messages.length === 1),
        ]);
        expect(b.messages).toEqual([
            { type: 'heartbeat', from: a.id, to: b.id, term: 1, commit: 12, readRound: 0 },
        ]);
        expect(c.messages).toMatchObject([{ commit: 13 }]);
        expect(a.messages.map(({ from }) => from).sort()).toEqual([b.id, c.id]);
        await a.until(() => a.transport.roundTripMs(b.id) !== undefined);
        expect(a.transport.roundTripMs(b.id)).toBeGreaterThan(0);
        expect(a.transport.roundTripMs(idOf(9))).toBeUndefined();
    });

    it('carries a snapshot beside the heartbeats, and entries with their bytes', async () => {
        const [a, b] = [await member(1), await member(2)];
        await connect(a, b);
        const base = { from: a.id, to: b.id, term: 3 };
        const data = randomBytes(1024 * 1024);
        const membership = { voters: [a.id], learners: [b.id] };
        const chunk: RaftMessage = {
            ...base,
            type: 'snapshotChunk',
            snapshot: { index: 7, term: 2, membership },
            chunk: 0,
            data,
            last: true,
        };
        const append: RaftMessage = {
            ...base,
            type: 'append',
            previousIndex: 7,
            previousTerm: 2,
            entries: [{ index: 8, term: 3, type: 'command', data: randomBytes(300_000) }],
            commit: 7,
            readRound: 1,
        };
        a.transport.send([chunk, append]);
        await b.until(() => b.messages.length === 2);
        for (const sent of [chunk, append])
            expect(b.messages.some((message) => isDeepStrictEqual(message, sent))).toBe(true);
        expect(a.logged({ msg: 'peer connected', channel: 'bulk' })).toBe(true);
    });

    it('answers requests, hands on errors, and says when nobody is there', async () => {
        const [a, b] = [await member(1), await member(2)];
        await connect(a, b);
        const answer = await a.transport.request(b.id, 'echo', Buffer.from('text'));
        expect(answer.toString()).toBe(`${a.id} echo text`);
        await expect(a.transport.request(b.id, 'fail', Buffer.alloc(0))).rejects.toMatchObject({
            reason: 'refused',
            message: 'it did not work',
        });
        await expect(a.transport.request(idOf(9), 'echo', Buffer.alloc(0))).rejects.toMatchObject({
            reason: 'unreachable',
        });
        const stranger = await member(4);
        const anonymous = await stranger.transport.requestUrl(b.url, 'echo', Buffer.from('?'));
        expect(anonymous.toString()).toBe('nobody echo ?');
        const closed = `https://127.0.0.1:${await freePort()}`;
        await expect(stranger.transport.requestUrl(closed, 'echo', Buffer.alloc(0))).rejects.toMatchObject({
            reason: 'unreachable',
        });
    });

    it('a request under way when the other dies may have arrived', async () => {
        const [a, b] = [await member(1), await member(2)];
        await connect(a, b);
        const outcome = a.transport.request(b.id, 'hang', Buffer.alloc(0)).catch((error: unknown) => error);
        await b.until(() => b.requests > 0);
        await b.transport.close();
        expect(await outcome).toMatchObject({ name: 'PeerRequestError', reason: 'unknown' });
    });

    it('a member that dies is reported at once and connected again when it is back', async () => {
        const [a, b] = [await member(1), await member(2)];
        await connect(a, b);
        await b.transport.close();
        await a.until(() => a.unreachable.includes(b.id));
        expect(a.transport.roundTripMs(b.id)).toBeUndefined();
        const back = await member(2, { port: Number(new URL(b.url).port) });
        await back.start();
        back.knows(a);
        await a.until(() => a.connections === 2);
        a.say(back, 5);
        await back.until(() => back.messages.length === 1);
    });

    /** What `odd` is like, what is said about it by it and by the good member. */
    const refusals: [string, CertificateOptions, string][] = [
        ['shows an expired certificate', { days: -1 }, 'expiredCertificate'],
        ['has a certificate of another host', { ipAddresses: ['127.0.0.9'] }, 'wrongName'],
        ['has a client certificate of the authority', { organizations: ['clients'] }, 'wrongOrganization'],
    ];
    it.each(refusals)('a member that %s is refused, and both sides say why', async (_, options, reason) => {
        const [good, odd] = [await member(1), await member(2, options)];
        await good.start();
        await odd.start();
        good.knows(odd);
        await good.until(() => good.logged({ reason, refusedBy: 'self' }));
        await odd.until(() => odd.logged({ reason, by: 'the caller' }));
        odd.knows(good);
        await odd.until(() => odd.logged({ reason, refusedBy: 'peer' }));
        await good.until(() => good.logged({ reason, msg: 'peer connection refused' }));
        odd.say(good, 1);
        expect(good.connections + odd.connections).toBe(0);
        expect(good.messages).toEqual([]);
    });

    it('a member with a certificate of a foreign authority is refused, and refuses', async () => {
        const foreign = await createAuthority('etcd-ca', validity(10));
        const [good, odd] = [await member(1), await member(2, { authority: foreign })];
        await Promise.all([good.start(), odd.start()]);
        odd.knows(good);
        await odd.until(() => odd.logged({ reason: 'untrustedCertificate', refusedBy: 'self' }));
        await good.until(() => good.logged({ reason: 'untrustedCertificate' }));
    });

    it('a caller without a certificate is told so and gets nothing', async () => {
        const good = await member(1);
        await good.start();
        const { port } = new URL(good.url);
        const socket = connectTls({ port: Number(port), host: '127.0.0.1', rejectUnauthorized: false });
        const received: Buffer[] = [];
        socket.on('data', (piece: Buffer) => received.push(piece));
        await once(socket, 'close');
        expect(Buffer.concat(received).toString()).toContain('no certificate was shown');
        expect(good.logged({ reason: 'noCertificate' })).toBe(true);
    });

    it('a member of another cluster is refused and told so', async () => {
        const [good, other] = [await member(1), await member(2)];
        await good.start();
        await other.start('d'.repeat(16));
        good.knows(other);
        await good.until(() => good.refused.includes('otherCluster'));
        await other.until(() => other.logged({ reason: 'otherCluster' }));
    });

    it('a removed member is told so, also when it is connected', async () => {
        const [a, b] = [await member(1), await member(2)];
        await connect(a, b);
        a.transport.setPeers({ peers: [], removed: [b.id] });
        await b.until(() => b.refused.includes('removed'));
        b.say(a, 1);
        expect(a.messages).toEqual([]);
    });

    it('another member at the address than the one meant is refused', async () => {
        const [a, b] = [await member(1), await member(2)];
        await a.start();
        await b.start();
        a.transport.setPeers({ peers: [{ id: idOf(3), peerUrls: [b.url] }], removed: [] });
        await a.until(() => a.logged({ reason: 'wrongMember', refusedBy: 'peer' }));
    });

    it('what is said in the name of another member closes the connection', async () => {
        const [a, b] = [await member(1), await member(2)];
        await connect(a, b);
        a.transport.send([{ type: 'timeoutNow', from: idOf(3), to: b.id, term: 9 }]);
        await a.until(() => a.unreachable.includes(b.id));
        expect(b.messages).toEqual([]);
    });

    it('new certificates are taken up while messages go on arriving', async () => {
        const [a, b] = [await member(1), await member(2)];
        await connect(a, b);
        let said = 0;
        const timer = setInterval(() => {
            a.say(b, (said += 1));
        }, 5);
        try {
            await writeCertificate(join(directory, '0'));
            await a.until(() => a.logged({ msg: 'peer certificates reloaded' }));
            // Both directions: the one that it dials, and the one that it asks the other to dial again.
            await a.until(() => a.connections === 2);
            await b.until(() => b.connections === 2);
            await b.until(() => b.messages.length > 20);
        } finally {
            clearInterval(timer);
        }
        await b.until(() => b.messages.length === said);
        expect([a.unreachable, b.unreachable]).toEqual([[], []]);
    });

    it('a certificate without its key is not taken up', async () => {
        const [a, b] = [await member(1), await member(2)];
        await connect(a, b);
        await writeFile(join(directory, '0', 'peer.key'), generatePrivateKey());
        await a.until(() => a.logged({ msg: 'the new peer certificates cannot be used (yet)' }));
        a.say(b, 1);
        await b.until(() => b.messages.length === 1);
    });

    it('rejects the start when the address is taken', async () => {
        const a = await member(1);
        const b = await member(2, { port: Number(new URL(a.url).port) });
        await a.start();
        await expect(b.start()).rejects.toThrow('EADDRINUSE');
    });

    it('a thread that dies is started again, with its peers', async () => {
        const [a, b] = [await member(1), await member(2)];
        await connect(a, b);
        await a.threads[0]!.terminate();
        await a.until(() => a.unreachable.includes(b.id));
        await a.until(() => a.connections === 2);
        a.say(b, 1);
        await b.until(() => b.messages.length === 1);
    });
});
