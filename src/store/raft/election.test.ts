import { describe, expect, it } from '@jest/globals';
import { TestNetwork } from './test-network.ts';
import type { Membership } from './types.ts';

const membership: Membership = { voters: ['a', 'b', 'c'], learners: [] };

describe('an election', () => {
    it('is not won by a log that is behind, however long it is (5.4.1)', () => {
        const network = new TestNetwork();
        network.add('a', { membership, terms: [1, 1, 1, 1] });
        network.add('b', { membership, terms: [1, 2] });
        network.add('c', { membership, terms: [1, 2] });
        network.raft('a').campaign();
        network.settle();
        expect(network.raft('a').status()).toMatchObject({ role: 'follower', term: 2 });
        network.elect('b');
        expect(network.terms('a')).toEqual([1, 2, 3]);
    });

    it('of the old term does not raise the term of a member that could not win (pre-vote)', () => {
        const network = TestNetwork.of('abc');
        network.elect('a');
        network.cut('ab', 'c');
        network.tick(100);
        expect(network.raft('c').status()).toMatchObject({ role: 'preCandidate', term: 1 });
        network.propose('a', 'x');
        network.settle();
        network.heal();
        network.tick(40);
        expect(network.raft('a').status()).toMatchObject({ role: 'leader', term: 1 });
        expect(network.applied('c')).toEqual(['x']);
    });

    it('is ignored by those who hear a leader, even in a higher term', () => {
        const network = TestNetwork.of('abc');
        network.elect('a');
        const ballot = { from: 'c', term: 9, lastIndex: 99, lastTerm: 8, transfer: false };
        for (const to of ['a', 'b']) {
            network.raft(to).step({ type: 'vote', to, ...ballot });
            network.raft(to).step({ type: 'preVote', to, ...ballot });
        }
        network.settle();
        expect(network.raft('a').status()).toMatchObject({ role: 'leader', term: 1 });
        expect(network.raft('b').status()).toMatchObject({ leader: 'a', term: 1 });
    });

    it('gives a member one vote a term, which it remembers after a restart', () => {
        const network = TestNetwork.of('abc');
        const ballot = {
            type: 'vote',
            to: 'c',
            term: 5,
            lastIndex: 0,
            lastTerm: 0,
            transfer: false,
        } as const;
        const grants: string[] = [];
        network.filter = (message) => {
            if (message.type === 'voteReply' && message.granted) grants.push(message.to);
            return false;
        };
        network.raft('c').step({ from: 'a', ...ballot });
        network.settle();
        network.restart('c').step({ from: 'b', ...ballot });
        network.settle();
        network.raft('c').step({ from: 'a', ...ballot });
        network.settle();
        expect(grants).toEqual(['a', 'a']);
    });

    it('is not won before the own vote is durable', () => {
        const network = TestNetwork.of('a');
        network.stalledDisks.add('a');
        network.raft('a').campaign();
        network.settle();
        expect(network.raft('a').status().role).toBe('candidate');
        network.resumeDisk('a');
        network.settle();
        expect(network.raft('a').status().role).toBe('leader');
    });

    it('does not say a vote before it is durable', () => {
        const network = TestNetwork.of('abc');
        network.stalledDisks.add('b');
        network.stalledDisks.add('c');
        network.raft('a').campaign();
        network.settle();
        expect(network.raft('a').status().role).toBe('candidate');
        network.resumeDisk('b');
        network.settle();
        expect(network.raft('a').status().role).toBe('leader');
    });

    it('is called off by the leader of the same term', () => {
        const network = TestNetwork.of('abc');
        network.elect('a');
        network.raft('b').campaign();
        network.tick(3);
        expect(network.raft('b').status()).toMatchObject({ role: 'follower', leader: 'a', term: 1 });
    });
});

describe('a leader', () => {
    it('that reaches no quorum steps down within an election timeout (check-quorum)', () => {
        const network = TestNetwork.of('abc');
        network.elect('a');
        network.cut('a', 'bc');
        network.tick(12);
        expect(network.raft('a').status()).not.toMatchObject({ role: 'leader' });
        expect(network.raft('a').status().term).toBe(1);
        expect(network.electAmong('bc')).not.toBe('a');
    });

    it('learns of a member that is ahead of its term, and is elected anew', () => {
        const network = new TestNetwork();
        network.add('a', { membership });
        network.add('b', { membership });
        network.add('c', { membership, hardState: { term: 7, votedFor: 'c', commit: 0 } });
        network.cut('ab', 'c');
        network.elect('a');
        network.heal();
        network.tick(60);
        const [leader = ''] = network.leaders();
        expect(network.raft(leader).status().term).toBeGreaterThan(7);
        for (const id of 'abc') expect(network.raft(id).status().leader).toBe(leader);
    });
});

describe('a malformed or foreign message', () => {
    it('changes nothing and throws nothing', () => {
        const network = TestNetwork.of('abc');
        network.elect('a');
        const before = network.raft('b').status();
        const bad: unknown[] = [
            { type: 'append', from: 'a', to: 'b', term: 1 },
            { type: 'append', from: 'a', to: 'b', term: NaN, entries: [] },
            { type: 'unheardOf', from: 'a', to: 'b', term: 1 },
            { type: 'heartbeat', from: 'a', to: 'z', term: 9, commit: 0, readRound: 0 },
            { type: 'heartbeat', from: 'c', to: 'b', term: 1, commit: 0, readRound: 0 },
            { type: 'timeoutNow', from: 'c', to: 'b', term: 1 },
            {
                type: 'append',
                from: 'a',
                to: 'b',
                term: 1,
                previousIndex: 1,
                previousTerm: 1,
                entries: [{ index: 3, term: 1, type: 'command', data: Buffer.alloc(0) }],
                commit: 3,
                readRound: 0,
            },
        ];
        for (const message of bad) network.raft('b').step(message as never);
        network.settle();
        expect(network.raft('b').status()).toEqual(before);
    });
});
