import { describe, expect, it } from '@jest/globals';
import { TestNetwork } from './test-network.ts';

describe('a leadership transfer', () => {
    it('makes the other one leader at once, although everybody heard the old one', () => {
        const network = TestNetwork.of('abc');
        network.elect('a');
        expect(network.raft('a').transferLeadership('b')).toBe('started');
        network.settle();
        expect(network.leaders()).toEqual(['b']);
        expect(network.raft('b').status().term).toBe(2);
    });

    it('first completes the log of the successor, with no proposals meanwhile', () => {
        const network = TestNetwork.of('abc');
        network.elect('a');
        network.cut('ac', 'b');
        network.propose('a', 'x');
        network.settle();
        expect(network.raft('a').transferLeadership('b')).toBe('started');
        expect(network.propose('a', 'y')).toEqual({ type: 'refused', reason: 'transferring' });
        expect(network.raft('a').status().transferringTo).toBe('b');
        network.heal();
        network.tick(6);
        expect(network.leaders()).toEqual(['b']);
        expect(network.applied('b')).toEqual(['x']);
    });

    it('is given up after an election timeout', () => {
        const network = TestNetwork.of('abc');
        network.elect('a');
        network.cut('ac', 'b');
        network.raft('a').transferLeadership('b');
        network.tick(11);
        expect(network.raft('a').status()).toMatchObject({ role: 'leader', transferringTo: '' });
        expect(network.propose('a', 'y')).toMatchObject({ type: 'appended' });
    });

    it('goes to voters only, and from the leader only', () => {
        const network = new TestNetwork();
        for (const id of 'abl') network.add(id, { membership: { voters: ['a', 'b'], learners: ['l'] } });
        network.elect('a');
        expect(network.raft('a').transferLeadership('l')).toBe('invalid');
        expect(network.raft('a').transferLeadership('a')).toBe('invalid');
        expect(network.raft('b').transferLeadership('a')).toBe('notLeader');
    });
});
