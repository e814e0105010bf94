import https from 'node:https';
import http from 'node:http';
import type { ClientConfig } from '../../../client/kubeconfig.ts';
import { Credential } from '../../../client/credential-source.ts';
import { type Clock, systemClock } from '../../../util/clock.ts';

/** A review is small; whatever is larger is no review. */
const answerBytesMax = 1024 * 1024;
const attemptsMax = 5;
const firstDelayMs = 500;
const delayFactor = 1.5;
const socketsMax = 16;

export interface WebhookClientOptions {
    clock?: Clock;
    /** Bound of a single attempt. Default 30 seconds. */
    attemptTimeoutMs?: number;
    /** Default 5, as upstream's retry back-off. */
    attempts?: number;
}

/** Posts reviews to the server that a kubeconfig describes, again when it cannot be reached or is busy. */
export class WebhookClient {
    readonly #config: ClientConfig;
    readonly #clock: Clock;
    readonly #attemptTimeoutMs: number;
    readonly #attempts: number;
    readonly #credentials: Readonly<Record<'ca' | 'cert' | 'key' | 'token', Credential | undefined>>;
    #agent: { agent: http.Agent; generation: string } | undefined;

    constructor(config: ClientConfig, options: WebhookClientOptions = {}) {
        this.#config = config;
        this.#clock = options.clock ?? systemClock;
        this.#attemptTimeoutMs = options.attemptTimeoutMs ?? 30_000;
        this.#attempts = options.attempts ?? attemptsMax;
        const credential = (source: ClientConfig['token']) =>
            source === undefined ? undefined : new Credential(source, this.#clock);
        this.#credentials = {
            ca: credential(config.certificateAuthority),
            cert: credential(config.clientCertificate),
            key: credential(config.clientKey),
            token: credential(config.token),
        };
    }

    /** The answer's JSON. Throws when the last attempt has failed, or the answer is no 2xx. */
    async post(body: object): Promise<unknown> {
        const text = JSON.stringify(body);
        for (let attempt = 1; ; attempt += 1) {
            const failure = await this.#attempt(text).catch((error: unknown) => error);
            if (!(failure instanceof Error)) return failure;
            const mayRetry = !(failure instanceof WebhookAnswerError) || failure.isTemporary;
            if (!mayRetry || attempt >= this.#attempts) throw failure;
            await this.#pause(firstDelayMs * delayFactor ** (attempt - 1));
        }
    }

    async #pause(delayMs: number): Promise<void> {
        await new Promise<void>((resolve) => {
            this.#clock.setTimer(delayMs, resolve);
        });
    }

    async #attempt(text: string): Promise<unknown> {
        const url = new URL(this.#config.server);
        const agent = await this.#agentOf(url);
        const token = await this.#credentials.token?.read();
        const headers = {
            'content-type': 'application/json',
            accept: 'application/json',
            'content-length': String(Buffer.byteLength(text)),
            ...(token === undefined ? {} : { authorization: `Bearer ${token.toString('utf8').trim()}` }),
        };
        const signal = AbortSignal.timeout(this.#attemptTimeoutMs);
        const { request } = url.protocol === 'http:' ? http : https;
        return await new Promise<unknown>((resolve, reject) => {
            const call = request(url, { method: 'POST', agent, headers, signal }, (response) => {
                readAnswer(response).then(resolve, reject);
            });
            call.on('error', reject);
            call.end(text);
        });
    }

    async #agentOf(url: URL): Promise<http.Agent> {
        const { ca, cert, key } = this.#credentials;
        const [caBytes, certBytes, keyBytes] = [await ca?.read(), await cert?.read(), await key?.read()];
        const generation = [ca, cert, key].map((part) => part?.generation ?? 0).join('/');
        if (this.#agent?.generation !== generation) {
            this.#agent?.agent.destroy();
            const { tlsServerName, insecureSkipTlsVerify } = this.#config;
            const agent =
                url.protocol === 'http:'
                    ? new http.Agent({ keepAlive: true, maxSockets: socketsMax })
                    : new https.Agent({
                          keepAlive: true,
                          maxSockets: socketsMax,
                          ...(caBytes === undefined ? {} : { ca: caBytes }),
                          ...(certBytes === undefined ? {} : { cert: certBytes }),
                          ...(keyBytes === undefined ? {} : { key: keyBytes }),
                          ...(tlsServerName === undefined ? {} : { servername: tlsServerName }),
                          rejectUnauthorized: insecureSkipTlsVerify !== true,
                      });
            this.#agent = { agent, generation };
        }
        return this.#agent.agent;
    }
}

/** The server answered, but not with a review. */
export class WebhookAnswerError extends Error {
    override readonly name = 'WebhookAnswerError';
    readonly isTemporary: boolean;

    constructor(message: string, status: number) {
        super(message);
        this.isTemporary = status === 429 || status >= 500;
    }
}

async function readAnswer(response: http.IncomingMessage): Promise<unknown> {
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
    try {
        return JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown;
    } catch {
        throw new WebhookAnswerError("the webhook's answer is no JSON", 0);
    }
}
