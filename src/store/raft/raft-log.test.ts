import { describe, expect, it } from '@jest/globals';
import { PendingWrites } from './pending-writes.ts';
import { RaftLog } from './raft-log.ts';
import { logOfTerms } from './test-network.ts';
import type { Ready } from './types.ts';

const logOf = (...terms: number[]): RaftLog =>
    new RaftLog({ base: { index: 0, term: 0 }, entries: logOfTerms(terms), committed: 0, applied: 0 });

describe('the log', () => {
    it('finds the last entry whose term is not above another', () => {
        const log = logOf(1, 1, 3, 3, 5);
        expect(log.lastWithTermAtMost(5, 4)).toEqual({ index: 4, term: 3 });
        expect(log.lastWithTermAtMost(3, 4)).toEqual({ index: 3, term: 3 });
        expect(log.lastWithTermAtMost(9, 9)).toEqual({ index: 5, term: 5 });
        expect(log.lastWithTermAtMost(5, 0)).toEqual({ index: 0, term: 0 });
    });

    it('hands out for applying only what is committed and durable', () => {
        const log = logOf(1, 1);
        log.append({ index: 3, term: 1, type: 'command', data: Buffer.alloc(0) });
        log.commitTo(3);
        expect(log.takeDeliverable().map(({ index }) => index)).toEqual([1, 2]);
        expect(log.takeUngiven().map(({ index }) => index)).toEqual([3]);
        expect(log.hasDeliverable()).toBe(false);
        log.persistedTo(3);
        expect(log.takeDeliverable().map(({ index }) => index)).toEqual([3]);
    });

    it('forgets a prefix and still knows its terms from there on', () => {
        const log = logOf(1, 2, 3);
        log.commitTo(2);
        log.takeDeliverable();
        log.appliedTo(2);
        log.compact(2);
        expect([log.termAt(1), log.termAt(2), log.termAt(3)]).toEqual([undefined, 2, 3]);
        expect(() => log.truncateFrom(2)).toThrow('what is committed stays');
    });
});

describe('writes under way', () => {
    it('are good for nothing that was replaced meanwhile, even if it came back', () => {
        const writes = new PendingWrites();
        const [first, second, third] = [{}, {}, {}] as [Ready, Ready, Ready];
        writes.add({ ready: first, term: 2, lastIndex: 10 });
        writes.truncateFrom(7);
        writes.add({ ready: second, term: 3, lastIndex: 8 });
        writes.truncateFrom(7);
        writes.add({ ready: third, term: 4, lastIndex: 10 });
        expect(writes.finish(first)).toEqual({ term: 2, lastIndex: 6 });
        expect(writes.finish(third)).toEqual({ term: 4, lastIndex: 10 });
        expect(writes.finish(second)).toBeUndefined();
    });
});
