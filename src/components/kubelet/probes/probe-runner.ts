import type { V1Probe } from '../../../api/meta/object.ts';
import type { Clock } from '../../../util/clock.ts';
import type { ProbeOutcome } from './probe-handler.ts';

export type ProbeType = 'liveness' | 'readiness' | 'startup';

export interface ProbeRunnerOptions {
    type: ProbeType;
    probe: V1Probe;
    clock: Clock;
    /** How long ago the container was started. */
    runningForMs: number;
    /** The verdict to begin with; undefined: not known yet. */
    initial: boolean | undefined;
    /** Random part of the first delay, below 1: probes of many pods must not run in step. */
    jitter: number;
    run: (probe: V1Probe, signal: AbortSignal) => Promise<ProbeOutcome>;
    /** The verdict has changed. */
    onVerdict: (verdict: boolean) => void;
    /** A single run was no plain success: for events. */
    onTrouble: (outcome: ProbeOutcome) => void;
}

const initialDelaySecondsDefault = 0;
const periodSecondsDefault = 10;
const failureThresholdDefault = 3;

/**
 * Runs one probe of one container over and over, and turns its answers into a verdict by the thresholds.
 * A liveness or startup probe that has failed stops: its container is going to be killed. A startup probe
 * that has succeeded stops too.
 */
export class ProbeRunner {
    readonly #options: ProbeRunnerOptions;
    readonly #abort = new AbortController();
    #verdict: boolean | undefined;
    #lastResult: 'success' | 'failure' | undefined;
    #count = 0;
    #cancelTimer: (() => void) | undefined;

    constructor(options: ProbeRunnerOptions) {
        this.#options = options;
        this.#verdict = options.initial;
        const { initialDelaySeconds, periodSeconds } = options.probe;
        const delayMs = (initialDelaySeconds ?? initialDelaySecondsDefault) * 1000 - options.runningForMs;
        const spreadMs = options.jitter * (periodSeconds ?? periodSecondsDefault) * 1000;
        this.#schedule(Math.max(delayMs, 0) + spreadMs);
    }

    get verdict(): boolean | undefined {
        return this.#verdict;
    }

    stop(): void {
        this.#abort.abort();
        this.#cancelTimer?.();
    }

    #schedule(delayMs: number): void {
        this.#cancelTimer = this.#options.clock.setTimer(delayMs, () => {
            void this.#tick();
        });
    }

    async #tick(): Promise<void> {
        const { probe, clock } = this.#options;
        const beganAtMs = clock.monotonicMs();
        const outcome = await this.#runOnce();
        if (this.#abort.signal.aborted) return;
        const goOn = this.#digest(outcome);
        const periodMs = (probe.periodSeconds ?? periodSecondsDefault) * 1000;
        if (goOn) this.#schedule(Math.max(periodMs - (clock.monotonicMs() - beganAtMs), 0));
    }

    async #runOnce(): Promise<ProbeOutcome> {
        try {
            return await this.#options.run(this.#options.probe, this.#abort.signal);
        } catch (error) {
            return { result: 'unknown', output: error instanceof Error ? error.message : String(error) };
        }
    }

    /** False when the probe has done its work. */
    #digest(outcome: ProbeOutcome): boolean {
        const { probe, type, onVerdict, onTrouble } = this.#options;
        if (outcome.result !== 'success') onTrouble(outcome);
        if (outcome.result === 'unknown') return true;
        const success = outcome.result !== 'failure';
        const result = success ? 'success' : 'failure';
        this.#count = result === this.#lastResult ? this.#count + 1 : 1;
        this.#lastResult = result;
        const threshold = success
            ? (probe.successThreshold ?? 1)
            : (probe.failureThreshold ?? failureThresholdDefault);
        if (this.#count < threshold) return true;
        if (this.#verdict !== success) {
            this.#verdict = success;
            onVerdict(success);
        }
        if (type === 'readiness') return true;
        return type === 'liveness' && success;
    }
}
