import { Backoff } from '../../../client/backoff.ts';
import type { Clock } from '../../../util/clock.ts';
import type { Logger } from '../../../util/logger.ts';
import type { KubeconfigWebhook } from '../webhook/kubeconfig-webhook.ts';
import type { AuditSink } from './auditor.ts';
import { Throttle, type ThrottleSettings } from './throttle.ts';

export interface WebhookSinkOptions {
    client: Pick<KubeconfigWebhook, 'send' | 'close'>;
    /** Default: upstream's figures. */
    batch?: Partial<BatchSettings>;
    /** Before the first repetition; the next ones wait longer. Default 10 s. */
    initialBackoffMs?: number;
    clock: Clock;
    logger: Logger;
}

export interface BatchSettings {
    /** Events that wait at most; what comes then is dropped. */
    bufferEventsMax: number;
    batchEventsMax: number;
    /** How long events wait for others. */
    batchWaitMs: number;
    /** How many batches leave in what time; undefined: as many as there are. */
    throttle: ThrottleSettings | undefined;
}

/** Upstream's figures for the batching webhook. */
export const webhookBatchDefaults: BatchSettings = {
    bufferEventsMax: 10_000,
    batchEventsMax: 400,
    batchWaitMs: 30_000,
    throttle: { perSecond: 10, burst: 15 },
};
const attemptsMax = 5;
export const initialBackoffDefaultMs = 10_000;
/** How much longer than the first wait a later one may be; upstream's five steps by one and a half come to 5. */
const backoffFactorMax = 5;
/** The same events in memory; the rest is dropped and counted. */
const bufferedCharsMax = 16 * 1024 * 1024;
/** How long stopping waits for the last batch. */
const stopTimeoutMs = 5_000;

/**
 * Sends audit events in batches, as an EventList, to a webhook. A batch that the other side does not take is
 * sent again a few times and then dropped; what comes while too much waits is dropped at once.
 */
export class WebhookSink implements AuditSink {
    readonly name = 'webhook';
    readonly #options: WebhookSinkOptions;
    readonly #batch: BatchSettings;
    readonly #abort = new AbortController();
    readonly #throttle: Throttle | undefined;
    #lines: string[] = [];
    #chars = 0;
    #cancelTimer: (() => void) | undefined;
    #sending: Promise<void> | undefined;
    #isStopping = false;
    /** Sends what the throttle holds back. */
    #endThrottling: (() => void) | undefined;

    constructor(options: WebhookSinkOptions) {
        this.#options = options;
        this.#batch = { ...webhookBatchDefaults, ...options.batch };
        const { throttle } = this.#batch;
        this.#throttle = throttle && new Throttle(throttle, options.clock);
    }

    write(line: string): boolean {
        const isFull = this.#lines.length >= this.#batch.bufferEventsMax;
        if (isFull || this.#chars + line.length > bufferedCharsMax) return false;
        this.#lines.push(line);
        this.#chars += line.length;
        if (this.#lines.length >= this.#batch.batchEventsMax) this.#sendNow();
        else this.#schedule();
        return true;
    }

    /** Each event by itself: the request that it is about waits for it. */
    async writeThrough(line: string): Promise<boolean> {
        return await this.#delivered([line]);
    }

    async stop(): Promise<void> {
        this.#isStopping = true;
        this.#endThrottling?.();
        const cancel = this.#options.clock.setTimer(stopTimeoutMs, () => {
            this.#abort.abort(new Error('the audit webhook is stopped'));
        });
        while (!this.#abort.signal.aborted && (this.#lines.length > 0 || this.#sending !== undefined)) {
            this.#sendNow();
            await this.#sending;
        }
        cancel();
        this.#cancelTimer?.();
        this.#options.client.close();
    }

    #schedule(): void {
        this.#cancelTimer ??= this.#options.clock.setTimer(this.#batch.batchWaitMs, () => {
            this.#sendNow();
        });
    }

    #sendNow(): void {
        if (this.#sending !== undefined || this.#lines.length === 0) return;
        this.#cancelTimer?.();
        this.#cancelTimer = undefined;
        const batch = this.#lines.splice(0, this.#batch.batchEventsMax);
        for (const line of batch) this.#chars -= line.length;
        this.#sending = this.#whenAllowed(batch).then(() => {
            this.#sending = undefined;
            if (this.#lines.length >= this.#batch.batchEventsMax) this.#sendNow();
            else if (this.#lines.length > 0) this.#schedule();
        });
    }

    async #whenAllowed(batch: readonly string[]): Promise<void> {
        const delayMs = this.#isStopping ? 0 : (this.#throttle?.takeMs() ?? 0);
        if (delayMs > 0) {
            await new Promise<void>((resolve) => {
                const cancel = this.#options.clock.setTimer(delayMs, resolve);
                this.#endThrottling = () => {
                    cancel();
                    resolve();
                };
            });
        }
        await this.#delivered(batch);
    }

    /** False when the events have been given up. */
    async #delivered(batch: readonly string[]): Promise<boolean> {
        try {
            await this.#send(batch);
            return true;
        } catch (error) {
            this.#options.logger.error(
                { err: error, events: batch.length },
                'audit events were not taken by the webhook',
            );
            return false;
        }
    }

    async #send(batch: readonly string[]): Promise<void> {
        const body = {
            kind: 'EventList',
            apiVersion: 'audit.k8s.io/v1',
            metadata: {},
            items: batch.map((line) => JSON.parse(line) as unknown),
        };
        const baseMs = this.#options.initialBackoffMs ?? initialBackoffDefaultMs;
        const backoff = new Backoff({ baseMs, maxMs: baseMs * backoffFactorMax });
        for (let attempt = 1; ; attempt++) {
            const problem = await this.#post(body);
            if (problem === undefined) return;
            if (attempt >= attemptsMax || this.#isStopping) throw problem;
            await this.#sleep(backoff.next());
        }
    }

    async #post(body: object): Promise<Error | undefined> {
        try {
            await this.#options.client.send(body, this.#abort.signal);
            return undefined;
        } catch (error) {
            return error instanceof Error ? error : new Error(String(error));
        }
    }

    async #sleep(delayMs: number): Promise<void> {
        await new Promise<void>((resolve) => {
            const cancel = this.#options.clock.setTimer(delayMs, resolve);
            this.#abort.signal.addEventListener(
                'abort',
                () => {
                    cancel();
                    resolve();
                },
                { once: true },
            );
        });
    }
}
