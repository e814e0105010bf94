import type { Clock } from '../../../util/clock.ts';
import type { CommitNotice, MemberId, RaftMessage } from '../../raft/types.ts';

/** How long a commit notice waits for a message that says the same. */
export const noticeDelayMaxMs = 3;

interface Held {
    notice: CommitNotice;
    /** Since when the member could have been told something: newer notices do not begin anew. */
    sinceMs: number;
}

/**
 * Commit notices that are not urgent. While proposals follow each other, the next append tells a follower what
 * the notice would have told it, for one message less a proposal and follower:
 *
 *     hold ─► held ──a message to the same member says as much──► dropped
 *              └─────noticeDelayMaxMs after the first──────────► sent, the newest alone
 */
export class HeldNotices {
    readonly #clock: Clock;
    readonly #send: (notices: readonly CommitNotice[]) => void;
    readonly #held = new Map<MemberId, Held>();
    #cancelTimer: (() => void) | undefined;

    constructor(clock: Clock, send: (notices: readonly CommitNotice[]) => void) {
        this.#clock = clock;
        this.#send = send;
    }

    hold(notices: readonly CommitNotice[]): void {
        if (notices.length === 0) return;
        const nowMs = this.#clock.monotonicMs();
        for (const notice of notices) {
            const sinceMs = this.#held.get(notice.to)?.sinceMs ?? nowMs;
            this.#held.set(notice.to, { notice, sinceMs });
        }
        this.#arm(noticeDelayMaxMs);
    }

    /** These go out now. */
    outdatedBy(messages: readonly RaftMessage[]): void {
        if (this.#held.size === 0) return;
        for (const message of messages) {
            const { type, to } = message;
            if (type !== 'append' && type !== 'heartbeat' && type !== 'commit') continue;
            const held = this.#held.get(to);
            if (held !== undefined && held.notice.commit <= message.commit) this.#held.delete(to);
        }
    }

    stop(): void {
        this.#held.clear();
        this.#cancelTimer?.();
    }

    #arm(delayMs: number): void {
        this.#cancelTimer ??= this.#clock.setTimer(delayMs, () => {
            this.#cancelTimer = undefined;
            this.#sendDue();
        });
    }

    #sendDue(): void {
        const nowMs = this.#clock.monotonicMs();
        const due: CommitNotice[] = [];
        let oldestMs = Infinity;
        for (const [to, { notice, sinceMs }] of this.#held) {
            if (sinceMs + noticeDelayMaxMs > nowMs) {
                oldestMs = Math.min(oldestMs, sinceMs);
                continue;
            }
            this.#held.delete(to);
            due.push(notice);
        }
        if (due.length > 0) this.#send(due);
        if (oldestMs < Infinity) this.#arm(oldestMs + noticeDelayMaxMs - nowMs);
    }
}
