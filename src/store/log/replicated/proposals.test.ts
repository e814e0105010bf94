import { beforeEach, describe, expect, it } from '@jest/globals';
import { StoreError } from '../../store.ts';
import { coalesceDelayMaxMs, Proposals } from './proposals.ts';

const urgent = { durability: 'fsync', bytes: 1 } as const;
const relaxed = { durability: 'relaxed', bytes: 1 } as const;

let proposals: Proposals<string, string>;
let outcomes: string[];
beforeEach(() => {
    proposals = new Proposals(100, (sequence, command) => Buffer.from(`${sequence} ${command}`));
    outcomes = [];
});

describe('proposals', () => {
    it('resolve with the outcome of their own entry', () => {
        const added = [propose('a'), propose('b')];
        const [first, second] = take(1);
        proposals.settle(second?.sequence ?? 0, { type: 'resolved', outcome: 'B' });
        proposals.settle(first?.sequence ?? 0, { type: 'rejected', error: new Error('A') });
        return Promise.all(added).then(() => {
            expect(outcomes.sort()).toEqual(['a: A', 'b: B']);
            expect(proposals.size).toBe(0);
        });
    });

    it('are offered again, in their order, when an entry of a later term was applied before theirs', () => {
        for (const command of ['a', 'b', 'c']) void propose(command);
        const offered = take(1);
        proposals.termApplied(1);
        expect(take(1)).toEqual([]);
        proposals.settle(offered[1]?.sequence ?? 0, { type: 'resolved', outcome: 'B' });
        void propose('d');
        proposals.termApplied(2);
        expect(take(2).map(({ command }) => command)).toEqual(['a', 'c', 'd']);
    });

    it('that may be in a snapshot are never offered again', async () => {
        const added = propose('a');
        take(1);
        proposals.forgetOffered();
        proposals.termApplied(5);
        expect(take(5)).toEqual([]);
        await added;
        expect(outcomes).toEqual(['a: timeout']);
    });

    it('fail with "noLeader" only while they were not offered', async () => {
        const offered = propose('a');
        take(1);
        const waiting = propose('b');
        proposals.expire({ offeredBeforeMs: 1, waitingBeforeMs: 1, leaderTerm: 2 });
        await Promise.all([offered, waiting]);
        expect(outcomes.sort()).toEqual(['a: leaderChanged', 'b: noLeader']);
    });

    it('that are relaxed go at once after a rest, then once in a while, and always with company', () => {
        void propose('a', relaxed, 5_000);
        expect(proposals.dueMs()).toBe(5_000);
        proposals.take(1, 5_000);
        void propose('b', relaxed, 5_100);
        expect(proposals.dueMs()).toBe(5_000 + coalesceDelayMaxMs);
        void propose('c', urgent, 5_200);
        expect(proposals.dueMs()).toBeLessThanOrEqual(5_200);
    });
});

async function propose(
    command: string,
    options: typeof urgent | typeof relaxed = urgent,
    nowMs = 0,
): Promise<void> {
    try {
        outcomes.push(`${command}: ${await proposals.add(command, options, nowMs)}`);
    } catch (error) {
        const text = error instanceof StoreError ? error.reason : (error as Error).message;
        outcomes.push(`${command}: ${text}`);
    }
}

function take(term: number): { sequence: number; command: string }[] {
    return proposals.take(term, 0);
}
