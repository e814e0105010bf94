import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '../../mvcc/manual-clock.ts';
import type { CommitNotice, RaftMessage } from '../../raft/types.ts';
import { HeldNotices, noticeDelayMaxMs } from './held-notices.ts';

describe('held commit notices', () => {
    it('go out after their time, the newest of each member alone', async () => {
        const { clock, held, sent } = create();
        held.hold([notice('b', 1), notice('c', 1)]);
        held.hold([notice('b', 2)]);
        await clock.advance(noticeDelayMaxMs - 1);
        expect(sent).toEqual([]);
        await clock.advance(1);
        expect(sent).toEqual([[notice('b', 2), notice('c', 1)]]);
        expect(clock.timers).toBe(0);
    });

    it('are not put off by those that follow', async () => {
        const { clock, held, sent } = create();
        for (let commit = 1; commit <= 2 * noticeDelayMaxMs; commit++) {
            held.hold([notice('b', commit)]);
            await clock.advance(1);
        }
        expect(sent).toEqual([[notice('b', noticeDelayMaxMs)], [notice('b', 2 * noticeDelayMaxMs)]]);
    });

    it.each(['append', 'heartbeat', 'commit'] as const)(
        'are dropped when a message of type %s says as much',
        async (type) => {
            const { clock, held, sent } = create();
            held.hold([notice('b', 5), notice('c', 5)]);
            held.outdatedBy([message(type, 'b', 5)]);
            await clock.advance(noticeDelayMaxMs);
            expect(sent).toEqual([[notice('c', 5)]]);
        },
    );

    it('stay when a message says less, or nothing of commits', async () => {
        const { clock, held, sent } = create();
        held.hold([notice('b', 5)]);
        held.outdatedBy([message('heartbeat', 'b', 4), { ...base('b'), type: 'timeoutNow' }]);
        await clock.advance(noticeDelayMaxMs);
        expect(sent).toEqual([[notice('b', 5)]]);
    });

    it('wait their own time when the timer of an earlier one fires', async () => {
        const { clock, held, sent } = create();
        held.hold([notice('b', 1)]);
        await clock.advance(noticeDelayMaxMs - 1);
        held.outdatedBy([message('append', 'b', 1)]);
        held.hold([notice('c', 2)]);
        await clock.advance(noticeDelayMaxMs - 1);
        expect(sent).toEqual([]);
        await clock.advance(1);
        expect(sent).toEqual([[notice('c', 2)]]);
    });

    it('are forgotten when it stops', async () => {
        const { clock, held, sent } = create();
        held.hold([notice('b', 1)]);
        held.stop();
        await clock.advance(noticeDelayMaxMs);
        expect(sent).toEqual([]);
        expect(clock.timers).toBe(0);
    });
});

function create(): { clock: ManualClock; held: HeldNotices; sent: (readonly RaftMessage[])[] } {
    const clock = new ManualClock();
    const sent: (readonly RaftMessage[])[] = [];
    const held = new HeldNotices(clock, (notices) => {
        sent.push(notices);
    });
    return { clock, held, sent };
}

function base(to: string): { from: string; to: string; term: number } {
    return { from: 'a', to, term: 1 };
}

function notice(to: string, commit: number): CommitNotice {
    return { ...base(to), type: 'commit', commit };
}

function message(type: 'append' | 'heartbeat' | 'commit', to: string, commit: number): RaftMessage {
    switch (type) {
        case 'append':
            return {
                ...base(to),
                type,
                previousIndex: commit,
                previousTerm: 1,
                entries: [],
                commit,
                readRound: 0,
            };
        case 'heartbeat':
            return { ...base(to), type, commit, readRound: 0 };
        case 'commit':
            return notice(to, commit);
    }
}
