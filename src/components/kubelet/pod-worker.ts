import type { V1Pod } from '../../api/meta/object.ts';
import type { Clock } from '../../util/clock.ts';
import type { Logger } from '../../util/logger.ts';

/** Why a pod must end although its object stays. */
export interface PodEnd {
    reason: string;
    message: string;
}

/** What a worker's steps are made of; given by the kubelet. */
export interface PodSteps {
    /** Brings a pod that should run closer to it. */
    sync(pod: V1Pod, context: { signal: AbortSignal }): Promise<SyncOutcome>;
    /** Stops everything; resolves once nothing runs. Called again with less time when that is asked for. */
    terminate(uid: string, context: TerminateContext): Promise<void>;
    /** Removes what the pod has on disk, and lets its object go. */
    finish(uid: string, pod: V1Pod | undefined): Promise<void>;
    /** The object is gone too: removes the last traces. */
    forget(uid: string): Promise<void>;
}

export type SyncOutcome =
    | { type: 'done'; retryAfterMs: number | undefined }
    /** All containers have ended for good, or the pod must not run. */
    | { type: 'ended'; end: PodEnd | undefined };

export interface TerminateContext {
    pod: V1Pod | undefined;
    graceSeconds: number | undefined;
    end: PodEnd | undefined;
    signal: AbortSignal;
}

export type WorkerPhase = 'syncing' | 'terminating' | 'terminated' | 'gone';

export interface PodWorkerOptions {
    uid: string;
    steps: PodSteps;
    clock: Clock;
    logger: Logger;
    onGone: () => void;
}

const retryInitialMs = 1000;
const retryMaxMs = 60_000;

/**
 * One pod's life: syncing → terminating → terminated → gone, never backwards. Invariants: one step at a
 * time; the newest desired state wins; what arrives during a step causes another one after it.
 */
export class PodWorker {
    readonly #options: PodWorkerOptions;
    #pod: V1Pod | undefined;
    #phase: WorkerPhase = 'syncing';
    #end: PodEnd | undefined;
    #graceSeconds: number | undefined;
    #removed = false;
    #dirty = false;
    #running: Promise<void> | undefined;
    #abort = new AbortController();
    #cancelTimer: (() => void) | undefined;
    #retryMs = retryInitialMs;
    #stopped = false;

    constructor(options: PodWorkerOptions) {
        this.#options = options;
    }

    get pod(): V1Pod | undefined {
        return this.#pod;
    }

    get phase(): WorkerPhase {
        return this.#phase;
    }

    get end(): PodEnd | undefined {
        return this.#end;
    }

    /** The object is new or has changed. Its deletion begins the end. */
    update(pod: V1Pod): void {
        this.#pod = pod;
        if (pod.metadata?.deletionTimestamp === undefined) {
            this.kick();
            return;
        }
        this.terminate({ graceSeconds: pod.metadata.deletionGracePeriodSeconds });
    }

    /** Stops the pod. A second call can only shorten the time that is left. */
    terminate({ graceSeconds, end }: { graceSeconds?: number | undefined; end?: PodEnd | undefined }): void {
        this.#end ??= end;
        const shorter = graceSeconds !== undefined && graceSeconds < (this.#graceSeconds ?? Infinity);
        if (shorter) this.#graceSeconds = Math.max(graceSeconds, 0);
        if (this.#phase === 'syncing') {
            this.#phase = 'terminating';
            this.#abort.abort();
        } else if (this.#phase === 'terminating' && shorter) this.#abort.abort();
        this.kick();
    }

    /** The object is gone (or there never was one): the pod ends, and then the worker. */
    remove(graceSeconds: number | undefined): void {
        this.#removed = true;
        this.terminate({ graceSeconds });
    }

    /** Something happened that the next step should see. */
    kick(): void {
        this.#dirty = true;
        if (this.#running !== undefined || this.#stopped) return;
        this.#running = this.#run().finally(() => {
            this.#running = undefined;
            if (this.#dirty) this.kick();
        });
    }

    /** Containers stay as they are. Resolves when the current step is over. */
    async stop(): Promise<void> {
        this.#stopped = true;
        this.#cancelTimer?.();
        this.#abort.abort();
        await this.#running;
    }

    async #run(): Promise<void> {
        while (this.#dirty && !this.#stopped && this.#phase !== 'gone') {
            this.#dirty = false;
            this.#cancelTimer?.();
            this.#abort = new AbortController();
            const { signal } = this.#abort;
            try {
                await this.#step(signal);
                this.#retryMs = retryInitialMs;
            } catch (error) {
                if (signal.aborted) {
                    this.#dirty = true;
                    continue;
                }
                this.#options.logger.warn({ err: error, uid: this.#options.uid }, 'a pod step failed');
                this.#wakeAfter(this.#retryMs);
                this.#retryMs = Math.min(this.#retryMs * 2, retryMaxMs);
            }
        }
        if (this.#phase === 'gone' || this.#stopped) this.#dirty = false;
    }

    #wakeAfter(ms: number): void {
        this.#cancelTimer?.();
        this.#cancelTimer = this.#options.clock.setTimer(ms, () => {
            this.kick();
        });
    }

    async #step(signal: AbortSignal): Promise<void> {
        const { steps, uid } = this.#options;
        switch (this.#phase) {
            case 'syncing':
                await this.#sync(signal);
                return;
            case 'terminating':
                await steps.terminate(uid, {
                    pod: this.#pod,
                    graceSeconds: this.#graceSeconds,
                    end: this.#end,
                    signal,
                });
                this.#phase = 'terminated';
                this.#dirty = true;
                return;
            case 'terminated':
                await steps.finish(uid, this.#pod);
                if (!this.#removed) return;
                await steps.forget(uid);
                this.#phase = 'gone';
                this.#options.onGone();
                return;
            case 'gone':
                return;
        }
    }

    async #sync(signal: AbortSignal): Promise<void> {
        if (this.#pod === undefined) return;
        const outcome = await this.#options.steps.sync(this.#pod, { signal });
        if (outcome.type === 'ended') this.terminate({ end: outcome.end });
        else if (outcome.retryAfterMs !== undefined) this.#wakeAfter(outcome.retryAfterMs);
    }
}
