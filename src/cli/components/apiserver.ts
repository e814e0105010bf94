import { join } from 'node:path';
import { resourceDefinitions } from '../../api/groups/index.ts';
import { serveLegacyApis } from '../../api/groups/legacy/index.ts';
import { type AssembledApiServer, assembleApiServer } from '../../components/apiserver/assembly/assemble.ts';
import {
    type AssemblyOptions,
    defaultRequestHeader,
    type RequestBounds,
    type ServiceRanges,
} from '../../components/apiserver/assembly/options.ts';
import type { Auditor } from '../../components/apiserver/audit/auditor.ts';
import {
    kubernetesServiceIp,
    type RequestHeaderOptions,
} from '../../components/apiserver/bootstrap/system-objects.ts';
import { MeasuredStore } from '../../components/apiserver/metrics/measured-store.ts';
import { embeddedStoreMetrics } from '../../components/apiserver/metrics/store-metrics.ts';
import type { TlsMaterial } from '../../components/apiserver/server.ts';
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
import { admitMasters, type AdmittingParts, type MasterAdmission } from '../join/admit-masters.ts';
import type { Joined } from '../join/join-as-master.ts';
import { admissionSelectionOf } from './apiserver-admission.ts';
import { auditThrottleOf } from './apiserver-audit.ts';
import { authOptions } from './apiserver-auth.ts';
import { type ApiServerFiles, readMaterial, servedFiles } from './apiserver-material.ts';
import { followCertificates, type ServedCertificates } from './certificate-follower.ts';
import { writeKubeconfigs } from './control-plane-files.ts';
import { openControlPlaneStore } from './control-plane-store.ts';
import { openEncryption } from './encryption.ts';
import { FlagError } from './flag-error.ts';
import { SnapshotService } from './snapshot-service.ts';

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
    /** Components that this process runs besides. */
    inProcess?: AssemblyOptions['inProcess'];
}

/** A running API server, and clients of it inside this process. */
export interface RunningApiServer extends Pick<
    AssembledApiServer,
    'server' | 'clientFor' | 'serviceAccountClient'
> {
    pki: ClusterPki;
    /** Undefined where the store is a real etcd. */
    cluster: Cluster | undefined;
    /** There are, or may be, other API servers on the same store. */
    hasRivals: () => boolean;
    /** Resolves once roles and system objects are there. */
    bootstrapped: Promise<void>;
}

/** Opens the store, makes what is missing of certificates and kubeconfigs, and serves the API. */
export async function startApiServer(setup: ApiServerSetup, lifecycle: Lifecycle): Promise<RunningApiServer> {
    const { flags, nodeIp, logger } = setup;
    const advertiseAddress = flags['advertise-address'] || nodeIp;
    const pki = await ensurePki(setup, advertiseAddress);
    const material = await readMaterial(pki, setup.files);

    const opened = await openControlPlaneStore(setup, lifecycle);
    const { store, cluster, isShared, serveEtcdApi } = opened;
    if (flags['legacy-apis']) serveLegacyApis();
    const definitions = resourceDefinitions();
    const measured = new MeasuredStore(store, definitions);
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
    const settings = tlsSettings(flags['tls-cipher-suites'], flags['tls-min-version']);
    const admitting = await admittingParts(setup, { cluster, pki, encryptionConfig: encryption.file });
    const assembled = await assembleApiServer(
        {
            caches,
            definitions,
            logger,
            listen: {
                address: flags['bind-address'],
                port: flags['secure-port'],
                tls: { ...servingTls(material, admitting), settings },
            },
            advertiseAddress,
            flags: shownFlags(apiserverFlags, flags),
            masterLeases: store,
            auth: await authOptions({
                flags,
                logger,
                material,
                requestHeader: setup.requestHeader ?? defaultRequestHeader,
                staticToken: admitting?.staticToken ?? '',
            }),
            admission: await admissionSelectionOf(flags),
            peers: { kubelet: material.kubelet, extensions: material.frontProxyClient },
            requests: requestBounds(flags),
            eventTtlMs: flags['event-ttl'],
            services: { ...serviceRanges(flags), isShared },
            inProcess: setup.inProcess,
            auditor: await auditorOf(flags, logger),
            extensions: {
                metrics: [
                    () => measured.metrics(),
                    () => encryption.store.metrics(),
                    ...(cluster === undefined ? [] : [() => embeddedStoreMetrics(cluster, caches)]),
                ],
                routes: [...snapshots.routes(), ...(admitting?.routes ?? [])],
                readyChecks: encryption.readyChecks,
            },
        },
        lifecycle,
    );
    const { server, clientFor, serviceAccountClient } = assembled;
    await writeKubeconfigs(flags['config-dir'], pki, `https://${advertiseAddress}:${server.address.port}`);
    lifecycle.add(
        followCertificates({
            files: servedFiles(pki, setup.files),
            current: material,
            logger,
            apply: (next) => {
                assembled.replaceCertificates({
                    tls: { ...servingTls(next, admitting), settings },
                    trusted: next,
                });
            },
        }),
    );
    const bootstrapped = assembled.bootstrap().then(serveEtcdApi);
    bootstrapped.catch(() => undefined);
    return { server, pki, cluster, hasRivals: isShared, clientFor, serviceAccountClient, bootstrapped };
}

async function ensurePki(setup: ApiServerSetup, advertiseAddress: string): Promise<ClusterPki> {
    const { flags, nodeName, nodeIp, logger } = setup;
    const pki = await ensureClusterPki({
        directory: join(flags['config-dir'], 'pki'),
        nodeName,
        hostName: hostName(),
        ipAddresses: [...new Set([nodeIp, advertiseAddress])],
        extraNames: flags['apiserver-cert-extra-sans'],
        serviceIp: kubernetesServiceIp(flags['service-cluster-ip-range']),
        clusterDomain: flags['cluster-domain'],
    });
    for (const entry of pki.issued) logger.info(entry, 'certificate issued');
    return pki;
}

/** Undefined where no other masters can join. */
async function admittingParts(
    { admission, flags }: ApiServerSetup,
    parts: { cluster: Cluster | undefined; pki: ClusterPki; encryptionConfig: string },
): Promise<AdmittingParts | undefined> {
    const { cluster, pki, encryptionConfig } = parts;
    if (cluster === undefined || admission === undefined) return undefined;
    return await admitMasters(admission, {
        cluster,
        pki,
        dataDirectory: flags['data-dir'],
        encryptionConfig: encryptionConfig || undefined,
    });
}

function servingTls(
    { cert, key, clientCa }: Omit<ServedCertificates, 'requestHeaderCa'>,
    admitting: AdmittingParts | undefined,
): TlsMaterial {
    return { cert: admitting?.chainOf(cert) ?? cert, key, clientCa };
}

function requestBounds(flags: ApiServerSetup['flags']): RequestBounds {
    return {
        readOnlyMax: flags['max-requests-inflight'],
        mutatingMax: flags['max-mutating-requests-inflight'],
        timeoutMs: flags['request-timeout'],
        priorityAndFairness: flags['enable-priority-and-fairness'],
        profiling: flags.profiling,
    };
}

function serviceRanges(flags: ApiServerSetup['flags']): ServiceRanges {
    return {
        clusterIpRange: flags['service-cluster-ip-range'],
        nodePorts: parsePortRange(flags['service-node-port-range']),
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
            logCompress: flags['audit-log-compress'],
            logThrottle: auditThrottleOf(flags, 'log'),
            logMode: flags['audit-log-mode'],
            logEventBytesMax: flags['audit-log-truncate-enabled']
                ? flags['audit-log-truncate-max-event-size']
                : undefined,
            webhookConfigFile: flags['audit-webhook-config-file'],
            webhookMode: flags['audit-webhook-mode'],
            webhookBatch: {
                bufferEventsMax: flags['audit-webhook-batch-buffer-size'],
                batchEventsMax: flags['audit-webhook-batch-max-size'],
                batchWaitMs: flags['audit-webhook-batch-max-wait'],
                throttle: auditThrottleOf(flags, 'webhook'),
            },
            webhookInitialBackoffMs: flags['audit-webhook-initial-backoff'],
            webhookEventBytesMax: flags['audit-webhook-truncate-enabled']
                ? flags['audit-webhook-truncate-max-event-size']
                : undefined,
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
