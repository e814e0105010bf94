import http from 'node:http';
import https from 'node:https';
import type { IncomingMessage } from 'node:http';
import { systemClock, type Clock } from '../util/clock.ts';
import { Credential } from './credential-source.ts';
import type { ClientConfig } from './kubeconfig.ts';
import { retryDelayMs } from './retry-after.ts';
import { statusErrorOf } from './status-body.ts';
import type {
    Transport,
    TransportRequest,
    TransportResponse,
    TransportWatch,
    WatchHandler,
} from './transport.ts';
import { clientVersion } from './user-agent.ts';
import { readWatch } from './watch-stream.ts';

export interface HttpTransportOptions {
    clock?: Clock;
    userAgent?: string;
    /** No byte came for this long: the request fails. Does not apply to open watches. */
    idleTimeoutMs?: number;
}

/** A list of everything in a large cluster fits. */
const responseBytesMax = 512 * 1024 * 1024;
const idleTimeoutDefaultMs = 60_000;
/** TCP keep-alive: a peer that vanished is noticed within this plus some ten seconds. */
const keepAliveProbeMs = 30_000;
const requestSocketsMax = 16;
const idleSocketsMax = 4;
/** As client-go: at most this many repeats of one request. */
const retriesMax = 10;

interface Agents {
    requests: http.Agent;
    watches: http.Agent;
    /** Which credentials they were made with. */
    generation: string;
}

/**
 * Reaches an API server over HTTP/1.1 with kept-alive connections: one small pool for requests, one
 * connection per watch, so that a broken or slow stream holds up nothing else.
 */
export function createHttpTransport(config: ClientConfig, options: HttpTransportOptions = {}): Transport {
    return new HttpTransport(config, options);
}

class HttpTransport implements Transport {
    readonly #config: ClientConfig;
    readonly #base: URL;
    readonly #clock: Clock;
    readonly #idleTimeoutMs: number;
    readonly #userAgent: string;
    readonly #ca: Credential | undefined;
    readonly #certificate: Credential | undefined;
    readonly #key: Credential | undefined;
    readonly #token: Credential | undefined;
    readonly #closed = new AbortController();
    #agents: Agents | undefined;

    constructor(config: ClientConfig, options: HttpTransportOptions) {
        this.#config = config;
        this.#base = new URL(config.server);
        this.#clock = options.clock ?? systemClock;
        this.#idleTimeoutMs = options.idleTimeoutMs ?? idleTimeoutDefaultMs;
        this.#userAgent = options.userAgent ?? clientVersion();
        const credential = (source: ClientConfig['token']): Credential | undefined =>
            source === undefined ? undefined : new Credential(source, this.#clock);
        this.#ca = credential(config.certificateAuthority);
        this.#certificate = credential(config.clientCertificate);
        this.#key = credential(config.clientKey);
        this.#token = credential(config.token);
    }

    async request(request: TransportRequest): Promise<TransportResponse> {
        const payload = request.body === undefined ? undefined : Buffer.from(JSON.stringify(request.body));
        for (let attempt = 0; ; attempt++) {
            const response = await this.#send(request, { payload, watch: false });
            const bytes = await readAll(response);
            const status = response.statusCode ?? 0;
            const delayMs = retryDelayMs(status, response.headers['retry-after']);
            if (delayMs !== undefined && attempt < retriesMax) {
                await this.#sleep(delayMs, request.signal);
                continue;
            }
            return { status, body: decode(bytes, response.headers['content-type']) };
        }
    }

    async watch(request: TransportRequest, handler: WatchHandler): Promise<TransportWatch> {
        const response = await this.#send(request, { payload: undefined, watch: true });
        if (response.statusCode !== 200) {
            const bytes = await readAll(response);
            throw statusErrorOf(
                response.statusCode ?? 0,
                decode(bytes, response.headers['content-type']),
                response.headers['retry-after'],
            );
        }
        return readWatch(response, handler);
    }

    close(): void {
        this.#closed.abort(new Error('the transport was closed'));
        this.#agents?.requests.destroy();
        this.#agents?.watches.destroy();
    }

    async #send(
        request: TransportRequest,
        how: { payload: Buffer | undefined; watch: boolean },
    ): Promise<IncomingMessage> {
        const signal =
            request.signal === undefined
                ? this.#closed.signal
                : AbortSignal.any([this.#closed.signal, request.signal]);
        signal.throwIfAborted();
        const headers = await this.#headers(request, how.payload);
        const agents = await this.#currentAgents();
        const url = new URL(this.#base);
        const [path = '/', query] = request.path.split('?', 2);
        url.pathname = `${this.#base.pathname.replace(/\/$/, '')}${path}`;
        url.search = query === undefined ? '' : `?${query}`;
        const module = url.protocol === 'https:' ? https : http;
        return await new Promise<IncomingMessage>((resolve, reject) => {
            const outgoing = module.request(
                url,
                {
                    method: request.method,
                    headers,
                    agent: how.watch ? agents.watches : agents.requests,
                    signal,
                },
                (response) => {
                    if (how.watch) outgoing.setTimeout(0);
                    resolve(response);
                },
            );
            outgoing.setTimeout(this.#idleTimeoutMs, () =>
                outgoing.destroy(new Error(`no answer within ${this.#idleTimeoutMs} ms`)),
            );
            outgoing.on('socket', (socket) => socket.setKeepAlive(true, keepAliveProbeMs));
            outgoing.on('error', (error) =>
                reject(
                    new Error(`${request.method} ${url.origin}${path}: ${error.message}`, { cause: error }),
                ),
            );
            outgoing.end(how.payload);
        });
    }

    async #headers(
        request: TransportRequest,
        payload: Buffer | undefined,
    ): Promise<Record<string, string | string[]>> {
        const headers: Record<string, string | string[]> = {
            accept: 'application/json',
            'user-agent': this.#userAgent,
        };
        if (payload !== undefined) {
            headers['content-type'] = request.contentType ?? 'application/json';
            headers['content-length'] = String(payload.length);
        }
        const token = (await this.#token?.read())?.toString('utf8').trim();
        if (token) headers['authorization'] = `Bearer ${token}`;
        const { impersonate } = this.#config;
        if (impersonate !== undefined) {
            headers['impersonate-user'] = impersonate.username;
            if (impersonate.groups.length > 0) headers['impersonate-group'] = [...impersonate.groups];
        }
        return headers;
    }

    /** New connections are made with the newest credentials; open ones live on until they end. */
    async #currentAgents(): Promise<Agents> {
        const [ca, cert, key] = await Promise.all([
            this.#ca?.read(),
            this.#certificate?.read(),
            this.#key?.read(),
        ]);
        const generation = [this.#ca, this.#certificate, this.#key].map((c) => c?.generation ?? 0).join('/');
        if (this.#agents?.generation === generation) return this.#agents;
        retire(this.#agents);
        const tls = {
            ...(ca === undefined ? {} : { ca }),
            ...(cert === undefined ? {} : { cert }),
            ...(key === undefined ? {} : { key }),
            ...(this.#config.tlsServerName === undefined ? {} : { servername: this.#config.tlsServerName }),
            rejectUnauthorized: this.#config.insecureSkipTlsVerify !== true,
        };
        const make = (limits: http.AgentOptions): http.Agent =>
            this.#base.protocol === 'https:'
                ? new https.Agent({ keepAlive: true, ...limits, ...tls })
                : new http.Agent({ keepAlive: true, ...limits });
        this.#agents = {
            requests: make({ maxSockets: requestSocketsMax, maxFreeSockets: idleSocketsMax }),
            watches: make({ maxFreeSockets: 1 }),
            generation,
        };
        return this.#agents;
    }

    async #sleep(delayMs: number, signal: AbortSignal | undefined): Promise<void> {
        const signals = [this.#closed.signal, ...(signal === undefined ? [] : [signal])];
        await new Promise<void>((resolve, reject) => {
            const finish = (settle: () => void): void => {
                cancel();
                for (const s of signals) s.removeEventListener('abort', onAbort);
                settle();
            };
            const onAbort = (): void =>
                finish(() => reject(new Error('aborted while waiting to repeat a request')));
            const cancel = this.#clock.setTimer(delayMs, () => finish(resolve));
            for (const s of signals) s.addEventListener('abort', onAbort, { once: true });
        });
    }
}

/** Idle connections are closed, busy ones finish their request first. */
function retire(agents: Agents | undefined): void {
    for (const agent of [agents?.requests, agents?.watches]) {
        for (const sockets of Object.values(agent?.freeSockets ?? {})) {
            for (const socket of sockets ?? []) socket.destroy();
        }
        if (agent !== undefined) agent.maxFreeSockets = 0;
    }
}

async function readAll(response: IncomingMessage): Promise<Buffer> {
    const chunks: Buffer[] = [];
    let total = 0;
    for await (const chunk of response as AsyncIterable<Buffer>) {
        total += chunk.length;
        if (total > responseBytesMax) throw new Error(`the answer is larger than ${responseBytesMax} bytes`);
        chunks.push(chunk);
    }
    return Buffer.concat(chunks, total);
}

/** JSON where the server says so, else text. */
function decode(bytes: Buffer, contentType: string | undefined): unknown {
    const text = bytes.toString('utf8');
    if (!contentType?.includes('json') || text === '') return text;
    try {
        return JSON.parse(text) as unknown;
    } catch (error) {
        throw new Error('the server sent JSON that cannot be parsed', { cause: error });
    }
}
