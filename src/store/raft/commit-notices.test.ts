import { describe, expect, it } from '@jest/globals';
import { TestNetwork } from './test-network.ts';
import type { CommitNotice, RaftMessage } from './types.ts';

/** Its members have committed the opening entry, and one more. */
function led(): TestNetwork {
    const network = TestNetwork.of('abc');
    network.elect('a');
    propose(network, 'first');
    return network;
}

function propose(network: TestNetwork, text: string): void {
    network.propose('a', text);
    network.settle();
}

function recorded(network: TestNetwork): RaftMessage[] {
    const messages: RaftMessage[] = [];
    network.filter = (message) => {
        messages.push(message);
        return true;
    };
    return messages;
}

function toFollower(commit: number, term = 1): CommitNotice {
    return { type: 'commit', from: 'a', to: 'b', term, commit };
}

describe('a commit notice', () => {
    it('tells each follower what is committed, with one message that is not answered', () => {
        const network = led();
        const messages = recorded(network);
        propose(network, 'x');
        for (const id of 'bc') {
            expect(network.applied(id)).toEqual(['first', 'x']);
            const between = messages.filter(({ from, to }) => from === id || to === id);
            expect(between.map(({ type }) => type)).toEqual(['append', 'appendReply', 'commit']);
        }
    });

    it('is not sent where the next append says the same', () => {
        const network = led();
        const before = network.notices.length;
        const answers: RaftMessage[] = [];
        network.filter = (message) => {
            if (message.type === 'appendReply') answers.push(message);
            return message.type !== 'appendReply';
        };
        propose(network, 'x');
        network.heal();
        network.propose('a', 'y');
        for (const answer of answers) network.raft('a').step(answer);
        network.settle();
        expect(network.notices.slice(before).map(({ commit }) => commit)).toEqual([4, 4]);
        expect(network.applied('b')).toEqual(['first', 'x', 'y']);
    });

    it('speaks of nothing that the follower has not acknowledged', () => {
        const network = led();
        network.stalledDisks.add('b');
        const messages = recorded(network);
        propose(network, 'x');
        expect(network.raft('a').status().commit).toBe(3);
        expect(messages.filter(({ type, to }) => type === 'commit' && to === 'b')).toEqual([]);
        network.resumeDisk('b');
        network.settle();
        expect(messages.filter(({ to, type }) => to === 'b' && type === 'commit')).toEqual([toFollower(3)]);
        expect(network.applied('b')).toEqual(['first', 'x']);
    });

    it('that is lost is made up for by the next heartbeat', () => {
        const network = led();
        network.filter = ({ type }) => type !== 'commit';
        propose(network, 'x');
        expect(network.applied('b')).toEqual(['first']);
        network.tick(2);
        expect(network.applied('b')).toEqual(['first', 'x']);
    });

    it('that is doubled, or comes late, takes nothing back', () => {
        const network = led();
        for (const text of ['x', 'y']) propose(network, text);
        for (const commit of [4, 3, 1, 4]) network.raft('b').step(toFollower(commit));
        network.settle();
        expect(network.raft('b').status()).toMatchObject({ commit: 4, forgetful: false });
    });

    it('can be put off, unless the follower has proposed or read within an election timeout', () => {
        const network = led();
        const putOff = (): string => {
            const before = network.notices.length;
            propose(network, 'x');
            return network.notices
                .slice(before)
                .map(({ to }) => to)
                .sort()
                .join('');
        };
        expect(putOff()).toBe('bc');
        network.raft('b').readIndex(1);
        network.settle();
        expect(putOff()).toBe('c');
        network.raft('a').noteAsking('c');
        expect(putOff()).toBe('');
        network.tick(10);
        expect(putOff()).toBe('bc');
        network.propose('c', 'y');
        network.settle();
        expect(putOff()).toBe('b');
    });

    it('of a deposed leader changes nothing, and tells it that it is one', () => {
        const network = led();
        network.cut('a', 'bc');
        network.propose('a', 'lost');
        network.settle();
        network.electAmong('bc');
        const before = network.raft('b').status();
        network.raft('b').step(toFollower(before.lastIndex));
        expect(network.raft('b').status()).toEqual(before);
        network.heal();
        network.settle();
        expect(network.raft('a').status()).toMatchObject({ role: 'follower', term: before.term });
    });

    it('shows a follower that its disk has lost what it had acknowledged', () => {
        const network = led();
        propose(network, 'x');
        const { disk } = network.member('b');
        disk.entries.length = 2;
        disk.state.length = disk.applied = 2;
        disk.hardState = { ...disk.hardState, commit: 2 };
        network.restart('b');
        network.raft('b').step(toFollower(3));
        expect(network.raft('b').status()).toMatchObject({ forgetful: true, commit: 2 });
        network.tick(20);
        expect(network.raft('b').status().forgetful).toBe(false);
        expect(network.applied('b')).toEqual(['first', 'x']);
    });

    it('is nothing that a member who does not follow its sender believes', () => {
        const network = led();
        network.filter = ({ to }) => to !== 'b';
        network.propose('a', 'x');
        network.settle();
        network.raft('b').step({ ...toFollower(2), from: 'c' });
        network.raft('a').step({ ...toFollower(3), from: 'c', to: 'a' });
        expect(network.raft('b').status()).toMatchObject({ leader: 'a', commit: 2 });
        expect(network.raft('a').status()).toMatchObject({ role: 'leader', leader: 'a' });
    });
});
