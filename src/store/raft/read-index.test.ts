import { describe, expect, it } from '@jest/globals';
import { TestNetwork } from './test-network.ts';

describe('a read', () => {
    it('waits until the new leader has committed in its term', () => {
        const network = TestNetwork.of('abc');
        network.filter = ({ type }) => type !== 'append';
        network.elect('a');
        network.raft('a').readIndex(7);
        network.settle();
        expect(network.member('a').reads).toEqual([]);
        network.heal();
        network.tick(6);
        expect(network.member('a').reads).toEqual([{ context: 7, index: 1 }]);
    });

    it('on a follower is answered by the leader', () => {
        const network = TestNetwork.of('abc');
        network.elect('a');
        network.propose('a', 'x');
        network.settle();
        for (let context = 0; context < 5; context++) network.raft('b').readIndex(context);
        network.settle();
        expect(network.member('b').reads).toEqual([0, 1, 2, 3, 4].map((context) => ({ context, index: 2 })));
    });

    it('is not answered by a leader that was deposed without knowing it', () => {
        const network = TestNetwork.of('abc');
        network.elect('a');
        network.cut('a', 'bc');
        network.propose(network.electAmong('bc'), 'newer');
        network.settle();
        network.raft('a').readIndex(1);
        network.settle();
        expect(network.member('a').reads).toEqual([]);
        network.heal();
        network.tick(8);
        expect(network.member('a').reads).toEqual([{ context: 1, refused: 'noLeader' }]);
    });

    it('shares its round with all that come while another is under way', () => {
        const network = TestNetwork.of('abc');
        network.elect('a');
        network.tick(2);
        let heartbeats = 0;
        network.filter = ({ type }) => {
            if (type === 'heartbeat') heartbeats++;
            return true;
        };
        for (let context = 0; context < 90; context++) {
            network.raft('a').readIndex(context);
            network.raft('a').hasReady();
        }
        network.settle();
        expect(network.member('a').reads).toHaveLength(90);
        expect(heartbeats).toBe(4);
    });

    it('is refused when too many wait, or when nobody leads', () => {
        const network = TestNetwork.of('abc', { config: { pendingReadsMax: 2 } });
        network.raft('a').readIndex(1);
        network.settle();
        network.elect('a');
        network.cut('a', 'bc');
        for (const context of [2, 3, 4]) network.raft('a').readIndex(context);
        network.settle();
        expect(network.member('a').reads).toEqual([
            { context: 1, refused: 'noLeader' },
            { context: 4, refused: 'busy' },
        ]);
    });

    it('that got lost on the way to the leader is refused after an election timeout', () => {
        const network = TestNetwork.of('abc');
        network.elect('a');
        network.filter = ({ type }) => type !== 'readIndex';
        network.raft('b').readIndex(1);
        network.tick(11);
        expect(network.member('b').reads).toEqual([{ context: 1, refused: 'noLeader' }]);
    });

    it('within a lease needs no round, and needs one again when the quorum is silent', () => {
        const network = TestNetwork.of('abc', { config: { readMode: 'lease' } });
        network.tick(10);
        network.elect('a');
        network.tick(3);
        network.cut('a', 'bc');
        network.raft('a').readIndex(1);
        network.settle();
        expect(network.member('a').reads).toEqual([{ context: 1, index: 1 }]);
        network.tick(9, 'a');
        network.raft('a').readIndex(2);
        network.settle();
        expect(network.member('a').reads).toHaveLength(1);
    });
});
