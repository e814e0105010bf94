import type { Client } from '../../../client/client.ts';
import { EventRecorder } from '../../../client/event-recorder.ts';
import { createClient } from '../../../client/rest-client.ts';
import { systemClock } from '../../../util/clock.ts';
import type { Lifecycle } from '../../../util/lifecycle.ts';
import type { AdmissionPlugin } from '../admission.ts';
import { AdmissionMetrics, createAdmission } from '../admission/index.ts';
import { type AggregationServing, serveAggregation } from '../aggregation/serve.ts';
import { serviceAccountIdentity } from '../authn/service-account.ts';
import type { ClusterAuthorizer } from '../authz/authorizer.ts';
import { MasterEndpoints } from '../bootstrap/master-endpoints.ts';
import {
    ensureServiceCidr,
    ensureSystemObjects,
    type SystemObjectsOptions,
} from '../bootstrap/system-objects.ts';
import { componentChecks } from '../component-status/component-checks.ts';
import { componentStatusHandler } from '../component-status/component-statuses.ts';
import { serveCustomResources } from '../custom-resources/serve.ts';
import { discoveryRoutes } from '../discovery/routes.ts';
import { FlowControlConfigController } from '../flow-control/config-controller.ts';
import { FlowControl } from '../flow-control/flow-control.ts';
import { resourceStats } from '../flow-control/resource-stats.ts';
import type { Identity } from '../identity.ts';
import { ChainMetrics } from '../metrics/chain-metrics.ts';
import { proxyHandlers } from '../node-proxy/http-proxies.ts';
import { podConnectionHandlers } from '../node-proxy/pod-connections.ts';
import { openApiRoutes } from '../openapi/routes.ts';
import { ApiServer, type TlsMaterial } from '../server.ts';
import { AddressRepair } from '../services/address-repair.ts';
import { AllocationMetrics } from '../metrics/allocation-metrics.ts';
import { nodeGraphActions } from '../authz/node-graph-metrics.ts';
import { ServiceAllocation } from '../services/service-allocation.ts';
import type { WatchCaches } from '../watch-caches.ts';
import { type Auth, createAuth, type TrustedAuthorities } from './auth.ts';
import { Bootstrap } from './bootstrap.ts';
import { celMetrics, loadCelCompiler } from './cel.ts';
import {
    type AssemblyOptions,
    defaultRequestBounds,
    defaultRequestHeader,
    type RequestBounds,
} from './options.ts';
import { PostStartHooks } from './post-start-hooks.ts';

const apiserverIdentity: Identity = {
    username: 'system:apiserver',
    uid: '',
    groups: ['system:masters', 'system:authenticated'],
    extra: {},
};

/** An API server that serves, and clients of it inside this process. */
export interface AssembledApiServer {
    server: ApiServer;
    /** As system:apiserver. */
    client: Client;
    readonly clientFor: (identity: Identity) => Client;
    /** As a service account of kube-system. */
    readonly serviceAccountClient: (name: string) => Client;
    /**
     * Resolves when every change of a CustomResourceDefinition or an APIService that was seen so far is served and
     * written down, or is waiting to be tried again.
     */
    idle(): Promise<void>;
    /**
     * Makes the roles and objects that every cluster has; resolves when they are there. To be called once,
     * or not at all: without it there are no namespaces, and RBAC lets only system:masters in.
     * @param isRecorded roles and priority classes are in the store already, put there by this same program
     */
    bootstrap(isRecorded?: boolean): Promise<void>;
    /**
     * New connections get these; extension servers are told whom to trust.
     * @throws Error for a bundle without a certificate
     */
    replaceCertificates(next: { tls: TlsMaterial; trusted: TrustedAuthorities }): void;
}

/**
 * Puts an API server together out of its parts and starts it: authentication, authorization, admission, custom
 * resources, aggregation, discovery, flow control. Resolves when it answers requests. What has to be stopped is in
 * `lifecycle` then, also where this rejects.
 */
export async function assembleApiServer(
    options: AssemblyOptions,
    lifecycle: Lifecycle,
): Promise<AssembledApiServer> {
    const { caches, definitions, logger, advertiseAddress, extensions = {} } = options;
    const requests: RequestBounds = { ...defaultRequestBounds, ...options.requests };
    const clients: { own?: Client } = {};
    const ownClient = (): Client => {
        if (clients.own === undefined) throw new Error('the API server has not been started');
        return clients.own;
    };
    const address = (): string => `${advertiseAddress}:${server.address.port}`;
    const customResources = serveCustomResources({ caches, client: ownClient, logger, cel: loadCelCompiler });
    lifecycle.add(customResources);
    const aggregation = aggregationOf(options, ownClient);
    lifecycle.add(aggregation);
    const hooks = new PostStartHooks(
        (name) => !requests.priorityAndFairness && name.startsWith('priority-and-fairness'),
    );
    const bootstrap = new Bootstrap(hooks);
    const metrics = new AdmissionMetrics();
    const chainMetrics = new ChainMetrics();
    const auth = createAuth(
        options.auth,
        {
            logger,
            reader: caches,
            client: ownClient,
            address,
            onClientCertificate: (secondsLeft) => {
                chainMetrics.clientCertificate(secondsLeft);
            },
        },
        lifecycle,
    );
    const admission = admissionOf(options, { authorizer: auth.authorizer, metrics, client: ownClient });
    const allocations = new AllocationMetrics({ reader: caches, ...options.services });
    const server: ApiServer = new ApiServer({
        store: caches.store,
        caches,
        definitions,
        authenticator: auth.authenticator,
        authorizer: auth.authorizer,
        admission,
        tls: options.listen.tls,
        bindAddress: options.listen.address,
        port: options.listen.port,
        logger,
        ...(options.flags === undefined ? {} : { flags: options.flags }),
        chainMetrics,
        inFlightLimits: { readOnly: requests.readOnlyMax, mutating: requests.mutatingMax },
        requestTimeoutMs: requests.timeoutMs,
        eventTtlMs: options.eventTtlMs,
        profiling: requests.profiling,
        flowControl: flowControlOf(requests, caches),
        auditor: options.auditor,
        extensions: {
            aggregation: aggregation.aggregator,
            metrics: [
                aggregation.metrics,
                customResources.metrics,
                metrics.source,
                auth.metrics,
                celMetrics,
                allocations.source,
                () => [nodeGraphActions.metric()],
                ...(extensions.metrics ?? []),
            ],
            routes: [
                ...discoveryRoutes(() => caches.definitions(), address, aggregation.discovery),
                ...openApiRoutes(customResources.published, aggregation.openApi),
                ...auth.routes,
                ...(extensions.routes ?? []),
            ],
            resources: resourcesOf(options, auth),
            liveChecks: hooks.live,
            readyChecks: [...(extensions.readyChecks ?? []), ...hooks.ready],
            hooks: [
                customResources.checks,
                allocations.measured(serviceAllocationOf(options)),
                ...(extensions.hooks ?? []),
            ],
        },
    });
    lifecycle.add(server);
    const client = createClient(server.transportFor(apiserverIdentity));
    clients.own = client;
    await server.start();
    hooks.done('start');
    await customResources.start();
    hooks.done('customResources');
    const serving: Serving = { client, port: server.address.port };
    const masters = mastersOf(options, serving);
    if (masters !== undefined) lifecycle.add(masters);
    const flowObjects = requests.priorityAndFairness ? flowObjectsOf(options, serving) : undefined;
    if (flowObjects !== undefined) lifecycle.add(flowObjects);
    const addresses = addressRepairOf(options, serving, lifecycle);
    const clientFor = (identity: Identity): Client => createClient(server.transportFor(identity));
    return {
        server,
        client,
        clientFor,
        idle: async () => {
            await customResources.idle();
            await aggregation.idle();
        },
        serviceAccountClient: (name) => clientFor(serviceAccountIdentity('kube-system', name)),
        bootstrap: async (isRecorded = false) => {
            const system = systemObjectsOf(options, serving);
            await bootstrap.run(client, {
                system,
                isRecorded,
                flowObjects,
                addresses,
                aggregation,
                masters,
            });
        },
        replaceCertificates: ({ tls, trusted: { clientCa, requestHeaderCa } }) => {
            auth.trust({ clientCa, requestHeaderCa });
            server.setTls(tls);
            const system = { ...systemObjectsOf(options, serving), clientCa, requestHeaderCa };
            // Extension servers read there whom to trust.
            ensureSystemObjects(system).catch((err: unknown) => {
                logger.error({ err }, 'extension-apiserver-authentication is not up to date');
            });
        },
    };
}

function admissionOf(
    { admission, caches }: AssemblyOptions,
    parts: { authorizer: ClusterAuthorizer; metrics: AdmissionMetrics; client: () => Client },
): readonly AdmissionPlugin[] {
    if (!('enable' in admission)) return admission;
    return createAdmission({
        ...admission,
        ...parts,
        reader: caches,
        definitions: () => caches.definitions(),
        expressions: loadCelCompiler,
    });
}

function aggregationOf(
    { caches, definitions, logger, peers, auth }: AssemblyOptions,
    client: () => Client,
): AggregationServing {
    const { usernameHeaders, uidHeaders, groupHeaders, extraHeaderPrefixes } =
        auth.authentication.requestHeader ?? defaultRequestHeader;
    return serveAggregation({
        reader: caches,
        client,
        definitions,
        certificate: peers.extensions,
        requestHeaders: {
            names: [...usernameHeaders, ...uidHeaders, ...groupHeaders],
            prefixes: extraHeaderPrefixes,
        },
        clock: systemClock,
        logger,
    });
}

function resourcesOf(options: AssemblyOptions, auth: Auth): Auth['resources'] {
    const { caches, peers, extensions, inProcess } = options;
    const components = { group: '', version: 'v1', resource: 'componentstatuses' };
    return [
        componentStatusHandler(
            componentChecks({ store: caches.store, ...(inProcess === undefined ? {} : { inProcess }) }),
            () => caches.definitionOf(components),
        ),
        ...podConnectionHandlers(caches, peers.kubelet),
        ...proxyHandlers(caches, peers.kubelet),
        ...auth.resources,
        ...(extensions?.resources ?? []),
    ];
}

function serviceAllocationOf({ caches, services }: AssemblyOptions): ServiceAllocation {
    const { clusterIpRange, nodePorts, isShared = () => false } = services;
    const rivals = { exist: isShared, revision: () => caches.revision };
    return new ServiceAllocation({ reader: caches, clusterIpRange, nodePorts, rivals });
}

/** API Priority and Fairness; undefined where fixed bounds on the requests in flight are enough. */
function flowControlOf(requests: RequestBounds, caches: WatchCaches): FlowControl | undefined {
    if (!requests.priorityAndFairness) return undefined;
    return new FlowControl({
        reader: caches,
        clock: systemClock,
        serverSeats: requests.readOnlyMax + requests.mutatingMax,
        waitMaxMs: requests.timeoutMs / 4,
        statsOf: resourceStats(caches),
    });
}

/** What is known once the server listens. */
interface Serving {
    /** As system:apiserver. */
    client: Client;
    port: number;
}

function mastersOf(
    { masterLeases, advertiseAddress, logger }: AssemblyOptions,
    { client, port }: Serving,
): MasterEndpoints | undefined {
    if (masterLeases === undefined) return undefined;
    return new MasterEndpoints({
        store: masterLeases,
        client,
        advertiseAddress,
        securePort: port,
        logger,
        clock: systemClock,
    });
}

function flowObjectsOf(
    { caches, logger }: AssemblyOptions,
    { client }: Serving,
): FlowControlConfigController {
    return new FlowControlConfigController({
        client,
        reader: caches,
        clock: systemClock,
        logger: logger.child({ part: 'flow-control' }),
    });
}

function addressRepairOf(
    { caches, services, logger: parent }: AssemblyOptions,
    { client }: Serving,
    lifecycle: Lifecycle,
): AddressRepair {
    const { clusterIpRange } = services;
    const component = 'ipallocator-repair-controller';
    const logger = parent.child({ part: component });
    const events = lifecycle.add(new EventRecorder({ client, component, logger }));
    const repair = new AddressRepair({
        client,
        events,
        reader: caches,
        clusterIpRange,
        ensureRange: async () => {
            await ensureServiceCidr({ client, clusterIpRange });
        },
        clock: systemClock,
        logger,
    });
    return lifecycle.add(repair);
}

function systemObjectsOf(
    { auth: { authentication }, services }: AssemblyOptions,
    { client, port }: Serving,
): SystemObjectsOptions {
    const { clientCa, requestHeader } = authentication;
    return {
        client,
        clusterIpRange: services.clusterIpRange,
        securePort: port,
        clientCa,
        requestHeaderCa: requestHeader?.ca ?? '',
        requestHeader: requestHeader ?? defaultRequestHeader,
    };
}
