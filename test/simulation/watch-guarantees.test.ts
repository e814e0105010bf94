import { describe, expect, it } from '@jest/globals';
import type { EventBatch } from './machine.ts';
import { brokenWatchGuarantees, type WatchRecord, type WatchStream } from './watch-guarantees.ts';

const history: EventBatch[] = [
    { revision: 2, events: [{ key: 'a', value: '1' }] },
    {
        revision: 3,
        events: [
            { key: 'a', value: '2' },
            { key: 'b', value: '2' },
        ],
    },
    { revision: 4, events: [{ key: 'c', value: '3' }] },
    { revision: 5, events: [{ key: 'b' }] },
    { revision: 6, events: [{ key: 'a', value: '4' }] },
];
/** Of keys a and b. */
const batches: Record<number, WatchRecord> = {};
for (const { revision, events } of history) {
    batches[revision] = { type: 'batch', revision, events: events.filter(({ key }) => key !== 'c') };
}
const bookmark = (revision: number): WatchRecord => ({ type: 'bookmark', revision });
const stream = (startRevision: number, ...records: (number | WatchRecord)[]): WatchStream => ({
    startRevision,
    keys: new Set(['a', 'b']),
    records: records.map((record) => (typeof record === 'number' ? batches[record]! : record)),
});
const broken = (...session: WatchStream[]): string[] =>
    brokenWatchGuarantees(session, history).map((text) => text.slice(0, text.indexOf(':')));

describe('right streams of events', () => {
    const right: Record<string, WatchStream[]> = {
        'everything from the start': [stream(1, 2, 3, 5, 6)],
        'a part, from the middle, that ends early': [stream(3, 3, 5)],
        'nothing yet': [stream(7)],
        'true bookmarks, also over a revision of other keys': [stream(1, 2, bookmark(2), 3, bookmark(4), 5)],
        'a resumed watch': [stream(1, 2, 3), stream(4, 5), stream(6, 6)],
        'a watch resumed after a bookmark': [stream(1, 2, 3, bookmark(4)), stream(5, 5, 6)],
        'a watch resumed before anything came': [stream(2), stream(2, 2, 3)],
    };
    for (const [name, session] of Object.entries(right)) {
        it(`accepts ${name}`, () => expect(broken(...session)).toEqual([]));
    }
});

describe('wrong streams of events', () => {
    const half = (revision: number, key: string, value?: string): WatchRecord => ({
        type: 'batch',
        revision,
        events: [{ key, value }],
    });
    const wrong: [string, string, WatchStream[]][] = [
        ['ordered', 'revisions swapped', [stream(1, 2, 5, 3, 6)]],
        ['unique', 'an event twice', [stream(1, 2, 3, 3, 5)]],
        ['unique', 'an event again after resuming', [stream(1, 2, 3), stream(3, 3, 5)]],
        ['atomic', 'half a transaction', [stream(1, 2, half(3, 'a', '2'))]],
        ['atomic', 'a transaction in two batches', [stream(1, 2, half(3, 'a', '2'), half(3, 'b', '2'), 5)]],
        ['reliable', 'an event dropped', [stream(1, 2, 5)]],
        ['reliable', 'the first event dropped', [stream(1, 3, 5)]],
        ['resumable', 'an event lost between connections', [stream(1, 2), stream(5, 5, 6)]],
        ['resumable', 'the first event after resuming lost', [stream(1, 2), stream(3, 5, 6)]],
        ['bookmarkable', 'a bookmark ahead of its events', [stream(1, 2, bookmark(3), 3)]],
        ['bookmarkable', 'a bookmark ahead of events that never came', [stream(1, 2, bookmark(6))]],
        ['bookmarkable', 'an event below a bookmark', [stream(1, 2, 3, bookmark(6), 5)]],
        ['genuine', 'a value that was never written', [stream(1, half(2, 'a', 'x'))]],
        ['genuine', 'an event at another revision', [stream(1, half(4, 'a', '1'))]],
        ['genuine', 'a put in place of a delete', [stream(5, half(5, 'b', ''))]],
        ['filtered', 'a key nobody asked for', [stream(4, half(4, 'c', '3'))]],
        ['filtered', 'a revision before the start', [stream(3, 2, 3)]],
    ];
    for (const [name, what, session] of wrong) {
        it(`names the guarantee "${name}" for ${what}`, () => expect(broken(...session)).toContain(name));
    }

    it('says the guarantee and where it was broken', () => {
        expect(brokenWatchGuarantees([stream(1, 2, 5)], history)).toEqual([
            'reliable: no event in the middle of a watch is dropped; but revision 3 was dropped before 5',
        ]);
    });
});
