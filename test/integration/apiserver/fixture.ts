import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import https from 'node:https';
import { gunzipSync } from 'node:zlib';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CelCompiler } from '../../../src/api/cel/cel.ts';
import { resourceDefinitions } from '../../../src/api/groups/index.ts';
import type { Client } from '../../../src/client/client.ts';
import { createClient } from '../../../src/client/rest-client.ts';
import type { AdmissionPlugin } from '../../../src/components/apiserver/admission.ts';
import {
    type AggregationServing,
    serveAggregation,
} from '../../../src/components/apiserver/aggregation/serve.ts';
import type { Auditor } from '../../../src/components/apiserver/audit/auditor.ts';
import {
    type AuthenticatorOptions,
    createAuthenticator,
} from '../../../src/components/apiserver/authn/authenticator.ts';
import { createAuthorizer } from '../../../src/components/apiserver/authz/authorizer.ts';
import {
    type CustomResourceServing,
    serveCustomResources,
} from '../../../src/components/apiserver/custom-resources/serve.ts';
import { discoveryRoutes } from '../../../src/components/apiserver/discovery/routes.ts';
import { openApiRoutes } from '../../../src/components/apiserver/openapi/routes.ts';
import type { ServerExtensions } from '../../../src/components/apiserver/extensions.ts';
import { FlowControl } from '../../../src/components/apiserver/flow-control/flow-control.ts';
import { resourceStats } from '../../../src/components/apiserver/flow-control/resource-stats.ts';
import type { InFlightLimits } from '../../../src/components/apiserver/middleware/in-flight.ts';
import { ChainMetrics } from '../../../src/components/apiserver/metrics/chain-metrics.ts';
import { ApiServer } from '../../../src/components/apiserver/server.ts';
import { WatchCaches } from '../../../src/components/apiserver/watch-caches.ts';
import { createAuthority, issueCertificate, type KeyPair } from '../../../src/pki/authority.ts';
import { openMemoryStore } from '../../../src/store/mvcc/open-store.ts';
import type { Store } from '../../../src/store/store.ts';
import { systemClock } from '../../../src/util/clock.ts';
import { createLogger, type Logger } from '../../../src/util/logger.ts';
import type { TlsSettings } from '../../../src/util/tls-settings.ts';

export interface Reply {
    status: number;
    headers: Readonly<Record<string, string | string[] | undefined>>;
    text: string;
    /** The body as the type that the test asked for; `like` is only there to infer it from. */
    json<T>(like?: T): T;
}

export interface CallOptions {
    body?: unknown;
    headers?: Record<string, string>;
    /** Default: the admin. null: no client certificate. */
    as?: KeyPair | null;
}

export interface FixtureOptions {
    admission?: AdmissionPlugin[];
    extensions?: ServerExtensions;
    inFlightLimits?: InFlightLimits;
    /** Turns API Priority and Fairness on, with this many seats. */
    flowControlSeats?: number;
    /** Given a logger and a clock of its own; stopped with the server. */
    auditor?: Auditor;
    requestTimeoutMs?: number;
    tlsSettings?: TlsSettings;
    store?: Store;
    eventsMax?: number;
    logLevel?: 'silent' | 'debug';
    /** Instead of one of that level. */
    logger?: Logger;
    /** As --token-auth-file has it. */
    tokenFile?: string;
    /** Serves APIServices that name a Service; what their servers are shown. */
    frontProxy?: KeyPair;
    /** PEM of the authority of front proxies that are believed. Default: none are. */
    frontProxyCa?: string;
    /** Serves custom resources, with or without an expression engine, and OpenAPI documents. */
    customResources?: { cel?: () => Promise<CelCompiler> };
}

/** A real server on a loopback port over an in-memory store, with its own authority. */
export class ApiServerFixture {
    readonly store: Store;
    readonly caches: WatchCaches;
    readonly server: ApiServer;
    readonly admin: KeyPair;
    /** Inside the process, as a member of system:masters. */
    readonly client: Client;
    readonly #authority: KeyPair;
    readonly #directory: string;
    readonly #customResources: CustomResourceServing | undefined;
    readonly #aggregation: AggregationServing | undefined;
    readonly #agents = new Map<KeyPair | null, https.Agent>();

    private constructor(parts: {
        store: Store;
        caches: WatchCaches;
        server: ApiServer;
        admin: KeyPair;
        authority: KeyPair;
        directory: string;
        customResources: CustomResourceServing | undefined;
        aggregation: AggregationServing | undefined;
    }) {
        this.#aggregation = parts.aggregation;
        this.#customResources = parts.customResources;
        this.store = parts.store;
        this.caches = parts.caches;
        this.server = parts.server;
        this.admin = parts.admin;
        this.#authority = parts.authority;
        this.#directory = parts.directory;
        const masters = { username: 'tests', uid: '', groups: ['system:masters'], extra: {} };
        this.client = createClient(this.server.transportFor(masters));
    }

    static async start(options: FixtureOptions = {}): Promise<ApiServerFixture> {
        const authority = await createAuthority('test-ca', validity());
        const tls = await issueCertificate(authority, {
            commonName: 'kube-apiserver',
            usages: ['server'],
            ipAddresses: ['127.0.0.1'],
            validity: validity(),
        });
        const logger = options.logger ?? createLogger(options.logLevel ?? 'silent');
        const store = options.store ?? (await openMemoryStore());
        const definitions = resourceDefinitions();
        const { eventsMax, inFlightLimits, admission = [] } = options;
        const caches = new WatchCaches({
            store,
            definitions,
            logger,
            ...(eventsMax === undefined ? {} : { eventsMax }),
        });
        const own: { client?: Client } = {};
        const chainMetrics = new ChainMetrics();
        const aggregation =
            options.frontProxy &&
            serveAggregation({
                reader: caches,
                client: () => own.client!,
                definitions,
                certificate: options.frontProxy,
                requestHeaders: {
                    names: ['X-Remote-User', 'X-Remote-Uid', 'X-Remote-Group', 'X-Other-Group'],
                    prefixes: ['X-Remote-Extra-', 'X-Other-Extra-'],
                },
                clock: systemClock,
                logger,
            });
        const customResources =
            options.customResources === undefined
                ? undefined
                : serveCustomResources({
                      caches,
                      logger,
                      client: () => own.client!,
                      ...options.customResources,
                  });
        const server: ApiServer = new ApiServer({
            store,
            caches,
            definitions,
            authenticator: createAuthenticator({
                log: logger,
                ...(options.tokenFile === undefined ? {} : { tokenFile: options.tokenFile }),
                clientCa: authority.cert,
                onClientCertificate: (secondsLeft) => {
                    chainMetrics.clientCertificate(secondsLeft);
                },
                ...(options.frontProxyCa === undefined ? {} : trusting(options.frontProxyCa)),
            }),
            authorizer: createAuthorizer({ reader: caches, modes: ['RBAC'] }),
            admission,
            tls: { ...tls, clientCa: authority.cert, settings: options.tlsSettings },
            bindAddress: '127.0.0.1',
            port: 0,
            logger,
            extensions: {
                ...options.extensions,
                ...(aggregation === undefined ? {} : { aggregation: aggregation.aggregator }),
                metrics: [
                    ...(aggregation === undefined ? [] : [aggregation.metrics]),
                    ...(customResources === undefined ? [] : [customResources.metrics]),
                    ...(options.extensions?.metrics ?? []),
                ],
                routes: [
                    ...discoveryRoutes(
                        () => caches.definitions(),
                        () => `127.0.0.1:${server.address.port}`,
                        aggregation?.discovery,
                    ),
                    ...(customResources === undefined && aggregation === undefined
                        ? []
                        : openApiRoutes(customResources?.published, aggregation?.openApi)),
                    ...(options.extensions?.routes ?? []),
                ],
                hooks: [
                    ...(customResources === undefined ? [] : [customResources.checks]),
                    ...(options.extensions?.hooks ?? []),
                ],
            },
            ...(inFlightLimits === undefined ? {} : { inFlightLimits }),
            auditor: options.auditor,
            flags: { profiling: 'true' },
            chainMetrics,
            ...(options.requestTimeoutMs === undefined ? {} : { requestTimeoutMs: options.requestTimeoutMs }),
            flowControl:
                options.flowControlSeats === undefined
                    ? undefined
                    : new FlowControl({
                          reader: caches,
                          clock: systemClock,
                          serverSeats: options.flowControlSeats,
                          waitMaxMs: 1000,
                          statsOf: resourceStats(caches),
                      }),
        });
        await server.start();
        const directory = await mkdtemp(join(tmpdir(), 'hyperkube-apiserver-'));
        const admin = await clientCertificate(authority, 'admin', ['system:masters']);
        const fixture = new ApiServerFixture({
            ...{ store, caches, server, admin, authority, directory },
            ...{ customResources, aggregation },
        });
        own.client = fixture.client;
        await customResources?.start();
        await aggregation?.start();
        await fixture.#writeKubeconfig();
        return fixture;
    }

    async stop(): Promise<void> {
        for (const agent of this.#agents.values()) agent.destroy();
        await this.#aggregation?.stop();
        await this.#customResources?.stop();
        await this.server.stop();
        this.caches.stop();
        await this.store.close();
        await rm(this.#directory, { recursive: true });
    }

    get kubeconfig(): string {
        return join(this.#directory, 'config');
    }

    get url(): string {
        return `https://127.0.0.1:${this.server.address.port}`;
    }

    get certificateAuthority(): string {
        return this.#authority.cert;
    }

    /** The authority of clients, with its key. */
    get clientAuthority(): KeyPair {
        return this.#authority;
    }

    /** A client certificate for a user who has no rights yet. */
    async user(name: string, groups: string[] = []): Promise<KeyPair> {
        return await clientCertificate(this.#authority, name, groups);
    }

    /** One request over HTTP/1.1; objects are sent as JSON, texts and bytes as they are. */
    async call(method: string, path: string, options: CallOptions = {}): Promise<Reply> {
        const { body, headers = {}, as = this.admin } = options;
        const isRaw = body === undefined || typeof body === 'string' || Buffer.isBuffer(body);
        const bytes = isRaw ? body : JSON.stringify(body);
        return await new Promise<Reply>((resolve, reject) => {
            const request = https.request(
                `${this.url}${path}`,
                {
                    method,
                    agent: this.#agentOf(as),
                    headers: {
                        ...(bytes === undefined
                            ? {}
                            : {
                                  'content-type': 'application/json',
                                  'content-length': String(Buffer.byteLength(bytes)),
                              }),
                        ...headers,
                    },
                },
                (response) => {
                    const chunks: Buffer[] = [];
                    response.on('data', (chunk: Buffer) => chunks.push(chunk));
                    response.on('error', reject);
                    response.on('end', () => {
                        const sent = Buffer.concat(chunks);
                        const isGzip = response.headers['content-encoding'] === 'gzip';
                        const text = (isGzip ? gunzipSync(sent) : sent).toString();
                        resolve({
                            status: response.statusCode ?? 0,
                            headers: response.headers,
                            text,
                            json: <T>(_like?: T) => JSON.parse(text) as T,
                        });
                    });
                },
            );
            request.on('error', reject);
            request.end(bytes);
        });
    }

    /** Opens a watch; `next` resolves with its events one by one, undefined at the end. */
    async watch(path: string, headers: Record<string, string> = {}): Promise<WatchReader> {
        return await new Promise<WatchReader>((resolve, reject) => {
            const request = https.get(
                `${this.url}${path}`,
                { agent: this.#agentOf(this.admin), headers },
                (response) => {
                    resolve(new WatchReader(response, () => request.destroy()));
                },
            );
            request.on('error', reject);
        });
    }

    async kubectl(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
        return await new Promise((resolve) => {
            execFile(
                process.env['KUBECTL'] ?? 'kubectl',
                ['--kubeconfig', this.kubeconfig, '--cache-dir', join(this.#directory, 'cache'), ...args],
                { timeout: 30_000, maxBuffer: 16 * 1024 * 1024 },
                (error, stdout, stderr) => {
                    resolve({ code: error === null ? 0 : Number(error.code ?? 1), stdout, stderr });
                },
            );
        });
    }

    /** Of the server's certificate; PEM. */
    get ca(): string {
        return this.#authority.cert;
    }

    #agentOf(as: KeyPair | null): https.Agent {
        let agent = this.#agents.get(as);
        if (agent === undefined) {
            agent = new https.Agent({ keepAlive: true, ca: this.#authority.cert, ...(as ?? {}) });
            this.#agents.set(as, agent);
        }
        return agent;
    }

    async #writeKubeconfig(): Promise<void> {
        const base64 = (text: string): string => Buffer.from(text).toString('base64');
        const config = {
            apiVersion: 'v1',
            kind: 'Config',
            'current-context': 'test',
            contexts: [{ name: 'test', context: { cluster: 'test', user: 'admin' } }],
            clusters: [
                {
                    name: 'test',
                    cluster: {
                        server: this.url,
                        'certificate-authority-data': base64(this.#authority.cert),
                    },
                },
            ],
            users: [
                {
                    name: 'admin',
                    user: {
                        'client-certificate-data': base64(this.admin.cert),
                        'client-key-data': base64(this.admin.key),
                    },
                },
            ],
        };
        await writeFile(this.kubeconfig, JSON.stringify(config), { mode: 0o600 });
    }
}

export interface Frame {
    type: string;
    object: {
        kind?: string;
        metadata?: { name?: string; resourceVersion?: string; annotations?: Record<string, string> };
        code?: number;
        reason?: string;
        rows?: unknown[];
        columnDefinitions?: unknown[];
    };
}

export class WatchReader {
    readonly status: number;
    readonly headers: Readonly<Record<string, string | string[] | undefined>>;
    readonly #close: () => void;
    #frames: Frame[] = [];
    #text = '';
    #isEnded = false;
    #wake: () => void = () => undefined;

    constructor(
        response: NodeJS.ReadableStream & {
            statusCode?: number | undefined;
            headers: Readonly<Record<string, string | string[] | undefined>>;
        },
        close: () => void,
    ) {
        this.status = response.statusCode ?? 0;
        this.headers = response.headers;
        this.#close = close;
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
            const lines = (this.#text + chunk).split('\n');
            this.#text = lines.pop() ?? '';
            this.#frames.push(...lines.map((line) => JSON.parse(line) as Frame));
            this.#wake();
        });
        const end = (): void => {
            this.#isEnded = true;
            this.#wake();
        };
        response.on('end', end);
        response.on('error', end);
        response.on('close', end);
    }

    async next(): Promise<Frame | undefined> {
        while (this.#frames.length === 0 && !this.#isEnded) {
            await new Promise<void>((resolve) => {
                this.#wake = resolve;
            });
        }
        return this.#frames.shift();
    }

    close(): void {
        this.#close();
    }
}

function trusting(ca: string): Pick<AuthenticatorOptions, 'requestHeader'> {
    return {
        requestHeader: {
            ca,
            allowedNames: ['front-proxy-client'],
            usernameHeaders: ['X-Remote-User'],
            uidHeaders: ['X-Remote-Uid'],
            groupHeaders: ['X-Remote-Group'],
            extraHeaderPrefixes: ['X-Remote-Extra-'],
        },
    };
}

function validity(): { notBefore: Date; notAfter: Date } {
    const hourMs = 3_600_000;
    return { notBefore: new Date(Date.now() - hourMs), notAfter: new Date(Date.now() + 24 * hourMs) };
}

async function clientCertificate(
    authority: KeyPair,
    commonName: string,
    organizations: string[],
): Promise<KeyPair> {
    return await issueCertificate(authority, {
        commonName,
        organizations,
        usages: ['client'],
        validity: validity(),
    });
}
