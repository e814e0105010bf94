import { applyMembershipChange, decodeMembershipChange, isMember } from './membership.ts';
import type { Entry, MemberId, Membership } from './types.ts';

interface Record {
    index: number;
    membership: Membership;
    /** This member was removed by a change up to `index`, and not added again since. */
    removed: boolean;
}

/**
 * Which membership holds at which place of the log. A change is in force as soon as its entry is in the log
 * (4.1), committed or not; when the entry is overwritten, the membership before it is in force again:
 *
 *     index        ≤ 10        14           20
 *     membership   A B C    A B C +d     A B C D      truncated from 18: back to A B C +d
 *                  (base)
 */
export class MembershipHistory {
    readonly #self: MemberId;
    /** Ascending by index; the first is the membership where the kept log begins. */
    #records: [Record, ...Record[]];

    constructor(self: MemberId, index: number, membership: Membership) {
        this.#self = self;
        this.#records = [{ index, membership, removed: false }];
    }

    get current(): Membership {
        return this.#last.membership;
    }

    /** Index of the entry that brought the current membership. */
    get currentIndex(): number {
        return this.#last.index;
    }

    /** The newest change that is at or below `commit` says that this member is out, and none above it says otherwise. */
    isRemoved(commit: number): boolean {
        return this.#last.removed && this.#last.index <= commit;
    }

    at(index: number): Membership {
        return this.#recordAt(index).membership;
    }

    append(entry: Entry): void {
        const change = decodeMembershipChange(entry.data);
        if (change === undefined) return;
        const membership = applyMembershipChange(this.current, change);
        const removedNow = change.type === 'remove' && change.id === this.#self;
        const removed = !isMember(membership, this.#self) && (removedNow || this.#last.removed);
        this.#records.push({ index: entry.index, membership, removed });
    }

    truncateFrom(index: number): void {
        while (this.#records.length > 1 && this.#last.index >= index) this.#records.pop();
    }

    /** The log now begins after `index`. */
    compact(index: number, membership: Membership): void {
        const { removed } = this.#recordAt(index);
        const rest = this.#records.filter((record) => record.index > index);
        this.#records = [{ index, membership, removed }, ...rest];
    }

    /** A snapshot took the place of the whole log. */
    reset(index: number, membership: Membership): void {
        this.#records = [{ index, membership, removed: false }];
    }

    get #last(): Record {
        return this.#records.at(-1) ?? this.#records[0];
    }

    #recordAt(index: number): Record {
        return this.#records.findLast((record) => record.index <= index) ?? this.#records[0];
    }
}
