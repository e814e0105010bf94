import { describe, expect, it } from '@jest/globals';
import { TestNetwork } from './test-network.ts';
import type { Membership, RaftMessage } from './types.ts';

const leaderLog = [1, 1, 1, 4, 4, 5, 5, 6, 6, 6];
const figure7: Record<string, number[]> = {
    a: [1, 1, 1, 4, 4, 5, 5, 6, 6],
    b: [1, 1, 1, 4],
    c: [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6],
    d: [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7],
    e: [1, 1, 1, 4, 4, 4, 4],
    f: [1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3],
};

describe('the logs of figure 7', () => {
    it.each(Object.keys(figure7))('follower %s ends with the log of the leader', (id) => {
        const membership: Membership = { voters: ['l', id, 'x'], learners: [] };
        const network = new TestNetwork();
        network.add('l', { membership, terms: leaderLog, hardState: { term: 7, votedFor: '', commit: 0 } });
        network.add('x', { membership, terms: leaderLog.slice(0, 9) });
        network.add(id, { membership, terms: figure7[id] ?? [] });
        network.elect('l');
        network.tick(5);
        expect(network.terms(id)).toEqual([...leaderLog, 8]);
        expect(network.raft(id).status().commit).toBe(11);
    });

    it('a probe skips a whole term at a time', () => {
        const membership: Membership = { voters: ['l', 'f', 'x'], learners: [] };
        const network = new TestNetwork();
        const old = Array.from({ length: 500 }, (_, at) => 2 + Math.floor(at / 250));
        network.add('l', { membership, terms: [1, ...Array.from({ length: 600 }, () => 6)] });
        network.add('x', { membership, terms: [1] });
        network.add('f', { membership, terms: [1, ...old] });
        let refusals = 0;
        network.filter = (message) => {
            if (message.type === 'appendReply' && message.refused !== undefined) refusals++;
            return true;
        };
        network.elect('l');
        network.tick(5);
        expect(network.terms('f')).toEqual(network.terms('l'));
        expect(refusals).toBeLessThanOrEqual(4);
    });
});

describe('figure 8', () => {
    const membership: Membership = { voters: ['a', 'b', 'c', 'd', 'e'], learners: [] };

    it('an entry of an old term is not committed by counting, and may be replaced', () => {
        const network = new TestNetwork();
        // (c) of the figure: a leads term 4 and has brought index 2 of term 2 to a majority, but nothing of term 4.
        network.add('a', { membership, terms: [1, 2], hardState: { term: 3, votedFor: '', commit: 1 } });
        network.add('b', { membership, terms: [1, 2] });
        network.add('c', { membership, terms: [1] });
        network.add('d', { membership, terms: [1] });
        network.add('e', { membership, terms: [1, 3], hardState: { term: 3, votedFor: 'e', commit: 1 } });
        network.cut('abcd');
        const lost = network.filter;
        network.filter = (message) => {
            const opening = message.type === 'append' && message.entries.some(({ term }) => term === 4);
            // The entry of term 2 passes, that of term 4 does not.
            if (opening) {
                const entries = message.entries.filter(({ term }) => term < 4);
                network.wire.push({ ...message, entries });
                return false;
            }
            return lost(message);
        };
        network.elect('a');
        network.tick(4);
        expect(network.terms('c')).toEqual([1, 2]);
        expect(network.raft('a').status().commit).toBe(1);
        // (d): a crashes, e is elected and replaces it.
        network.cut('bcde');
        for (const id of 'bcd') network.restart(id);
        network.raft('e').campaign();
        network.settle();
        network.elect('e');
        expect(network.terms('c')).toEqual([1, 3, 5]);
    });

    it('once an entry of the new term is on a majority everything before it is committed', () => {
        const network = new TestNetwork();
        network.add('a', { membership, terms: [1, 2], hardState: { term: 3, votedFor: '', commit: 1 } });
        for (const id of 'bcd') network.add(id, { membership, terms: [1] });
        network.add('e', { membership, terms: [1, 3], hardState: { term: 3, votedFor: 'e', commit: 1 } });
        network.cut('abc');
        network.elect('a');
        expect(network.raft('a').status().commit).toBe(3);
        network.heal();
        network.tick(12, 'd');
        network.raft('e').campaign();
        network.settle();
        expect(network.raft('e').status().role).toBe('follower');
    });
});

describe('the leader', () => {
    it('counts itself only for what its own disk has, and may be the last of the majority', () => {
        const network = TestNetwork.of('abc');
        network.elect('a');
        network.stalledDisks.add('a');
        network.stalledDisks.add('b');
        network.propose('a', 'x');
        network.settle();
        expect(network.applied('c')).toEqual([]);
        network.resumeDisk('b');
        network.settle();
        expect(network.applied('c')).toEqual(['x']);
        // Committed, but not on its own disk: not applied here.
        expect(network.raft('a').status().commit).toBe(2);
        expect(network.applied('a')).toEqual([]);
        network.resumeDisk('a');
        network.settle();
        expect(network.applied('a')).toEqual(['x']);
    });

    it('sends ahead of the answers, within the window and the bytes of a message', () => {
        const network = TestNetwork.of('abc', { config: { appendBytesMax: 200, inflightAppendsMax: 3 } });
        network.elect('a');
        network.tick(3);
        const sent: RaftMessage[] = [];
        network.filter = (message) => {
            if (message.type === 'append' && message.to === 'b') sent.push(message);
            return false;
        };
        for (let at = 0; at < 20; at++) network.propose('a', 'x'.repeat(68));
        network.settle();
        expect(sent.map((message) => (message.type === 'append' ? message.entries.length : 0))).toEqual([
            2, 2, 2,
        ]);
        network.heal();
        network.tick(20);
        expect(network.applied('b')).toHaveLength(20);
    });

    it('goes on in a stream after a lost append was refused', () => {
        const network = TestNetwork.of('abc');
        network.elect('a');
        network.tick(3);
        let dropped = false;
        network.filter = (message) => {
            const drop =
                !dropped && message.type === 'append' && message.to === 'b' && message.entries.length > 0;
            dropped ||= drop;
            return !drop;
        };
        for (let at = 0; at < 10; at++) {
            network.propose('a', `${at}`);
            network.settle();
        }
        expect(network.applied('b')).toHaveLength(10);
        expect(
            network
                .raft('a')
                .status()
                .progress.find(({ id }) => id === 'b')?.state,
        ).toBe('replicate');
    });

    it('finds out by heartbeats that its last append was lost', () => {
        const network = TestNetwork.of('abc');
        network.elect('a');
        network.filter = ({ type }) => type !== 'append';
        network.propose('a', 'x');
        network.settle();
        network.heal();
        network.tick(8);
        for (const id of 'abc') expect(network.applied(id)).toEqual(['x']);
    });

    it('is not led astray by doubled, late and reordered answers', () => {
        const network = TestNetwork.of('abc');
        const answers: RaftMessage[] = [];
        network.filter = (message) => {
            if (message.type === 'appendReply') answers.push(message);
            return true;
        };
        network.elect('a');
        for (let at = 0; at < 10; at++) {
            network.propose('a', `${at}`);
            network.settle();
            for (const answer of [...answers].reverse()) network.raft('a').step(answer);
            network.raft('a').step({
                type: 'appendReply',
                from: 'b',
                to: 'a',
                term: 1,
                match: 0,
                refused: { at: 1, hintIndex: 0, hintTerm: 0 },
                readRound: 0,
            });
            network.settle();
        }
        network.tick(6);
        for (const id of 'abc') expect(network.applied(id)).toHaveLength(10);
        expect(
            network
                .raft('a')
                .status()
                .progress.some(({ forgetful }) => forgetful),
        ).toBe(false);
    });

    it('refuses what would wait beyond the bound, and takes more once that is committed', () => {
        const network = TestNetwork.of('abc', { config: { uncommittedBytesMax: 300 } });
        network.elect('a');
        network.cut('a', 'bc');
        expect(network.propose('a', 'x'.repeat(1000))).toMatchObject({ type: 'appended' });
        expect(network.propose('a', 'x')).toEqual({ type: 'refused', reason: 'busy' });
        network.heal();
        network.tick(6);
        expect(network.propose('a', 'x')).toMatchObject({ type: 'appended' });
    });
});

describe('a follower', () => {
    it('is not cut back by a late append of the same leader', () => {
        const network = TestNetwork.of('abc');
        const appends: RaftMessage[] = [];
        network.filter = (message) => {
            if (message.type === 'append' && message.to === 'b') appends.push(message);
            return true;
        };
        network.elect('a');
        for (let at = 0; at < 5; at++) {
            network.propose('a', `${at}`);
            network.settle();
        }
        for (const append of appends) network.raft('b').step(append);
        network.settle();
        expect(network.raft('b').status().lastIndex).toBe(6);
        expect(network.terms('b')).toEqual([1, 1, 1, 1, 1, 1]);
    });

    it('sends proposals to the leader of its term', () => {
        const network = TestNetwork.of('abc');
        network.elect('a');
        expect(network.propose('b', 'x')).toEqual({ type: 'forwarded', to: 'a', term: 1 });
        network.settle();
        for (const id of 'abc') expect(network.applied(id)).toEqual(['x']);
    });

    it('whose write ends after its entries were replaced does not count it for the new ones', () => {
        const network = TestNetwork.of('abcde');
        network.elect('a');
        network.cut('ab');
        network.stalledDisks.add('b');
        network.propose('a', 'old');
        network.settle();
        network.cut('bcde');
        network.raft('c').step({ type: 'timeoutNow', from: 'a', to: 'c', term: 1 });
        network.settle();
        network.propose('c', 'new');
        network.settle();
        expect(network.raft('c').status()).toMatchObject({ role: 'leader', commit: 3 });
        expect(network.raft('b').status()).toMatchObject({ leader: 'c', lastIndex: 2, applied: 1 });
        network.resumeDisk('b');
        network.settle();
        expect(network.terms('b')).toEqual([1, 2, 2]);
        expect(network.applied('b')).toEqual(['new']);
        expect(network.applied('c')).toEqual(['new']);
    });

    it('that comes back with an older disk is brought up to date again', () => {
        const network = TestNetwork.of('abc');
        network.elect('a');
        const { disk } = network.member('c');
        for (let at = 0; at < 10; at++) network.propose('a', `${at}`);
        network.settle();
        disk.entries.length = 4;
        disk.state.length = disk.applied = 4;
        network.restart('c');
        network.propose('a', 'more');
        network.tick(20);
        expect(network.applied('c')).toEqual(network.applied('a'));
        expect(network.raft('c').status().forgetful).toBe(false);
    });

    it('that comes back with an older disk neither votes nor serves before it is complete, also after a restart', () => {
        const network = TestNetwork.of('abc');
        network.elect('a');
        network.cut('b', 'ac');
        for (let at = 0; at < 10; at++) network.propose('a', `${at}`);
        network.settle();
        const { disk } = network.member('c');
        disk.entries.length = 4;
        disk.state.length = disk.applied = 4;
        disk.hardState = { ...disk.hardState, commit: 4 };
        network.restart('c');
        network.filter = ({ type, to }) => type === 'heartbeat' && to === 'c';
        network.tick(3, 'a');
        expect(network.raft('c').status()).toMatchObject({ forgetful: true, lastIndex: 4, commit: 4 });
        expect(network.propose('c', 'x')).toEqual({ type: 'refused', reason: 'removed' });
        network.restart('c');
        expect(network.raft('c').status()).toMatchObject({ forgetful: true, lastIndex: 4, commit: 4 });
        network.heal();
        network.cut('a', 'bc');
        network.tick(60, 'bc');
        expect(network.leaders()).toEqual(['a']);
        network.heal();
        network.tick(60);
        expect(network.applied('c')).toHaveLength(10);
        expect(network.raft('c').status().forgetful).toBe(false);
    });

    it('that comes back with an empty disk is found out, counts for nothing and does not vote', () => {
        const network = TestNetwork.of('abc');
        network.elect('a');
        for (let at = 0; at < 10; at++) network.propose('a', `${at}`);
        network.settle();
        network.add('c', { membership: { voters: ['a', 'b', 'c'], learners: [] } });
        network.propose('a', 'more');
        network.tick(20);
        expect(network.raft('c').status().forgetful).toBe(true);
        expect(network.raft('a').status().progress).toContainEqual(
            expect.objectContaining({ id: 'c', forgetful: true, match: 12 }),
        );
        expect(network.propose('c', 'x')).toEqual({ type: 'refused', reason: 'removed' });
        network.cut('ac', 'b');
        network.propose('a', 'alone');
        network.tick(5);
        expect(network.raft('a').status().commit).toBe(12);
    });
});
