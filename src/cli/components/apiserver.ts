import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { CelCompiler } from '../../api/cel/cel.ts';
import { resourceDefinitions } from '../../api/groups/index.ts';
import { serveLegacyApis } from '../../api/groups/legacy/index.ts';
import type { Client } from '../../client/client.ts';
import { createClient } from '../../client/rest-client.ts';
import {
    AdmissionMetrics,
    type AdmissionOptions,
    createAdmission,
    readAdmissionConfiguration,
    reconcileSystemPriorityClasses,
} from '../../components/apiserver/admission/index.ts';
import type { FrontProxyCertificate } from '../../components/apiserver/aggregation/extension-services.ts';
import { serveAggregation } from '../../components/apiserver/aggregation/serve.ts';
import { serviceAccountIdentity } from '../../components/apiserver/authn/service-account.ts';
import { reconcileBootstrapPolicy } from '../../components/apiserver/authz/bootstrap-policy.ts';
import {
    ensureSystemObjects,
    kubernetesServiceIp,
    type RequestHeaderOptions,
} from '../../components/apiserver/bootstrap/system-objects.ts';
import { MasterEndpoints } from '../../components/apiserver/bootstrap/master-endpoints.ts';
import type { Auditor } from '../../components/apiserver/audit/auditor.ts';
import { serveCustomResources } from '../../components/apiserver/custom-resources/serve.ts';
import { discoveryRoutes } from '../../components/apiserver/discovery/routes.ts';
import { FlowControlConfigController } from '../../components/apiserver/flow-control/config-controller.ts';
import { FlowControl } from '../../components/apiserver/flow-control/flow-control.ts';
import { resourceStats } from '../../components/apiserver/flow-control/resource-stats.ts';
import type { Identity } from '../../components/apiserver/identity.ts';
import { ChainMetrics } from '../../components/apiserver/metrics/chain-metrics.ts';
import { MeasuredStore } from '../../components/apiserver/metrics/measured-store.ts';
import { embeddedStoreMetrics } from '../../components/apiserver/metrics/store-metrics.ts';
import type { KubeletTls } from '../../components/apiserver/node-proxy/forward.ts';
import { proxyHandlers } from '../../components/apiserver/node-proxy/http-proxies.ts';
import { podConnectionHandlers } from '../../components/apiserver/node-proxy/pod-connections.ts';
import { openApiRoutes } from '../../components/apiserver/openapi/routes.ts';
import { ApiServer, type ApiServerOptions, type TlsMaterial } from '../../components/apiserver/server.ts';
import { ServiceAllocation } from '../../components/apiserver/services/service-allocation.ts';
import { WatchCaches } from '../../components/apiserver/watch-caches.ts';
import { type ClusterPki, ensureClusterPki } from '../../pki/cluster-pki.ts';
import type { Cluster } from '../../store/cluster.ts';
import { systemClock } from '../../util/clock.ts';
import type { Lifecycle } from '../../util/lifecycle.ts';
import type { Logger } from '../../util/logger.ts';
import { tlsSettings } from '../../util/tls-settings.ts';
import type { FlagValues } from '../flags.ts';
import { apiserverFlags, type sharedApiserverFlags } from '../flag-sets/apiserver-flags.ts';
import { hostName } from '../host.ts';
import { shownFlags } from '../shown-flags.ts';
import { admitMasters, type MasterAdmission } from '../join/admit-masters.ts';
import type { Joined } from '../join/join-as-master.ts';
import { createAuth } from './apiserver-auth.ts';
import { followCertificates, type ServedFiles } from './certificate-follower.ts';
import { writeKubeconfigs } from './control-plane-files.ts';
import { openControlPlaneStore } from './control-plane-store.ts';
import { openEncryption } from './encryption.ts';
import { FlagError } from './flag-error.ts';
import { SnapshotService } from './snapshot-service.ts';

/** Overrides of what is otherwise made under --config-dir: files, empty for none. */
export interface ApiServerFiles {
    'tls-cert-file': string;
    'tls-private-key-file': string;
    'client-ca-file': string;
    'service-account-key-file': readonly string[];
    'service-account-signing-key-file': string;
    'kubelet-certificate-authority': string;
    'kubelet-client-certificate': string;
    'kubelet-client-key': string;
    'requestheader-client-ca-file': string;
    'proxy-client-cert-file': string;
    'proxy-client-key-file': string;
}

export interface ApiServerSetup {
    flags: FlagValues<typeof sharedApiserverFlags>;
    files?: ApiServerFiles;
    /** Which front proxies are believed, and the headers by which they tell whom they speak for. */
    requestHeader?: RequestHeaderOptions;
    nodeName: string;
    nodeIp: string;
    logger: Logger;
    /** Of a master that joined the cluster of another. */
    joined?: Joined | undefined;
    /** Lets other masters join; absent for an API server on its own. */
    admission?: MasterAdmission;
}

/** A running API server, and clients of it inside this process. */
export interface RunningApiServer {
    server: ApiServer;
    pki: ClusterPki;
    readonly clientFor: (identity: Identity) => Client;
    readonly serviceAccountClient: (name: string) => Client;
    /** Undefined where the store is a real etcd. */
    cluster: Cluster | undefined;
    /** There are, or may be, other API servers on the same store. */
    hasRivals: () => boolean;
    /** Resolves once roles and system objects are there. */
    bootstrapped: Promise<void>;
}

const requestHeaderDefaults: RequestHeaderOptions = {
    allowedNames: ['front-proxy-client'],
    usernameHeaders: ['X-Remote-User'],
    uidHeaders: ['X-Remote-Uid'],
    groupHeaders: ['X-Remote-Group'],
    extraHeaderPrefixes: ['X-Remote-Extra-'],
};

const apiserverIdentity: Identity = {
    username: 'system:apiserver',
    uid: '',
    groups: ['system:masters', 'system:authenticated'],
    extra: {},
};

/** Opens the store, makes what is missing of certificates and kubeconfigs, and serves the API. */
export async function startApiServer(setup: ApiServerSetup, lifecycle: Lifecycle): Promise<RunningApiServer> {
    const { flags, nodeIp, logger } = setup;
    const advertiseAddress = flags['advertise-address'] || nodeIp;
    const pki = await ensureClusterPki({
        directory: join(flags['config-dir'], 'pki'),
        nodeName: setup.nodeName,
        hostName: hostName(),
        ipAddresses: [...new Set([nodeIp, advertiseAddress])],
        extraNames: flags['apiserver-cert-extra-sans'],
        serviceIp: kubernetesServiceIp(flags['service-cluster-ip-range']),
        clusterDomain: flags['cluster-domain'],
    });
    for (const entry of pki.issued) logger.info(entry, 'certificate issued');
    const material = await readMaterial(pki, setup.files);

    const opened = await openControlPlaneStore(setup, lifecycle);
    const { store, cluster, isShared, serveEtcdApi } = opened;
    if (flags['legacy-apis']) serveLegacyApis();
    const definitions = resourceDefinitions();
    const measured = new MeasuredStore(store);
    const encryption = await openEncryption(
        setup,
        { ...opened, store: measured },
        { definitions, lifecycle, signingKey: material.serviceAccountPrivateKey },
    );
    const snapshots = new SnapshotService({ store, flags, logger: logger.child({ component: 'snapshots' }) });
    snapshots.start(lifecycle);
    const caches = new WatchCaches({ store: encryption.store, definitions, logger });
    lifecycle.add({
        stop: () => {
            caches.stop();
        },
    });

    const admission =
        cluster === undefined || setup.admission === undefined
            ? undefined
            : await admitMasters(setup.admission, {
                  cluster,
                  pki,
                  dataDirectory: flags['data-dir'],
                  encryptionConfig: encryption.file || undefined,
              });
    const clients: { own?: Client } = {};
    const ownClient = (): Client => {
        if (clients.own === undefined) throw new Error('the API server has not been started');
        return clients.own;
    };
    const auditor = await auditorOf(flags, logger);
    const customResources = serveCustomResources({
        caches,
        client: ownClient,
        logger,
        cel: loadCelCompiler,
    });
    lifecycle.add(customResources);
    const bootstrap = { isDone: false };
    const requestHeader = setup.requestHeader ?? requestHeaderDefaults;
    const aggregation = serveAggregation({
        reader: caches,
        client: ownClient,
        definitions,
        certificate: material.frontProxyClient,
        requestHeaders: {
            names: [
                ...requestHeader.usernameHeaders,
                ...requestHeader.uidHeaders,
                ...requestHeader.groupHeaders,
            ],
            prefixes: requestHeader.extraHeaderPrefixes,
        },
        clock: systemClock,
        logger,
    });
    lifecycle.add(aggregation);
    const admissionMetrics = new AdmissionMetrics();
    const chainMetrics = new ChainMetrics();
    const auth = await createAuth(
        {
            flags,
            logger,
            reader: caches,
            material,
            requestHeader,
            staticToken: admission?.staticToken ?? '',
            onClientCertificate: (secondsLeft) => {
                chainMetrics.clientCertificate(secondsLeft);
            },
            client: ownClient,
            address: () => `${advertiseAddress}:${server.address.port}`,
        },
        lifecycle,
    );
    const { authenticator, authorizer } = auth;
    const tlsOf = ({ cert, key, clientCa }: Pick<Material, 'cert' | 'key' | 'clientCa'>): TlsMaterial => ({
        cert: admission?.chainOf(cert) ?? cert,
        key,
        clientCa,
        settings: tlsSettings(flags['tls-cipher-suites'], flags['tls-min-version']),
    });
    const server: ApiServer = new ApiServer({
        store: encryption.store,
        caches,
        definitions,
        authenticator,
        authorizer,
        admission: createAdmission({
            reader: caches,
            authorizer,
            definitions: () => caches.definitions(),
            metrics: admissionMetrics,
            expressions: loadCelCompiler,
            ...(await admissionConfigurationOf(flags['admission-control-config-file'])),
            client: ownClient,
            enable: flags['enable-admission-plugins'],
            disable: flags['disable-admission-plugins'],
            ...(flags['admission-control'].length === 0 ? {} : { only: flags['admission-control'] }),
        }),
        tls: tlsOf(material),
        bindAddress: flags['bind-address'],
        port: flags['secure-port'],
        logger,
        flags: shownFlags(apiserverFlags, flags),
        chainMetrics,
        ...requestBounds(flags, caches),
        auditor,
        extensions: {
            aggregation: aggregation.aggregator,
            metrics: [
                aggregation.metrics,
                customResources.metrics,
                () => measured.metrics(),
                admissionMetrics.source,
                ...(cluster === undefined ? [] : [() => embeddedStoreMetrics(cluster, caches)]),
            ],
            routes: [
                ...discoveryRoutes(
                    () => caches.definitions(),
                    () => `${advertiseAddress}:${flags['secure-port']}`,
                    aggregation.discovery,
                ),
                ...openApiRoutes(customResources.published, aggregation.openApi),
                ...snapshots.routes(),
                ...auth.routes,
                ...(admission?.routes ?? []),
            ],
            resources: [
                ...podConnectionHandlers(caches, material.kubelet),
                ...proxyHandlers(caches, material.kubelet),
                ...auth.resources,
            ],
            readyChecks: [
                ...encryption.readyChecks,
                {
                    name: 'poststarthook/bootstrap',
                    check: () => (bootstrap.isDone ? undefined : 'roles and system objects are being made'),
                },
            ],
            hooks: [
                customResources.checks,
                new ServiceAllocation({
                    reader: caches,
                    clusterIpRange: flags['service-cluster-ip-range'],
                    nodePorts: parsePortRange(flags['service-node-port-range']),
                    rivals: { exist: isShared, revision: () => caches.revision },
                }),
            ],
        },
    });
    lifecycle.add(server);
    clients.own = createClient(server.transportFor(apiserverIdentity));
    await server.start();
    await customResources.start();
    await writeKubeconfigs(flags['config-dir'], pki, `https://${advertiseAddress}:${server.address.port}`);
    const own = clients.own;
    const masters = new MasterEndpoints({
        store,
        client: own,
        advertiseAddress,
        securePort: server.address.port,
        logger,
        clock: systemClock,
    });
    lifecycle.add(masters);
    const flowObjects = new FlowControlConfigController({
        client: own,
        reader: caches,
        clock: systemClock,
        logger: logger.child({ part: 'flow-control' }),
    });
    if (flags['enable-priority-and-fairness']) lifecycle.add(flowObjects);
    const systemObjects = {
        client: own,
        clusterIpRange: flags['service-cluster-ip-range'],
        securePort: server.address.port,
        requestHeader,
    };
    lifecycle.add(
        followCertificates({
            files: servedFiles(pki, setup.files),
            current: material,
            logger,
            apply: (next) => {
                const { clientCa, requestHeaderCa } = next;
                auth.trust(next);
                server.setTls(tlsOf(next));
                // Extension servers read there whom to trust.
                ensureSystemObjects({ ...systemObjects, clientCa, requestHeaderCa }).catch((err: unknown) => {
                    logger.error({ err }, 'extension-apiserver-authentication is not up to date');
                });
            },
        }),
    );
    const bootstrapped = (async () => {
        await reconcileBootstrapPolicy(own);
        await reconcileSystemPriorityClasses(own);
        if (flags['enable-priority-and-fairness']) await flowObjects.start();
        const { clientCa, requestHeaderCa } = material;
        await ensureSystemObjects({ ...systemObjects, clientCa, requestHeaderCa });
        await aggregation.start();
        await masters.start();
        bootstrap.isDone = true;
        await serveEtcdApi();
    })();
    bootstrapped.catch(() => undefined);
    const clientFor = (identity: Identity): Client => createClient(server.transportFor(identity));
    return {
        server,
        pki,
        cluster,
        hasRivals: isShared,
        clientFor,
        serviceAccountClient: (name) => clientFor(serviceAccountIdentity('kube-system', name)),
        bootstrapped,
    };
}

async function admissionConfigurationOf(file: string): Promise<Pick<AdmissionOptions, 'configuration'>> {
    if (file === '') return {};
    try {
        const read = async (path: string): Promise<Buffer> => await readFile(resolve(dirname(file), path));
        return { configuration: await readAdmissionConfiguration(await readFile(file), read) };
    } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        throw new FlagError(`--admission-control-config-file: ${file}: ${why}`, { cause: error });
    }
}

interface Material {
    cert: string;
    key: string;
    clientCa: string;
    requestHeaderCa: string;
    serviceAccountPublicKey: string;
    serviceAccountPrivateKey: string;
    kubelet: KubeletTls;
    /** What extension API servers are shown. */
    frontProxyClient: FrontProxyCertificate;
}

/** The cluster's own keys and certificates, or the files that flags name instead. */
async function readMaterial(pki: ClusterPki, files: ApiServerFiles | undefined): Promise<Material> {
    const read = async (name: keyof ApiServerFiles, own: string): Promise<string> => {
        const named = [files?.[name] ?? []].flat().filter((file) => file !== '');
        if (named.length === 0) return own;
        return (await Promise.all(named.map(async (file) => await readOne(name, file)))).join('\n');
    };
    const readOne = async (name: string, file: string): Promise<string> => {
        try {
            return await readFile(file, 'utf8');
        } catch (error) {
            throw new FlagError(`--${name}: cannot read ${file}`, { cause: error });
        }
    };
    return {
        cert: await read('tls-cert-file', pki.apiserver.cert),
        key: await read('tls-private-key-file', pki.apiserver.key),
        clientCa: await read('client-ca-file', pki.ca.cert),
        requestHeaderCa: await read('requestheader-client-ca-file', pki.frontProxyCa.cert),
        serviceAccountPublicKey: await read('service-account-key-file', pki.serviceAccount.publicKey),
        serviceAccountPrivateKey: await read(
            'service-account-signing-key-file',
            pki.serviceAccount.privateKey,
        ),
        kubelet: {
            ca: await read('kubelet-certificate-authority', pki.ca.cert),
            cert: await read('kubelet-client-certificate', pki.apiserverKubeletClient.cert),
            key: await read('kubelet-client-key', pki.apiserverKubeletClient.key),
        },
        frontProxyClient: {
            cert: await read('proxy-client-cert-file', pki.frontProxyClient.cert),
            key: await read('proxy-client-key-file', pki.frontProxyClient.key),
        },
    };
}

/** Where that is which may change while the server runs. */
function servedFiles(pki: ClusterPki, files: ApiServerFiles | undefined): ServedFiles {
    return {
        cert: files?.['tls-cert-file'] || pki.apiserver.certFile,
        key: files?.['tls-private-key-file'] || pki.apiserver.keyFile,
        clientCa: files?.['client-ca-file'] || pki.ca.certFile,
        requestHeaderCa: files?.['requestheader-client-ca-file'] || pki.frontProxyCa.certFile,
    };
}

/** API Priority and Fairness, or bounds on the requests in flight where it is off. */
function requestBounds(
    flags: ApiServerSetup['flags'],
    caches: WatchCaches,
): Pick<ApiServerOptions, 'flowControl' | 'inFlightLimits' | 'requestTimeoutMs' | 'profiling'> {
    const readOnly = flags['max-requests-inflight'];
    const mutating = flags['max-mutating-requests-inflight'];
    const requestTimeoutMs = flags['request-timeout'];
    return {
        inFlightLimits: { readOnly, mutating },
        requestTimeoutMs,
        profiling: flags.profiling,
        flowControl: flags['enable-priority-and-fairness']
            ? new FlowControl({
                  reader: caches,
                  clock: systemClock,
                  serverSeats: readOnly + mutating,
                  waitMaxMs: requestTimeoutMs / 4,
                  statsOf: resourceStats(caches),
              })
            : undefined,
    };
}

async function auditorOf(flags: ApiServerSetup['flags'], logger: Logger): Promise<Auditor | undefined> {
    // Loaded only where it is asked for.
    if (flags['audit-policy-file'] === '') return undefined;
    const { createAuditor } = await import('../../components/apiserver/audit/create-auditor.ts');
    return await createAuditor(
        {
            policyFile: flags['audit-policy-file'],
            logPath: flags['audit-log-path'],
            logMaxAgeDays: flags['audit-log-maxage'],
            logMaxBackups: flags['audit-log-maxbackup'],
            logMaxSizeMegabytes: flags['audit-log-maxsize'],
            webhookConfigFile: flags['audit-webhook-config-file'],
        },
        { clock: systemClock, logger },
    );
}

function parsePortRange(text: string): { first: number; last: number } {
    const match = /^(\d+)-(\d+)$/.exec(text);
    const [first, last] = [Number(match?.[1]), Number(match?.[2])];
    if (match === null || first < 1 || last > 65_535 || last < first)
        throw new FlagError(`--service-node-port-range: "${text}" is no range such as 30000-32767`);
    return { first, last };
}

let cel: Promise<CelCompiler> | undefined;

/** The engine of expressions, loaded where there is one to compile. */
async function loadCelCompiler(): Promise<CelCompiler> {
    cel ??= import('../../api/cel/compiler.ts').then(({ createCelCompiler }) => createCelCompiler());
    return await cel;
}
