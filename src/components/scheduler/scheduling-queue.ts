import { objectKey, type V1Pod } from '../../api/meta/object.ts';
import type { Clock } from '../../util/clock.ts';
import type { ClusterEventKind } from './framework.ts';

export interface QueuedPod {
    pod: V1Pod;
    attempts: number;
    addedMs: number;
    /** When it may be tried again, on the monotonic clock. */
    notBeforeMs: number;
    /** Cluster events that could make it fit; empty: any. */
    retryOn: ReadonlySet<ClusterEventKind>;
}

const initialBackoffMs = 1_000;
const maxBackoffMs = 10_000;
/** An unschedulable pod is tried again after this time even when nothing relevant seems to have happened. */
const unschedulableMaxMs = 5 * 60_000;

/**
 * Pods that wait for a node, in three places:
 *
 *     active        ready to be tried, highest priority first, then the oldest
 *     backoff       tried and failed, to be tried again when their back-off is over
 *     unschedulable did not fit; wait for a cluster event that may change that
 *
 * Invariant: a pod is in one place only, or with the scheduler between `pop` and `requeue`/`done`.
 */
export class SchedulingQueue {
    readonly #clock: Clock;
    readonly #onReady: () => void;
    readonly #active = new Map<string, QueuedPod>();
    readonly #backoff = new Map<string, QueuedPod>();
    readonly #unschedulable = new Map<string, QueuedPod>();
    /** Popped pods, with the cluster events seen since: one of them may be what the pod fails for. */
    readonly #inFlight = new Map<string, Set<ClusterEventKind>>();
    #cancelTimer: (() => void) | undefined;
    #timerAtMs = Number.POSITIVE_INFINITY;

    /** @param onReady called when a pod has become active */
    constructor(clock: Clock, onReady: () => void) {
        this.#clock = clock;
        this.#onReady = onReady;
    }

    get sizes(): { active: number; backoff: number; unschedulable: number } {
        return {
            active: this.#active.size,
            backoff: this.#backoff.size,
            unschedulable: this.#unschedulable.size,
        };
    }

    /** A pod without node: new, or changed. A changed one is tried again at once if its spec or labels changed. */
    add(pod: V1Pod): void {
        const key = objectKey(pod);
        if (this.#inFlight.has(key)) {
            this.#inFlight.get(key)?.add('podUpdated');
            return;
        }
        const waiting = this.#active.get(key) ?? this.#backoff.get(key) ?? this.#unschedulable.get(key);
        if (waiting !== undefined) {
            const changed = mayNowFit(waiting.pod, pod);
            waiting.pod = pod;
            if (changed && this.#unschedulable.delete(key)) this.#enqueue(key, waiting);
            return;
        }
        const now = this.#clock.monotonicMs();
        this.#enqueue(key, { pod, attempts: 0, addedMs: now, notBeforeMs: now, retryOn: new Set() });
    }

    remove(pod: V1Pod): void {
        const key = objectKey(pod);
        this.#active.delete(key);
        this.#backoff.delete(key);
        this.#unschedulable.delete(key);
    }

    /** The next pod to try; the caller must give it back with `done` or `requeue`. */
    pop(): QueuedPod | undefined {
        let best: [string, QueuedPod] | undefined;
        for (const entry of this.#active) if (best === undefined || before(entry[1], best[1])) best = entry;
        if (best === undefined) return undefined;
        const [key, queued] = best;
        this.#active.delete(key);
        this.#inFlight.set(key, new Set());
        queued.attempts++;
        return queued;
    }

    /** The pod has its node, or is gone. */
    done(queued: QueuedPod): void {
        this.#inFlight.delete(objectKey(queued.pod));
    }

    /** The pod did not fit (`retryOn` names the events worth waiting for), or an error came in between. */
    requeue(
        queued: QueuedPod,
        outcome: { type: 'unschedulable'; retryOn: ReadonlySet<ClusterEventKind> } | { type: 'error' },
    ): void {
        const key = objectKey(queued.pod);
        const missed = this.#inFlight.get(key) ?? new Set();
        this.#inFlight.delete(key);
        const now = this.#clock.monotonicMs();
        queued.notBeforeMs = now + Math.min(initialBackoffMs * 2 ** (queued.attempts - 1), maxBackoffMs);
        const events = outcome.type === 'error' ? new Set<ClusterEventKind>() : outcome.retryOn;
        queued.retryOn = events;
        const relevant = [...missed].some((kind) => kind === 'podUpdated' || events.has(kind));
        if (outcome.type === 'error' || relevant) this.#enqueue(key, queued);
        else {
            this.#unschedulable.set(key, queued);
            this.#wakeAt(now + unschedulableMaxMs);
        }
    }

    /** Something happened in the cluster: pods that wait for it are tried again. */
    clusterEvent(kind: ClusterEventKind): void {
        for (const seen of this.#inFlight.values()) seen.add(kind);
        for (const [key, queued] of this.#unschedulable) {
            if (queued.retryOn.size > 0 && !queued.retryOn.has(kind)) continue;
            this.#unschedulable.delete(key);
            this.#enqueue(key, queued);
        }
    }

    close(): void {
        this.#cancelTimer?.();
    }

    #enqueue(key: string, queued: QueuedPod): void {
        if (queued.notBeforeMs > this.#clock.monotonicMs()) {
            this.#backoff.set(key, queued);
            this.#wakeAt(queued.notBeforeMs);
            return;
        }
        this.#active.set(key, queued);
        this.#onReady();
    }

    #wakeAt(atMs: number): void {
        if (atMs >= this.#timerAtMs) return;
        this.#cancelTimer?.();
        this.#timerAtMs = atMs;
        this.#cancelTimer = this.#clock.setTimer(Math.max(1, atMs - this.#clock.monotonicMs()), () => {
            this.#timerAtMs = Number.POSITIVE_INFINITY;
            this.#wake();
        });
    }

    /** Moves what is due, and sets the timer for what is next. */
    #wake(): void {
        const now = this.#clock.monotonicMs();
        for (const [key, queued] of this.#backoff) {
            if (queued.notBeforeMs > now) this.#wakeAt(queued.notBeforeMs);
            else {
                this.#backoff.delete(key);
                this.#enqueue(key, queued);
            }
        }
        for (const [key, queued] of this.#unschedulable) {
            const dueMs = queued.notBeforeMs + unschedulableMaxMs;
            if (dueMs > now) this.#wakeAt(dueMs);
            else {
                this.#unschedulable.delete(key);
                this.#enqueue(key, queued);
            }
        }
    }
}

/** PrioritySort: higher priority first, then the one that waits longer. */
function before(a: QueuedPod, b: QueuedPod): boolean {
    const [left, right] = [a.pod.spec?.priority ?? 0, b.pod.spec?.priority ?? 0];
    return left === right ? a.addedMs < b.addedMs : left > right;
}

/** Status updates (our own condition, for one) are no reason to try again. */
function mayNowFit(old: V1Pod, pod: V1Pod): boolean {
    return (
        old.metadata?.generation !== pod.metadata?.generation ||
        JSON.stringify([old.spec, old.metadata?.labels]) !== JSON.stringify([pod.spec, pod.metadata?.labels])
    );
}
