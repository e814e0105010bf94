import { describe, expect, it } from '@jest/globals';
import { applyMembershipChange, decodeMembershipChange, encodeMembershipChange } from './membership.ts';
import { learnerLagEntriesMax } from './proposals.ts';
import { TestNetwork } from './test-network.ts';
import type { MembershipChange } from './types.ts';

const change = (type: MembershipChange['type'], id: string): MembershipChange => ({
    type,
    id,
    context: Buffer.from('context'),
});

describe('a membership change', () => {
    it('survives encoding', () => {
        for (const type of ['addLearner', 'addVoter', 'promote', 'remove', 'update'] as const) {
            const one = change(type, '0123456789abcdef');
            expect(decodeMembershipChange(encodeMembershipChange(one))).toEqual(one);
        }
        expect(decodeMembershipChange(Buffer.alloc(0))).toBeUndefined();
        expect(decodeMembershipChange(Buffer.from([9, 1, 65]))).toBeUndefined();
        expect(decodeMembershipChange(Buffer.from([1, 9, 65]))).toBeUndefined();
    });

    it('that makes no sense changes nothing', () => {
        const membership = { voters: ['a'], learners: ['l'] };
        expect(applyMembershipChange(membership, change('remove', 'a'))).toBe(membership);
        expect(applyMembershipChange(membership, change('addVoter', 'l'))).toBe(membership);
        expect(applyMembershipChange(membership, change('promote', 'a'))).toBe(membership);
    });

    it('is refused until the leader has committed in its term, and one at a time', () => {
        const network = TestNetwork.of('abc');
        network.filter = ({ type }) => type !== 'append';
        network.elect('a');
        const pending = { type: 'refused', reason: 'membershipPending' };
        expect(network.raft('a').proposeMembership(change('addLearner', 'd'))).toEqual(pending);
        network.heal();
        network.tick(6);
        expect(network.raft('a').proposeMembership(change('addLearner', 'd'))).toMatchObject({
            firstIndex: 2,
        });
        expect(network.raft('a').proposeMembership(change('addLearner', 'e'))).toEqual(pending);
        network.settle();
        expect(network.raft('b').status().membership.learners).toEqual(['d']);
        expect(network.raft('b').proposeMembership(change('remove', 'd'))).toMatchObject({
            reason: 'noLeader',
        });
    });

    it('is in force when appended and out of force when its entry is replaced', () => {
        const network = TestNetwork.of('abc');
        network.elect('a');
        network.tick(2);
        network.cut('a', 'bc');
        network.raft('a').proposeMembership(change('remove', 'c'));
        network.settle();
        expect(network.raft('a').status().membership.voters).toEqual(['a', 'b']);
        const leader = network.electAmong('bc');
        network.heal();
        network.tick(8);
        expect(network.raft('a').status().membership.voters).toEqual(['a', 'b', 'c']);
        expect(network.raft('a').status()).toMatchObject({ role: 'follower', leader });
    });

    it('brings a learner, which catches up and becomes a voter', () => {
        const network = TestNetwork.of('a');
        network.elect('a');
        for (let at = 0; at < learnerLagEntriesMax + 10; at++) network.propose('a', 'x');
        network.settle();
        network.raft('a').proposeMembership(change('addLearner', 'd'));
        network.settle();
        expect(network.raft('a').proposeMembership(change('promote', 'd'))).toMatchObject({
            reason: 'learnerNotReady',
        });
        network.snapshotChunkEntries = 1_000;
        network.add('d');
        expect(network.raft('d').status().role).toBe('learner');
        network.tick(12, 'a');
        expect(network.applied('d')).toHaveLength(learnerLagEntriesMax + 10);
        // Not from the log: the voter was there from the start.
        expect(network.raft('d').status().membership).toEqual({ voters: ['a'], learners: ['d'] });
        expect(network.raft('a').proposeMembership(change('promote', 'd'))).toMatchObject({
            type: 'appended',
        });
        network.settle();
        expect(network.raft('d').status()).toMatchObject({ role: 'follower', leader: 'a' });
        network.cut('a', 'd');
        network.propose('a', 'not alone any more');
        network.settle();
        expect(network.applied('a')).toHaveLength(learnerLagEntriesMax + 10);
    });

    it('a learner neither votes a leader in by itself nor stands for election', () => {
        const network = new TestNetwork();
        const membership = { voters: ['a', 'b'], learners: ['l'] };
        for (const id of 'abl') network.add(id, { membership });
        network.elect('a');
        network.cut('al', 'b');
        network.propose('a', 'x');
        network.tick(60, 'l');
        expect(network.raft('l').status()).toMatchObject({ role: 'learner', term: 1 });
        expect(network.applied('a')).toEqual([]);
    });

    it('that removes the leader lets it commit that without itself, and another follows at once', () => {
        const network = TestNetwork.of('abc');
        network.elect('a');
        network.raft('a').proposeMembership(change('remove', 'a'));
        network.settle();
        expect(network.raft('a').status().role).toBe('removed');
        expect(network.leaders()).toHaveLength(1);
        expect(network.propose('a', 'x')).toEqual({ type: 'refused', reason: 'removed' });
        network.tick(60);
        expect(network.raft('a').status()).toMatchObject({ role: 'removed', term: 1 });
    });

    it('that removes the only complete log lets that one be elected to commit it', () => {
        const network = TestNetwork.of('ab');
        network.elect('a');
        network.tick(2);
        network.cut('a', 'b');
        network.raft('a').proposeMembership(change('remove', 'a'));
        network.settle();
        network.restart('a');
        network.heal();
        network.tick(80);
        expect(network.raft('a').status().role).toBe('removed');
        expect(network.raft('b').status()).toMatchObject({ role: 'leader', membership: { voters: ['b'] } });
    });

    it('that removes a follower tells it so, and it disturbs nobody', () => {
        const network = TestNetwork.of('abc');
        network.elect('a');
        network.raft('a').proposeMembership(change('remove', 'c'));
        network.tick(4);
        expect(network.raft('c').status().role).toBe('removed');
        network.tick(60);
        expect(network.raft('a').status()).toMatchObject({ role: 'leader', term: 1 });
        expect(
            network
                .raft('a')
                .status()
                .progress.map(({ id }) => id),
        ).toEqual(['b']);
    });

    it('a removed member that never heard of it cannot win, with or without a leader', () => {
        const network = TestNetwork.of('abcd');
        network.elect('a');
        network.cut('abc', 'd');
        network.raft('a').proposeMembership(change('remove', 'd'));
        network.tick(150);
        network.heal();
        network.tick(60);
        expect(network.raft('a').status()).toMatchObject({ role: 'leader', term: 1 });
        network.tick(60, 'd');
        network.raft('d').campaign();
        network.settle();
        expect(network.leaders()).toEqual(['a']);
    });
});
