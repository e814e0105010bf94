import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunningApiServer, startApiServer } from '../../../../src/cli/components/apiserver.ts';
import { createControllerManager } from '../../../../src/cli/components/controller-manager.ts';
import { apiserverFlags } from '../../../../src/cli/flag-sets/apiserver-flags.ts';
import type { FlagValues } from '../../../../src/cli/flags.ts';
import type { Identity } from '../../../../src/components/apiserver/identity.ts';
import { renderKubeconfig } from '../../../../src/client/kubeconfig.ts';
import { Lifecycle } from '../../../../src/util/lifecycle.ts';
import { createLogger, silentLogger } from '../../../../src/util/logger.ts';
import { Watch } from './watch.ts';

export interface Metadata {
    name: string;
    namespace?: string;
    uid: string;
    resourceVersion: string;
    generation?: number;
    creationTimestamp: string;
    deletionTimestamp?: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    finalizers?: string[];
    ownerReferences?: { kind: string; name: string; uid: string }[];
}

/** Any object as tests look at it; `spec` and the like are of the type the test says. */
export interface Thing {
    apiVersion?: string;
    kind?: string;
    metadata: Metadata;
}

export interface List<T extends Thing = Thing> {
    metadata: { resourceVersion: string; continue?: string; remainingItemCount?: number };
    items: T[];
}

/** What the server says of a request that it did not do. */
export interface Refusal {
    code: number;
    reason?: string;
    message: string;
    details?: { causes?: { reason?: string; message?: string; field?: string }[] };
}

export interface Reply {
    status: number;
    headers: Readonly<Record<string, string | string[] | undefined>>;
    text: string;
}

export interface Shown {
    code: number;
    stdout: string;
    stderr: string;
}

/** Services get addresses that reach this very process, so webhooks need no proxy. */
const serviceRange = '127.96.0.0/16';
const patchTypes = {
    merge: 'application/merge-patch+json',
    strategic: 'application/strategic-merge-patch+json',
    json: 'application/json-patch+json',
    apply: 'application/apply-patch+yaml',
} as const;

const controllerManager: Identity = {
    username: 'system:kube-controller-manager',
    uid: '',
    groups: ['system:authenticated'],
    extra: {},
};

type Flags = FlagValues<typeof apiserverFlags>;

/** The API server as its command starts it, with some controllers, for clients of the administrator. */
export class Cluster {
    readonly url: string;
    readonly kubeconfig: string;
    readonly #directory: string;
    readonly #lifecycle: Lifecycle;
    readonly #agent: https.Agent;
    #namespaces = 0;

    private constructor(running: RunningApiServer, directory: string, lifecycle: Lifecycle) {
        const { ca, clients } = running.pki;
        this.url = `https://127.0.0.1:${running.server.address.port}`;
        this.kubeconfig = join(directory, 'kubeconfig');
        this.#directory = directory;
        this.#lifecycle = lifecycle;
        this.#agent = new https.Agent({ keepAlive: true, ca: ca.cert, ...clients.admin });
    }

    /** @param controllers names as `--controllers` takes them */
    static async start(controllers: readonly string[] = []): Promise<Cluster> {
        const directory = await mkdtemp(join(tmpdir(), 'hyperkube-conformance-'));
        const lifecycle = new Lifecycle();
        const logger = process.env['TEST_LOG'] === undefined ? silentLogger() : createLogger('debug');
        const fallbacks = Object.fromEntries(
            Object.entries(apiserverFlags).map(([name, { fallback }]) => [name, fallback]),
        ) as Flags;
        const flags: Flags = {
            ...fallbacks,
            'bind-address': '127.0.0.1',
            'secure-port': 0,
            'data-dir': join(directory, 'data'),
            'config-dir': join(directory, 'etc'),
            'listen-client-urls': '',
            'service-cluster-ip-range': serviceRange,
        };
        try {
            // Of a documentation range: what is advertised must not be a loopback address.
            const setup = { flags, nodeName: 'master', nodeIp: '192.0.2.1', logger };
            const running = await startApiServer(setup, lifecycle);
            await running.bootstrapped;
            const cluster = new Cluster(running, directory, lifecycle);
            await cluster.#writeKubeconfig(running);
            if (controllers.length > 0) {
                lifecycle.add(
                    await createControllerManager({
                        client: running.clientFor(controllerManager),
                        clientFor: running.serviceAccountClient,
                        logger,
                        enabled: controllers,
                        options: { rootCa: running.pki.ca.cert },
                    }),
                );
            }
            return cluster;
        } catch (error) {
            await lifecycle.stop();
            await rm(directory, { recursive: true });
            throw error;
        }
    }

    async stop(): Promise<void> {
        this.#agent.destroy();
        await this.#lifecycle.stop();
        await rm(this.#directory, { recursive: true });
    }

    /** A fresh namespace, as the suite makes one for each test. */
    async namespace(base: string, labels: Record<string, string> = {}): Promise<string> {
        const name = `${base}-${++this.#namespaces}`;
        await this.create('/api/v1/namespaces', {
            metadata: { name, labels: { 'pod-security.kubernetes.io/enforce': 'privileged', ...labels } },
        });
        return name;
    }

    /** The same, once pods can be made in it; takes the controller that makes service accounts. */
    async namespaceForPods(base: string, labels: Record<string, string> = {}): Promise<string> {
        const name = await this.namespace(base, labels);
        const account = `/api/v1/namespaces/${name}/serviceaccounts/default`;
        await eventually('the namespace has its account', () => this.find(account));
        return name;
    }

    /** One request; a body that is no string is sent as JSON. */
    async call(
        method: string,
        path: string,
        { body, headers = {} }: { body?: unknown; headers?: Record<string, string> } = {},
    ): Promise<Reply> {
        const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
        const type =
            text === undefined
                ? {}
                : {
                      'content-type': 'application/json',
                      'content-length': String(Buffer.byteLength(text)),
                  };
        return await new Promise<Reply>((resolve, reject) => {
            const options = { method, agent: this.#agent, headers: { ...type, ...headers } };
            const request = https.request(`${this.url}${path}`, options, (response) => {
                const chunks: Buffer[] = [];
                response.on('data', (chunk: Buffer) => chunks.push(chunk));
                response.on('error', reject);
                response.on('end', () => {
                    const { statusCode: status = 0, headers: answered } = response;
                    resolve({ status, headers: answered, text: Buffer.concat(chunks).toString() });
                });
            });
            request.on('error', reject);
            request.end(text);
        });
    }

    /** The answer of a request that must succeed. */
    async must<T>(method: string, path: string, options: Parameters<Cluster['call']>[2] = {}): Promise<T> {
        const { status, text } = await this.call(method, path, options);
        if (status > 299) throw new Error(`${method} ${path}: ${status} ${text}`);
        return JSON.parse(text) as T;
    }

    /** What is said of a request that must fail. */
    async refused(
        method: string,
        path: string,
        options: Parameters<Cluster['call']>[2] = {},
    ): Promise<Refusal> {
        const { status, text } = await this.call(method, path, options);
        if (status < 400) throw new Error(`${method} ${path} was not refused: ${text}`);
        return JSON.parse(text) as Refusal;
    }

    async get<T extends Thing = Thing>(path: string): Promise<T> {
        return await this.must('GET', path);
    }

    /** Undefined where the server says that there is none. */
    async find<T extends Thing = Thing>(path: string): Promise<T | undefined> {
        const { status, text } = await this.call('GET', path);
        if (status === 404) return undefined;
        if (status > 299) throw new Error(`GET ${path}: ${status} ${text}`);
        return JSON.parse(text) as T;
    }

    async list<T extends Thing = Thing>(path: string): Promise<List<T>> {
        return await this.must('GET', path);
    }

    async create<T extends Thing = Thing>(path: string, body: object): Promise<T> {
        return await this.must('POST', path, { body });
    }

    async update<T extends Thing = Thing>(path: string, body: object): Promise<T> {
        return await this.must('PUT', path, { body });
    }

    async patch<T extends Thing = Thing>(
        path: string,
        type: keyof typeof patchTypes,
        body: unknown,
    ): Promise<T> {
        return await this.must('PATCH', path, { body, headers: { 'content-type': patchTypes[type] } });
    }

    async delete(path: string, options?: object): Promise<void> {
        await this.must('DELETE', path, options === undefined ? {} : { body: options });
    }

    /** Reads, changes and writes an object, again where somebody else was faster. */
    async change<T extends Thing = Thing>(
        path: string,
        change: (object: T) => void,
        target = path,
    ): Promise<T> {
        for (;;) {
            const object = await this.get<T>(path);
            change(object);
            const { status, text } = await this.call('PUT', target, { body: object });
            if (status === 409) continue;
            if (status > 299) throw new Error(`PUT ${target}: ${status} ${text}`);
            return JSON.parse(text) as T;
        }
    }

    /** Opens a watch; `path` has the query without "watch". */
    async watch<T extends Thing = Thing>(path: string): Promise<Watch<T>> {
        const url = new URL(path, this.url);
        url.searchParams.set('watch', 'true');
        return await Watch.open<T>(url, this.#agent);
    }

    async kubectl(args: readonly string[], input?: string): Promise<Shown> {
        return await new Promise((resolve) => {
            const process = execFile(
                'kubectl',
                ['--kubeconfig', this.kubeconfig, '--cache-dir', join(this.#directory, 'cache'), ...args],
                { timeout: 30_000, maxBuffer: 16 * 1024 * 1024 },
                (error, stdout, stderr) => {
                    resolve({ code: error === null ? 0 : Number(error.code ?? 1), stdout, stderr });
                },
            );
            process.stdin?.end(input);
        });
    }

    async #writeKubeconfig({ pki }: RunningApiServer): Promise<void> {
        const { cert, key } = pki.clients.admin;
        const content = renderKubeconfig({
            server: this.url,
            userName: 'admin',
            certificateAuthority: pki.ca.cert,
            credentials: { type: 'certificate', certificate: cert, key },
        });
        await writeFile(this.kubeconfig, content, { mode: 0o600 });
    }
}

/** Waits until `check` gives something; fails with what it last threw, or the name, after 20 s. */
export async function eventually<T>(
    what: string,
    check: () => T | undefined | false | Promise<T | undefined | false>,
    timeoutMs = 20_000,
): Promise<T> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
        const value = await check();
        if (value !== undefined && value !== false) return value;
        if (performance.now() > deadline) throw new Error(`did not happen: ${what}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
    }
}
