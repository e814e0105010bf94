import type { Clock } from '../../../util/clock.ts';
import type { MemberId, ProposedEntry, ProposeRefusal } from '../../raft/types.ts';
import { PeerRequestError, type PeerTransport } from '../../transport/peer-transport.ts';
import { decodeForwarded, encodeForwarded, proposeMethod } from './forwarding.ts';
import type { Proposal, Proposals } from './proposals.ts';
import type { RaftDriver } from './raft-driver.ts';

/** A leader that could not be asked is asked again after this time. */
const forwardRetryMs = 100;

export interface OfferingOptions<Command, Outcome> {
    proposals: Proposals<Command, Outcome>;
    driver: RaftDriver;
    transport: PeerTransport;
    clock: Clock;
    /** Whether what waits is to be brought now, without waiting for company. */
    isHurried: () => boolean;
}

/** Brings what waits in Proposals to the leader, when it is time: here, or to another member. */
export class Offering<Command, Outcome> {
    readonly #options: OfferingOptions<Command, Outcome>;
    #forwarding = false;
    #forwardRetryAtMs = 0;
    #cancelTimer: (() => void) | undefined;
    #scheduled = false;
    #stopped = false;

    constructor(options: OfferingOptions<Command, Outcome>) {
        this.#options = options;
    }

    /** At the end of this turn of the event loop: everybody who was woken in it may join. */
    schedule(): void {
        if (this.#scheduled) return;
        this.#scheduled = true;
        setImmediate(() => {
            this.#scheduled = false;
            this.offer({ now: false });
        });
    }

    /** Offers what waits if it is due, or sets a timer for then. */
    offer({ now }: { now: boolean }): void {
        if (this.#stopped) return;
        const { proposals, clock, driver, isHurried } = this.#options;
        const dueMs = proposals.dueMs();
        if (dueMs === undefined) return;
        const waitMs = dueMs - clock.monotonicMs();
        if (!now && !isHurried() && waitMs > 0) {
            this.#cancelTimer ??= clock.setTimer(waitMs, () => {
                this.#cancelTimer = undefined;
                this.offer({ now: false });
            });
            return;
        }
        this.#cancelTimer?.();
        this.#cancelTimer = undefined;
        const { role, leader, term } = driver.status();
        if (role === 'leader') this.#offerHere(term);
        else if (leader !== '') void this.#forward(leader, term);
    }

    /** As the leader: a follower's proposals; the answer says why they were not appended, or is empty. */
    acceptForwarded(from: MemberId, body: Buffer): Buffer {
        const { term, commands } = decodeForwarded(body);
        const status = this.#options.driver.status();
        if (status.role !== 'leader' || status.term !== term) return Buffer.from('noLeader');
        // Company: what waits here goes into the same write.
        this.offer({ now: true });
        this.#options.driver.input((raft) => {
            raft.noteAsking(from);
        });
        const refusal = this.#append(commands.map((data) => ({ type: 'command', data })));
        return Buffer.from(refusal ?? '');
    }

    /** Another leader, perhaps: it is asked at once. */
    leaderChanged(): void {
        this.#forwardRetryAtMs = 0;
        if (this.#options.proposals.hasWaiting) this.schedule();
    }

    stop(): void {
        this.#stopped = true;
        this.#cancelTimer?.();
    }

    #offerHere(term: number): void {
        const { proposals, clock } = this.#options;
        while (proposals.hasWaiting) {
            const group = proposals.take(term, clock.monotonicMs());
            const refusal = this.#append(group.map(({ data }) => ({ type: 'command', data })));
            if (refusal === undefined) continue;
            // The next applied entry or tick tries again.
            proposals.takeBack(group);
            return;
        }
    }

    #append(entries: readonly ProposedEntry[]): ProposeRefusal | undefined {
        const result = this.#options.driver.input((raft) => raft.propose(entries));
        if (result === undefined) return 'noLeader';
        return result.type === 'refused' ? result.reason : undefined;
    }

    /** One group at a time, so that they arrive in order and gather meanwhile. */
    async #forward(leader: MemberId, term: number): Promise<void> {
        const { proposals, transport, clock } = this.#options;
        if (this.#forwarding || clock.monotonicMs() < this.#forwardRetryAtMs) return;
        this.#forwarding = true;
        const group = proposals.take(term, clock.monotonicMs());
        const body = encodeForwarded(
            term,
            group.map(({ data }) => data),
        );
        try {
            const refusal = (await transport.request(leader, proposeMethod, body)).toString();
            if (refusal !== '') this.#notForwarded(group);
        } catch (error) {
            // When it may have arrived, the offer stands: it is applied, or the term ends, or it takes too long.
            if (error instanceof PeerRequestError && error.reason !== 'unknown') this.#notForwarded(group);
        } finally {
            this.#forwarding = false;
        }
        if (proposals.hasWaiting) this.schedule();
    }

    #notForwarded(group: readonly Proposal<Command, Outcome>[]): void {
        this.#forwardRetryAtMs = this.#options.clock.monotonicMs() + forwardRetryMs;
        this.#options.proposals.takeBack(group);
    }
}
