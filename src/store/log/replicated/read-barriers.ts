import { StoreError } from '../../store.ts';

/** Longest time that a linearizable read waits for its index. */
export const readTimeoutMs = 7_000;

interface Waiter {
    sinceMs: number;
    resolve: () => void;
    reject: (error: StoreError) => void;
}

/**
 * Linearizable reads: everybody who joins before a round starts shares its answer (6.4).
 *
 *     wait ─► gathering ──begin(context)──► asked ──answered(index)──► until applied ─► resolved
 *                 ▲                           │
 *                 └───────────refused─────────┘
 */
export class ReadBarriers {
    #gathering: Waiter[] = [];
    readonly #asked = new Map<number, Waiter[]>();
    #applying: { index: number; waiters: Waiter[] }[] = [];
    #nextContext = 1;

    get hasGathering(): boolean {
        return this.#gathering.length > 0;
    }

    async wait(nowMs: number): Promise<void> {
        await new Promise<void>((resolve, reject) => {
            this.#gathering.push({ sinceMs: nowMs, resolve, reject });
        });
    }

    /** The context to ask the core with. */
    begin(): number {
        const context = this.#nextContext++;
        this.#asked.set(context, this.#gathering.splice(0));
        return context;
    }

    answered(context: number, index: number, applied: number): void {
        const waiters = this.#asked.get(context);
        if (waiters === undefined) return;
        this.#asked.delete(context);
        this.#applying.push({ index, waiters });
        this.applied(applied);
    }

    /** To be asked again later. */
    refused(context: number): void {
        const waiters = this.#asked.get(context) ?? [];
        this.#asked.delete(context);
        this.#gathering.unshift(...waiters);
    }

    applied(index: number): void {
        if (this.#applying.length === 0) return;
        const ready = this.#applying.filter((round) => round.index <= index);
        this.#applying = this.#applying.filter((round) => round.index > index);
        for (const { waiters } of ready) for (const { resolve } of waiters) resolve();
    }

    /** Gives up on those who wait since before: for a leader, or for what the leader has. */
    expire(bounds: { gatheringBeforeMs: number; askedBeforeMs: number }): void {
        const noLeader = new StoreError('noLeader', 'the cluster has no leader that could be reached');
        this.#gathering = rejectOld(this.#gathering, bounds.gatheringBeforeMs, noLeader);
        const timeout = new StoreError('timeout', 'the read took too long');
        for (const [context, waiters] of this.#asked) {
            const left = rejectOld(waiters, bounds.askedBeforeMs, timeout);
            if (left.length > 0) this.#asked.set(context, left);
            else this.#asked.delete(context);
        }
        for (const round of this.#applying) {
            round.waiters = rejectOld(round.waiters, bounds.askedBeforeMs, timeout);
        }
        this.#applying = this.#applying.filter(({ waiters }) => waiters.length > 0);
    }

    /** Gives up on those whose index is known, because this member does not come that far for now. */
    failApplying(error: StoreError): void {
        for (const { waiters } of this.#applying.splice(0)) for (const { reject } of waiters) reject(error);
    }

    failAll(error: StoreError): void {
        const waiters = [
            ...this.#gathering.splice(0),
            ...[...this.#asked.values()].flat(),
            ...this.#applying.splice(0).flatMap((round) => round.waiters),
        ];
        this.#asked.clear();
        for (const { reject } of waiters) reject(error);
    }
}

function rejectOld(waiters: Waiter[], beforeMs: number, error: StoreError): Waiter[] {
    if (!waiters.some(({ sinceMs }) => sinceMs < beforeMs)) return waiters;
    for (const { sinceMs, reject } of waiters) if (sinceMs < beforeMs) reject(error);
    return waiters.filter(({ sinceMs }) => sinceMs >= beforeMs);
}
