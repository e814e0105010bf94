import https from 'node:https';
import http from 'node:http';
import type { ClientConfig } from '../../../client/kubeconfig.ts';
import { type Clock, systemClock } from '../../../util/clock.ts';
import { ShownCredentials } from './shown-credentials.ts';

/** A review is small; whatever is larger is no review. */
const answerBytesMax = 1024 * 1024;
const attemptsMax = 5;
const firstDelayMs = 500;
const delayFactor = 1.5;
const socketsMax = 16;
const idleTimeoutMs = 60_000;

/** How one round trip ended, in the words of upstream's metrics. */
export type RoundTripResult = 'success' | 'error' | 'timeout' | 'canceled';

export interface KubeconfigWebhookOptions {
    clock?: Clock;
    /** Bound of a single attempt. Default 30 seconds. */
    attemptTimeoutMs?: number;
    /** Default 5, as upstream's retry back-off. */
    attempts?: number;
}

export interface PostOptions {
    signal?: AbortSignal;
    /** Told of every round trip. */
    onRoundTrip?: (result: RoundTripResult, seconds: number) => void;
}

/** Posts to the server that a kubeconfig describes: token and access reviews, audit events. */
export class KubeconfigWebhook {
    readonly #config: ClientConfig;
    readonly #clock: Clock;
    readonly #attemptTimeoutMs: number;
    readonly #attempts: number;
    readonly #credentials: ShownCredentials;
    #agent: { agent: http.Agent; generation: string } | undefined;

    constructor(config: ClientConfig, options: KubeconfigWebhookOptions = {}) {
        this.#config = config;
        this.#clock = options.clock ?? systemClock;
        this.#attemptTimeoutMs = options.attemptTimeoutMs ?? 30_000;
        this.#attempts = options.attempts ?? attemptsMax;
        this.#credentials = new ShownCredentials(config, this.#clock);
    }

    /**
     * The answer's JSON; asks again when the server cannot be reached or is busy. Throws when the last attempt has
     * failed, or the answer is no 2xx.
     */
    async post(body: object, { signal, onRoundTrip }: PostOptions = {}): Promise<unknown> {
        for (let attempt = 1; ; attempt += 1) {
            const startMs = performance.now();
            const told = (result: RoundTripResult): void => {
                onRoundTrip?.(result, (performance.now() - startMs) / 1000);
            };
            try {
                const answer = parse(await this.send(body, signal));
                told('success');
                return answer;
            } catch (error) {
                told(resultOf(error, signal));
                const mayRetry = !(error instanceof WebhookAnswerError) || error.isTemporary;
                if (!mayRetry || attempt >= this.#attempts || signal?.aborted === true) throw error;
            }
            await this.#pause(firstDelayMs * delayFactor ** (attempt - 1));
        }
    }

    /** One attempt; resolves with what the server says to it. Throws unless that is a 2xx. */
    async send(body: object, signal?: AbortSignal): Promise<Buffer> {
        const text = JSON.stringify(body);
        const url = new URL(this.#config.server);
        const agent = await this.#agentOf(url);
        const headers = {
            'content-type': 'application/json',
            accept: 'application/json',
            'content-length': String(Buffer.byteLength(text)),
            ...(await this.#credentials.headers()),
        };
        const timeout = AbortSignal.timeout(this.#attemptTimeoutMs);
        const bounded = signal === undefined ? timeout : AbortSignal.any([timeout, signal]);
        const { request } = url.protocol === 'http:' ? http : https;
        return await new Promise<Buffer>((resolve, reject) => {
            const fail = (error: Error): void => {
                reject(timeout.aborted ? new WebhookTimeoutError(this.#attemptTimeoutMs, error) : error);
            };
            const call = request(url, { method: 'POST', agent, headers, signal: bounded }, (response) => {
                readAnswer(response).then(resolve, fail);
            });
            call.on('error', fail);
            call.end(text);
        });
    }

    /** Closes idle connections. */
    close(): void {
        this.#agent?.agent.destroy();
        this.#agent = undefined;
    }

    async #pause(delayMs: number): Promise<void> {
        await new Promise<void>((resolve) => {
            this.#clock.setTimer(delayMs, resolve);
        });
    }

    async #agentOf(url: URL): Promise<http.Agent> {
        const { generation, tls } = await this.#credentials.connection();
        if (this.#agent?.generation !== generation) {
            this.#agent?.agent.destroy();
            const { tlsServerName, insecureSkipTlsVerify } = this.#config;
            const limits = { keepAlive: true, maxSockets: socketsMax, timeout: idleTimeoutMs };
            const agent =
                url.protocol === 'http:'
                    ? new http.Agent(limits)
                    : new https.Agent({
                          ...limits,
                          ...tls,
                          ...(tlsServerName === undefined ? {} : { servername: tlsServerName }),
                          rejectUnauthorized: insecureSkipTlsVerify !== true,
                      });
            this.#agent = { agent, generation };
        }
        return this.#agent.agent;
    }
}

/** The server answered, but not with what was asked for. */
export class WebhookAnswerError extends Error {
    override readonly name = 'WebhookAnswerError';
    readonly status: number;
    readonly isTemporary: boolean;

    constructor(message: string, status: number) {
        super(message);
        this.status = status;
        this.isTemporary = status === 429 || status >= 500;
    }
}

/** No answer came within the time of an attempt. */
export class WebhookTimeoutError extends Error {
    override readonly name = 'WebhookTimeoutError';

    constructor(timeoutMs: number, cause: unknown) {
        super(`the webhook gave no answer within ${timeoutMs} ms`, { cause });
    }
}

function resultOf(error: unknown, signal: AbortSignal | undefined): RoundTripResult {
    if (signal?.aborted === true) return 'canceled';
    const isLate = error instanceof WebhookAnswerError && error.status === 504;
    return isLate || error instanceof WebhookTimeoutError ? 'timeout' : 'error';
}

async function readAnswer(response: http.IncomingMessage): Promise<Buffer> {
    const status = response.statusCode ?? 0;
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of response as AsyncIterable<Buffer>) {
        size += chunk.length;
        if (size > answerBytesMax) {
            response.destroy();
            throw new WebhookAnswerError(`the webhook's answer is larger than ${answerBytesMax} bytes`, 0);
        }
        chunks.push(chunk);
    }
    if (status < 200 || status > 299) throw new WebhookAnswerError(`the webhook answered ${status}`, status);
    return Buffer.concat(chunks);
}

function parse(answer: Buffer): unknown {
    try {
        return JSON.parse(answer.toString('utf8')) as unknown;
    } catch {
        throw new WebhookAnswerError("the webhook's answer is no JSON", 0);
    }
}
