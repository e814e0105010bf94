import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunningApiServer, startApiServer } from '../../../src/cli/components/apiserver.ts';
import { apiserverFlags } from '../../../src/cli/flag-sets/apiserver-flags.ts';
import type { FlagValues } from '../../../src/cli/flags.ts';
import { createAuthority, issueCertificate, type KeyPair } from '../../../src/pki/authority.ts';
import { Lifecycle } from '../../../src/util/lifecycle.ts';
import { type Logger, silentLogger } from '../../../src/util/logger.ts';

type Flags = FlagValues<typeof apiserverFlags>;
export type GivenFlags = { -readonly [K in keyof Flags]?: Flags[K] };

/** What a request shows to prove who sent it. */
export interface Credentials {
    certificate?: KeyPair;
    token?: string;
    headers?: Record<string, string | string[]>;
}

export interface Answer {
    status: number;
    headers: http.IncomingHttpHeaders;
    body: AnswerBody;
}
/** As much of Status, reviews and objects as tests look at. */
export interface AnswerBody {
    message?: string;
    reason?: string;
    code?: number;
    metadata?: { name?: string; uid?: string; labels?: Record<string, string> };
    spec?: { expirationSeconds?: number };
    status?: {
        token?: string;
        authenticated?: boolean;
        allowed?: boolean;
        reason?: string;
        error?: string;
        evaluationError?: string;
        incomplete?: boolean;
        resourceRules?: { resources?: string[]; verbs: string[] }[];
        userInfo?: UserInfo;
        user?: UserInfo;
    };
    [field: string]: unknown;
}
export interface UserInfo {
    username?: string;
    uid?: string;
    groups?: string[];
    extra?: Record<string, string[]>;
}

const hourMs = 3_600_000;
export const advertisedAddress = '192.0.2.1';
export const validity = () => ({
    notBefore: new Date(Date.now() - hourMs),
    notAfter: new Date(Date.now() + hourMs),
});

/** The API server as its command starts it, on a loopback port with its own data and certificates. */
export class AuthServer {
    readonly running: RunningApiServer;
    readonly #directory: string;
    readonly #lifecycle: Lifecycle;

    private constructor(running: RunningApiServer, directory: string, lifecycle: Lifecycle) {
        this.running = running;
        this.#directory = directory;
        this.#lifecycle = lifecycle;
    }

    /** @param flags gets the directory of the server's files, for files that flags name */
    static async start(
        flags: (directory: string) => Promise<GivenFlags> | GivenFlags,
        logger: Logger = silentLogger(),
    ): Promise<AuthServer> {
        const directory = await mkdtemp(join(tmpdir(), 'hyperkube-auth-'));
        const lifecycle = new Lifecycle();
        const fallbacks = Object.fromEntries(
            Object.entries(apiserverFlags).map(([name, { fallback }]) => [name, fallback]),
        ) as Flags;
        const values: Flags = {
            ...fallbacks,
            'bind-address': '127.0.0.1',
            'secure-port': 0,
            'data-dir': join(directory, 'data'),
            'config-dir': join(directory, 'etc'),
            'listen-client-urls': '',
            ...(await flags(directory)),
        };
        try {
            const running = await startApiServer(
                {
                    flags: values,
                    files: values,
                    requestHeader: {
                        allowedNames: ['front-proxy-client'],
                        usernameHeaders: values['requestheader-username-headers'],
                        uidHeaders: values['requestheader-uid-headers'],
                        groupHeaders: values['requestheader-group-headers'],
                        extraHeaderPrefixes: values['requestheader-extra-headers-prefix'],
                    },
                    nodeName: 'master',
                    // Of a documentation range: what is advertised must not be a loopback address.
                    nodeIp: advertisedAddress,
                    logger,
                },
                lifecycle,
            );
            await running.bootstrapped;
            return new AuthServer(running, directory, lifecycle);
        } catch (error) {
            await lifecycle.stop();
            await rm(directory, { recursive: true });
            throw error;
        }
    }

    get url(): string {
        return `https://127.0.0.1:${this.running.server.address.port}`;
    }

    get admin(): Credentials {
        return { certificate: this.running.pki.clients.admin };
    }

    async stop(): Promise<void> {
        await this.#lifecycle.stop();
        await rm(this.#directory, { recursive: true });
    }

    /** A client certificate of the cluster's authority. */
    async user(commonName: string, ...organizations: string[]): Promise<Credentials> {
        return await this.userOf(this.running.pki.ca, commonName, ...organizations);
    }

    /** The same of another authority. */
    async userOf(authority: KeyPair, commonName: string, ...organizations: string[]): Promise<Credentials> {
        const request = { commonName, organizations, usages: ['client'] as const, validity: validity() };
        return { certificate: await issueCertificate(authority, request) };
    }

    /** One request on its own connection; a body is sent as JSON. */
    async call(as: Credentials, request: string, body?: object): Promise<Answer> {
        const [method = '', path = ''] = request.split(' ');
        const text = body === undefined ? undefined : JSON.stringify(body);
        const options: https.RequestOptions = {
            method,
            agent: false,
            ca: this.running.pki.ca.cert,
            ...as.certificate,
            headers: {
                ...(text === undefined ? {} : { 'content-type': 'application/json' }),
                ...as.headers,
                ...(as.token === undefined ? {} : { authorization: `Bearer ${as.token}` }),
            },
        };
        return await new Promise((resolve, reject) => {
            const call = https.request(`${this.url}${path}`, options, (response) => {
                const chunks: Buffer[] = [];
                response.on('data', (chunk: Buffer) => chunks.push(chunk));
                response.on('error', reject);
                response.on('end', () => {
                    const { statusCode: status = 0, headers } = response;
                    resolve({ status, headers, body: parse(Buffer.concat(chunks).toString('utf8')) });
                });
            });
            call.on('error', reject);
            call.end(text);
        });
    }

    /** The same by the administrator; throws unless it succeeds. */
    async make(request: string, body?: object): Promise<AnswerBody> {
        const answer = await this.call(this.admin, request, body);
        if (answer.status > 299) throw new Error(`${request}: ${answer.body.message ?? answer.status}`);
        return answer.body;
    }

    /** Who the server takes the sender for; undefined when it answers 401. */
    async whoAmI(as: Credentials): Promise<UserInfo | undefined> {
        const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
        const answer = await this.call(as, 'POST /apis/authentication.k8s.io/v1/selfsubjectreviews', review);
        return answer.status === 401 ? undefined : (answer.body.status?.userInfo ?? {});
    }
}

function parse(text: string): AnswerBody {
    try {
        return JSON.parse(text) as AnswerBody;
    } catch {
        return { message: text };
    }
}

/** An HTTPS server of somebody else that the API server asks, and its authority. */
export interface OtherServer {
    url: string;
    ca: string;
    stop(): Promise<void>;
}

/**
 * @param answer gets method and path, the request's JSON and its headers; what it gives is sent as JSON, a text as it
 * is, 404 for undefined
 */
export async function startOtherServer(
    answer: (
        request: string,
        body: unknown,
        headers: http.IncomingHttpHeaders,
    ) => object | string | undefined,
): Promise<OtherServer> {
    const authority = await createAuthority('other-ca', validity());
    const pair = await issueCertificate(authority, {
        commonName: 'other',
        usages: ['server'],
        ipAddresses: ['127.0.0.1'],
        validity: validity(),
    });
    const server = https.createServer(pair, (request, response) => {
        const chunks: Buffer[] = [];
        request.on('data', (chunk: Buffer) => chunks.push(chunk));
        request.on('end', () => {
            const text = Buffer.concat(chunks).toString('utf8');
            const body = text === '' ? undefined : (JSON.parse(text) as unknown);
            const value = answer(`${request.method ?? ''} ${request.url ?? ''}`, body, request.headers);
            response.statusCode = value === undefined ? 404 : 200;
            response.setHeader('content-type', 'application/json');
            response.end(typeof value === 'string' ? value : JSON.stringify(value ?? {}));
        });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return {
        url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
        ca: authority.cert,
        stop: async () => {
            server.closeAllConnections();
            await new Promise((resolve) => server.close(resolve));
        },
    };
}

/** Writes a kubeconfig for a server without credentials, and gives its path. */
export async function writeKubeconfig(file: string, server: OtherServer, path = '/'): Promise<string> {
    const config = {
        apiVersion: 'v1',
        kind: 'Config',
        'current-context': 'webhook',
        contexts: [{ name: 'webhook', context: { cluster: 'webhook', user: '' } }],
        clusters: [
            {
                name: 'webhook',
                cluster: {
                    server: `${server.url}${path}`,
                    'certificate-authority-data': Buffer.from(server.ca).toString('base64'),
                },
            },
        ],
        users: [],
    };
    await writeFile(file, JSON.stringify(config));
    return file;
}
