import { describe, expect, it } from '@jest/globals';
import { TestNetwork } from './test-network.ts';
import type { RaftMessage } from './types.ts';

function behind(): TestNetwork {
    const network = TestNetwork.of('abc');
    network.elect('a');
    network.cut('ab', 'c');
    for (let at = 0; at < 9; at++) network.propose('a', `${at}`);
    network.settle();
    network.compact('a');
    return network;
}

describe('a snapshot', () => {
    it('brings a follower up to date that needs what is compacted', () => {
        const network = behind();
        network.heal();
        network.tick(8);
        expect(network.applied('c')).toEqual(network.applied('a'));
        expect(network.raft('c').status().firstIndex).toBe(11);
        network.propose('a', 'after');
        network.settle();
        expect(network.applied('c').at(-1)).toBe('after');
    });

    it('survives lost, late and doubled chunks and answers', () => {
        const network = behind();
        const late: RaftMessage[] = [];
        let count = 0;
        network.filter = (message) => {
            if (message.type === 'snapshotChunk' || message.type === 'snapshotReply') {
                late.push(message);
                return ++count % 3 !== 0;
            }
            return true;
        };
        for (let at = 0; at < 40; at++) {
            network.tick(5);
            for (const message of late.slice(-4)) network.raft(message.to).step(message);
        }
        expect(network.applied('c')).toEqual(network.applied('a'));
    });

    it('is given up when the follower goes away, and begins anew when it is back', () => {
        const network = behind();
        let chunks = 0;
        network.filter = ({ type }) => type !== 'snapshotChunk' || ++chunks < 2;
        network.tick(4);
        const stateOf = (): string | undefined =>
            network
                .raft('a')
                .status()
                .progress.find(({ id }) => id === 'c')?.state;
        expect(stateOf()).toBe('snapshot');
        network.cut('ab', 'c');
        network.tick(12);
        expect(stateOf()).toBe('probe');
        network.heal();
        network.tick(8);
        expect(network.applied('c')).toEqual(network.applied('a'));
    });

    it('of an earlier leadership sends nothing', () => {
        const network = TestNetwork.of('abc');
        network.elect('a');
        network.cut('ab', 'c');
        for (let at = 0; at < 5; at++) network.propose('a', `${at}`);
        network.settle();
        network.compact('a');
        network.compact('b');
        const { raft } = network.member('a');
        const refused = { at: 6, hintIndex: 1, hintTerm: 1 };
        raft.step({ type: 'appendReply', from: 'c', to: 'a', term: 1, match: 0, refused, readRound: 0 });
        const [request] = raft.ready().chunksToRead;
        expect(request).toEqual({ to: 'c', chunk: 0 });
        raft.step({ type: 'heartbeat', from: 'b', to: 'a', term: 2, commit: 0, readRound: 0 });
        const snapshot = network.snapshotOf(network.member('a'));
        raft.snapshotChunkRead(request!, { snapshot, data: Buffer.alloc(0), last: true });
        expect(raft.ready().messages.filter(({ type }) => type === 'snapshotChunk')).toEqual([]);
    });

    it('whose state the follower has in its log is just acknowledged', () => {
        const network = TestNetwork.of('abc');
        network.elect('a');
        network.propose('a', 'x');
        network.settle();
        const { raft } = network.member('b');
        const membership = raft.status().membership;
        const snapshot = { index: 2, term: 1, membership };
        const replies: RaftMessage[] = [];
        network.filter = (message) => {
            if (message.type === 'snapshotReply') replies.push(message);
            return true;
        };
        const data = Buffer.alloc(0);
        raft.step({
            type: 'snapshotChunk',
            from: 'a',
            to: 'b',
            term: 1,
            snapshot,
            chunk: 0,
            data,
            last: false,
        });
        network.settle();
        expect(replies).toMatchObject([{ index: 2, status: 'installed' }]);
        expect(raft.status().firstIndex).toBe(1);
    });
});
