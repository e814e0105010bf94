import { describe, expect, it } from '@jest/globals';
import type { Entry } from '../../raft/types.ts';
import { RetainedLog } from './retained-log.ts';

function entries(from: number, to: number): Entry[] {
    return Array.from({ length: to - from + 1 }, (_, i) => ({
        index: from + i,
        term: 1,
        type: 'command',
        data: Buffer.from('x'),
    }));
}

describe('RetainedLog', () => {
    it('is shortened to half of the entries that were asked for once there are more', () => {
        const log = new RetainedLog({ index: 0, term: 0 }, entries(1, 10), 10);
        expect(log.excess(10, 1)).toBeUndefined();
        log.append(entries(11, 11));
        expect(log.excess(11, 1)).toEqual({ index: 6, term: 1 });
    });

    it('keeps what is not applied', () => {
        const log = new RetainedLog({ index: 0, term: 0 }, entries(1, 11), 10);
        expect(log.excess(3, 1)).toEqual({ index: 3, term: 1 });
    });
});
