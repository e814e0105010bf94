import { parentPort, workerData } from 'node:worker_threads';
import type { MemberId } from '../../../src/store/raft/types.ts';
import type { CredentialFiles } from '../../../src/store/transport/credentials.ts';
import { decodeMessage, encodeMessageFrames } from '../../../src/store/transport/message-codec.ts';
import { PeerEndpoint } from '../../../src/store/transport/peer-endpoint.ts';
import { RaftNode, tickMs } from './raft-node.ts';

export interface FollowerData {
    clusterId: string;
    id: MemberId;
    url: string;
    leader: { id: MemberId; peerUrls: readonly string[] };
    credentialFiles: CredentialFiles;
    organization: string;
}

/** Posted when asked: how often it has given up its leader, and the longest silence of the leader. */
export interface FollowerReport {
    elections: number;
    longestSilenceMs: number;
}

/** A member in a thread of its own, which never stalls. */
const { clusterId, id, url, leader, credentialFiles, organization } = workerData as FollowerData;
let elections = 0;
let longestSilenceMs = 0;
let heardAtMs = performance.now();

const endpoint = new PeerEndpoint(
    { listenUrls: [url], credentialFiles, organization, certificatePollMs: 60_000 },
    {
        messages: (_, frames) => {
            const nowMs = performance.now();
            longestSilenceMs = Math.max(longestSilenceMs, nowMs - heardAtMs);
            heardAtMs = nowMs;
            for (const frame of frames) {
                const decoded = decodeMessage(frame.subarray(5));
                if (decoded.type === 'decoded') node.receive([decoded.value]);
            }
        },
        request: () => undefined,
        response: () => undefined,
        requestFailed: () => undefined,
        unreachable: () => undefined,
        refused: () => undefined,
        roundTrip: () => undefined,
        log: () => undefined,
    },
);
const node = new RaftNode(id, [leader.id, id], (messages) => {
    endpoint.send(
        messages.map((message) => ({
            to: message.to,
            weight: 'light',
            bytes: encodeMessageFrames([message]),
        })),
    );
});

await endpoint.start({ clusterId, memberId: id });
endpoint.setPeers({ peers: [leader], removed: [] });
let wasFollower = true;
let clock: NodeJS.Timeout | undefined;
parentPort?.on('message', () => {
    parentPort?.postMessage({ elections, longestSilenceMs } satisfies FollowerReport);
    elections = 0;
    longestSilenceMs = 0;
    heardAtMs = performance.now();
    // Time begins with the first question: until then the other one is to become leader.
    clock ??= setInterval(() => {
        node.tick();
        const isFollower = node.raft.status().role === 'follower';
        if (wasFollower && !isFollower) elections += 1;
        wasFollower = isFollower;
    }, tickMs);
});
parentPort?.postMessage('ready');
