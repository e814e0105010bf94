import { describe, expect, it } from '@jest/globals';
import { EventEmitter } from 'node:events';
import { ManualClock } from '../../../client/testing/manual-clock.ts';
import { IdleSessions, type IdlingSession } from './idle-sessions.ts';

class Session extends EventEmitter {
    closed = false;
    close(): void {
        this.closed = true;
        this.emit('close');
    }
    open(): EventEmitter {
        const stream = new EventEmitter();
        this.emit('stream', stream);
        return stream;
    }
}

function followed(): { session: Session; clock: ManualClock } {
    const clock = new ManualClock();
    const session = new Session();
    new IdleSessions({ idleMs: 90_000, checkMs: 5_000 }, clock).follow(session as unknown as IdlingSession);
    return { session, clock };
}

describe('idle sessions', () => {
    it('are closed when nothing was ever asked', async () => {
        const { session, clock } = followed();
        await clock.advance(85_000);
        expect(session.closed).toBe(false);
        await clock.advance(10_000);
        expect(session.closed).toBe(true);
        expect(clock.pending).toBe(0);
    });

    it('are kept as long as one stream is open, and count from its end on', async () => {
        const { session, clock } = followed();
        const [one, two] = [session.open(), session.open()];
        await clock.advance(500_000);
        one.emit('close');
        await clock.advance(500_000);
        expect(session.closed).toBe(false);
        two.emit('close');
        await clock.advance(85_000);
        expect(session.closed).toBe(false);
        await clock.advance(10_000);
        expect(session.closed).toBe(true);
    });
});
