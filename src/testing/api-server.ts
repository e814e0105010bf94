import { resourceDefinitions } from '../api/groups/index.ts';
import { type AssembledApiServer, assembleApiServer } from '../components/apiserver/assembly/assemble.ts';
import type { Identity } from '../components/apiserver/identity.ts';
import { kubernetesServiceIp } from '../components/apiserver/bootstrap/system-objects.ts';
import { WatchCaches } from '../components/apiserver/watch-caches.ts';
import { openMemoryStore } from '../store/mvcc/open-store.ts';
import { prefixEnd } from '../store/store.ts';
import { Lifecycle } from '../util/lifecycle.ts';
import type { Logger } from '../util/logger.ts';
import { Baseline } from './baseline.ts';
import { createTestPki, kubeconfigFor, type TestPki } from './certificates.ts';
import { type ChosenControllers, chooseControllers } from './controllers.ts';
import { createObjects, definitionsOf, installDefinitions, type Target } from './create-objects.ts';
import { auditorOf, loggerOf } from './hooks.ts';
import type { ApiServerOptions, Kubeconfig, ManifestSource, TestApiServer, User } from './index.ts';
import { loadManifests } from './manifests.ts';
import { type CheckedOptions, checkOptions, sourcesOf } from './options.ts';
import { preload } from './recorded-bootstrap.ts';

const host = '127.0.0.1';
const admin = { name: 'kubernetes-admin', groups: ['system:masters'] };
const nodePorts = { first: 30_000, last: 32_767 };
const identityOf = (username: string, ...groups: string[]): Identity => ({
    username,
    uid: '',
    groups: [...groups, 'system:authenticated'],
    extra: {},
});

/** See `startApiServer`. */
export async function runApiServer(given: ApiServerOptions): Promise<TestApiServer> {
    const options = checkOptions(given);
    // What can be wrong with them is said before anything is started.
    const crds = await loadManifests('crds', options.crds);
    const definitions = options.crds.length === 0 ? [] : definitionsOf(crds, 'crds');
    const objects = await loadManifests('objects', options.objects);
    const controllers = await chooseControllers(options.controllers);
    const lifecycle = new Lifecycle();
    try {
        const parts = await assemble(options, controllers, lifecycle);
        await installDefinitions(definitions, parts.target);
        await createObjects(objects, parts.target);
        await startControllers(controllers, parts, lifecycle);
        await parts.target.idle();
        const baseline = await Baseline.of(parts.target.caches.store);
        const url = `https://${host}:${parts.assembled.server.address.port}`;
        const kubeconfig = await kubeconfigFor(admin, { ca: parts.pki.ca, url });
        return new RunningTestApiServer({ ...parts, url, kubeconfig, baseline, lifecycle });
    } catch (error) {
        await lifecycle.stop();
        throw error;
    }
}

interface Parts {
    pki: TestPki;
    assembled: AssembledApiServer;
    target: Target;
    logger: Logger;
}

async function assemble(
    options: CheckedOptions,
    controllers: ChosenControllers | undefined,
    lifecycle: Lifecycle,
): Promise<Parts> {
    const logger = loggerOf(options);
    const { serviceClusterIpRange: clusterIpRange } = options;
    const store = await openMemoryStore({ logger });
    lifecycle.add({
        stop: async () => {
            await store.close();
        },
    });
    const isRecorded = await preload(store);
    const pki = await createTestPki(kubernetesServiceIp(clusterIpRange));
    const definitions = resourceDefinitions();
    const caches = new WatchCaches({ store, definitions, logger });
    lifecycle.add({
        stop: () => {
            caches.stop();
        },
    });
    const { ca, serving, serviceAccounts } = pki;
    const assembled = await assembleApiServer(
        {
            caches,
            definitions,
            logger,
            listen: { address: host, port: options.port, tls: { ...serving, clientCa: ca.cert } },
            advertiseAddress: host,
            auth: {
                authentication: { clientCa: ca.cert },
                authorization: { modes: ['Node', 'RBAC'] },
                serviceAccounts: {
                    publicKeys: serviceAccounts.publicKey,
                    privateKey: serviceAccounts.privateKey,
                    issuers: ['https://kubernetes.default.svc.cluster.local'],
                },
            },
            admission: admissionOf(options, controllers),
            // There is neither a node nor an extension server that would know another certificate.
            peers: { kubelet: { ...serving, ca: ca.cert }, extensions: serving },
            services: { clusterIpRange, nodePorts },
            auditor: auditorOf(options),
        },
        lifecycle,
    );
    await assembled.bootstrap(isRecorded);
    const client = assembled.clientFor(identityOf(admin.name, ...admin.groups));
    const idle = async (): Promise<void> => {
        await assembled.idle();
    };
    return { pki, assembled, target: { client, caches, idle }, logger };
}

/** What a server makes for itself on an empty store, by its keys; without what differs from server to server. */
export async function recordBootstrap(): Promise<Record<string, unknown>> {
    const lifecycle = new Lifecycle();
    try {
        const { target } = await assemble(checkOptions({}), undefined, lifecycle);
        await target.idle();
        const { kvs } = await target.caches.store.range({ key: '/registry/', end: prefixEnd('/registry/') });
        const perServer = /^\/registry\/(services|servicecidrs|ipaddresses|configmaps)\//;
        return Object.fromEntries(
            kvs
                .filter(({ key }) => !perServer.test(key))
                .map(({ key, value }) => [key, JSON.parse(value.toString()) as unknown]),
        );
    } finally {
        await lifecycle.stop();
    }
}

/** Who would make the service accounts that the plugin asks for? */
function admissionOf(
    { admissionPlugins: { enable, disable } }: CheckedOptions,
    controllers: ChosenControllers | undefined,
): { enable: readonly string[]; disable: readonly string[] } {
    const name = 'ServiceAccount';
    const isWanted =
        enable.includes(name) || (controllers?.names.includes('serviceaccount-controller') ?? false);
    return { enable, disable: isWanted ? disable : [...new Set([...disable, name])] };
}

async function startControllers(
    controllers: ChosenControllers | undefined,
    { assembled, pki, logger }: Parts,
    lifecycle: Lifecycle,
): Promise<void> {
    if (controllers === undefined) return;
    lifecycle.add(
        await controllers.start({
            client: assembled.clientFor(identityOf('system:kube-controller-manager')),
            clientFor: assembled.serviceAccountClient,
            pki,
            logger,
        }),
    );
}

class RunningTestApiServer implements TestApiServer {
    readonly url: string;
    readonly ca: string;
    readonly kubeconfig: Kubeconfig;
    readonly #parts: Parts & { baseline: Baseline; lifecycle: Lifecycle };

    constructor(
        parts: Parts & { url: string; kubeconfig: Kubeconfig; baseline: Baseline; lifecycle: Lifecycle },
    ) {
        this.url = parts.url;
        this.ca = parts.pki.ca.cert;
        this.kubeconfig = parts.kubeconfig;
        this.#parts = parts;
    }

    async asUser(user: User): Promise<Kubeconfig> {
        this.#checkOpen();
        return await kubeconfigFor(user, { ca: this.#parts.pki.ca, url: this.url });
    }

    async installCrds(...sources: ManifestSource[]): Promise<void> {
        this.#checkOpen();
        const { target, baseline } = this.#parts;
        const manifests = await loadManifests('installCrds', sourcesOf('installCrds', sources));
        const keys = await installDefinitions(definitionsOf(manifests, 'installCrds'), target);
        await baseline.include(keys);
    }

    async reset(): Promise<void> {
        this.#checkOpen();
        const { target, baseline } = this.#parts;
        // What a definition that is being deleted still has to do must not meet the restored objects.
        await target.idle();
        await target.caches.waitFor(await baseline.restore());
        await target.idle();
    }

    async close(): Promise<void> {
        await this.#parts.lifecycle.stop();
        // The operating system's handles are closed at the end of the event loop's turn.
        for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve));
    }

    async [Symbol.asyncDispose](): Promise<void> {
        await this.close();
    }

    #checkOpen(): void {
        if (this.#parts.lifecycle.state !== 'running')
            throw new Error('hyperkube: this API server is closed');
    }
}
