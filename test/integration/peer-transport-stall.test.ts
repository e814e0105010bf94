import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { build } from 'esbuild';
import { ensureEtcdPki, etcdPeerOrganization } from '../../src/pki/etcd-pki.ts';
import type { RaftMessage } from '../../src/store/raft/types.ts';
import {
    openPeerTransport,
    type ThreadedPeerTransport,
} from '../../src/store/transport/open-peer-transport.ts';
import { silentLogger } from '../../src/util/logger.ts';
import type { FollowerData, FollowerReport } from './support/follower-thread.ts';
import { heartbeatTicks, RaftNode, tickMs } from './support/raft-node.ts';

const stallMs = 2_000;
const clusterId = 'c'.repeat(16);
const [leaderId, followerId] = ['1'.repeat(16), '2'.repeat(16)];

async function freeUrl(): Promise<string> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    server.close();
    await once(server, 'close');
    return `https://127.0.0.1:${port}`;
}

async function followerThread(workerData: FollowerData): Promise<Worker> {
    const { outputFiles } = await build({
        entryPoints: [fileURLToPath(new URL('./support/follower-thread.ts', import.meta.url))],
        bundle: true,
        write: false,
        format: 'esm',
        platform: 'node',
        target: 'node20',
    });
    const code = `data:text/javascript;base64,${Buffer.from(outputFiles[0]!.contents).toString('base64')}`;
    const worker = new Worker(new URL(code), { workerData });
    await once(worker, 'message');
    return worker;
}

/** The main thread does nothing else for so long. */
function block(ms: number): void {
    const untilMs = performance.now() + ms;
    while (performance.now() < untilMs);
}

describe('a leader whose main thread is blocked', () => {
    let directory: string;
    let transport: ThreadedPeerTransport;
    let follower: Worker;
    let timer: NodeJS.Timeout | undefined;

    beforeEach(async () => {
        directory = await mkdtemp(join(tmpdir(), 'hk-stall-'));
    });
    afterEach(async () => {
        clearInterval(timer);
        await transport.close();
        await follower.terminate();
        await rm(directory, { recursive: true });
    });

    /** A leader here, which lets its heartbeats be repeated or not, and a follower in a thread. */
    async function leadFollower(covered: boolean): Promise<RaftNode> {
        const { peer, ca } = await ensureEtcdPki({ directory, nodeName: 'n', hostName: 'n' });
        const files = { certFile: peer.certFile, keyFile: peer.keyFile, caFile: ca.certFile };
        const [leaderUrl, followerUrl] = [await freeUrl(), await freeUrl()];
        const organization = etcdPeerOrganization;
        follower = await followerThread({
            clusterId,
            id: followerId,
            url: followerUrl,
            leader: { id: leaderId, peerUrls: [leaderUrl] },
            credentialFiles: files,
            organization,
        });
        transport = openPeerTransport({
            listenUrls: [leaderUrl],
            certificates: files,
            organization,
            logger: silentLogger(),
        });
        const node = new RaftNode(leaderId, [leaderId, followerId], (messages) => {
            transport.send(messages);
            const heartbeats = messages.filter(({ type }: RaftMessage) => type === 'heartbeat');
            if (covered && heartbeats.length > 0) transport.coverStall(heartbeats, heartbeatTicks * tickMs);
        });
        await transport.start(
            { clusterId, memberId: leaderId },
            {
                onMessages: (messages) => node.receive(messages),
                onRequest: () => Promise.reject(new Error('no requests')),
                onUnreachable: (member) => node.raft.reportUnreachable(member),
                onRefused: () => undefined,
            },
        );
        transport.setPeers({ peers: [{ id: followerId, peerUrls: [followerUrl] }], removed: [] });
        for (let attempt = 0; node.raft.status().commit === 0; attempt += 1) {
            if (attempt > 200) throw new Error(JSON.stringify(node.raft.status()));
            if (node.raft.status().role !== 'leader') node.raft.campaign();
            node.carryOut();
            await new Promise((resolve) => setTimeout(resolve, tickMs));
        }
        timer = setInterval(() => {
            transport.deliverPending();
            node.tick();
        }, tickMs);
        await new Promise((resolve) => setTimeout(resolve, 10 * tickMs));
        return node;
    }

    async function report(): Promise<FollowerReport> {
        follower.postMessage('report');
        const [answer] = (await once(follower, 'message')) as [FollowerReport];
        return answer;
    }

    it('keeps its follower and its term, for its heartbeats are repeated', async () => {
        const node = await leadFollower(true);
        const { term } = node.raft.status();
        await report();
        block(stallMs);
        await new Promise((resolve) => setTimeout(resolve, 10 * tickMs));
        const { elections, longestSilenceMs } = await report();
        console.log(`blocked for ${stallMs} ms: longest silence ${Math.round(longestSilenceMs)} ms`);
        expect(elections).toBe(0);
        expect(longestSilenceMs).toBeLessThan(stallMs / 2);
        expect(node.raft.status()).toMatchObject({ role: 'leader', term });
    });

    it('would be given up if they were not', async () => {
        await leadFollower(false);
        await report();
        block(stallMs + 500);
        const { elections } = await report();
        expect(elections).toBeGreaterThan(0);
    });
});
