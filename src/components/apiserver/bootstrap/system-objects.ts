import type {
    ApiObject,
    V1ConfigMap,
    V1Namespace,
    V1Service,
    V1ServiceCIDR,
} from '../../../api/meta/object.ts';
import { semanticEqual } from '../../../api/meta/deep.ts';
import type { Client } from '../../../client/client.ts';
import {
    configMaps,
    namespaces,
    type ResourceType,
    serviceCidrs,
    services,
} from '../../../client/resource-type.ts';
import { rfc3339, systemClock } from '../../../util/clock.ts';
import { againstRivals, find } from './rivals.ts';
import { numberToIp, parseIpRange } from '../services/ip-range.ts';

export interface SystemObjectsOptions {
    /** As system:apiserver, member of system:masters. */
    client: Client;
    clusterIpRange: string;
    securePort: number;
    /** PEM of the CA that signs client certificates. */
    clientCa: string;
    /** PEM of the front proxy's CA; empty for none. */
    requestHeaderCa: string;
    requestHeader: RequestHeaderOptions;
}

/** Which front proxies are believed, and the headers by which they tell whom they speak for. */
export interface RequestHeaderOptions {
    /** Common names of their certificates; empty for any. */
    allowedNames: readonly string[];
    usernameHeaders: readonly string[];
    uidHeaders: readonly string[];
    groupHeaders: readonly string[];
    extraHeaderPrefixes: readonly string[];
}

const systemNamespaces = ['default', 'kube-system', 'kube-public', 'kube-node-lease'];
/**
 * The objects that every cluster has: system namespaces, the Service `kubernetes` (whose endpoints are kept by
 * MasterEndpoints), the CAs for extension servers. Writes only what differs.
 */
export async function ensureSystemObjects(options: SystemObjectsOptions): Promise<void> {
    const { client } = options;
    for (const name of systemNamespaces)
        await ensure<V1Namespace>(client, namespaces, { metadata: { name } });
    await ensureServiceCidr(options);
    await ensureKubernetesService(options);
    await ensureAuthenticationConfig(options);
    await ensureTokenTracking(options);
}

/** The first address of the Service range, which pods find in KUBERNETES_SERVICE_HOST. */
export function kubernetesServiceIp(clusterIpRange: string): string {
    return numberToIp(parseIpRange(clusterIpRange).first + 1);
}

async function ensureKubernetesService(options: SystemObjectsOptions): Promise<void> {
    const { client, securePort } = options;
    const metadata = { name: 'kubernetes', namespace: 'default' };
    const service: V1Service = {
        metadata: { ...metadata, labels: { component: 'apiserver', provider: 'kubernetes' } },
        spec: {
            clusterIP: kubernetesServiceIp(options.clusterIpRange),
            type: 'ClusterIP',
            sessionAffinity: 'None',
            ports: [{ name: 'https', port: 443, protocol: 'TCP', targetPort: securePort }],
        },
    };
    await ensure(client, services, service);
}

/**
 * The ServiceCIDR of --service-cluster-ip-range, ready. One with other networks is left as it is: what the flag says
 * is not what the cluster has then.
 */
export async function ensureServiceCidr({
    client,
    clusterIpRange,
}: Pick<SystemObjectsOptions, 'client' | 'clusterIpRange'>): Promise<void> {
    const name = 'kubernetes';
    const resource = client.resource(serviceCidrs);
    const bits = clusterIpRange.slice(clusterIpRange.indexOf('/'));
    const cidrs = [numberToIp(parseIpRange(clusterIpRange).first) + bits];
    const wanted: V1ServiceCIDR = { metadata: { name }, spec: { cidrs } };
    await againstRivals(async () => {
        const found = (await find(resource, wanted)) ?? (await resource.create(wanted));
        const conditions = found.status?.conditions ?? [];
        const isOurs = semanticEqual(found.spec?.cidrs, cidrs) && !found.metadata.deletionTimestamp;
        // Whoever set the condition before knows why: it is left alone.
        if (!isOurs || conditions.some(({ type, status }) => type === 'Ready' && status !== 'Unknown'))
            return;
        const ready = {
            type: 'Ready',
            status: 'True',
            reason: '',
            message: 'Kubernetes Service CIDR is ready',
            lastTransitionTime: rfc3339(systemClock.nowMs()),
        };
        const others = conditions.filter(({ type }) => type !== 'Ready');
        await resource.updateStatus({ ...found, status: { conditions: [...others, ready] } });
    });
}

/** kube-system/extension-apiserver-authentication, which extension servers read to trust this one. */
async function ensureAuthenticationConfig({
    client,
    clientCa,
    requestHeaderCa,
    requestHeader,
}: SystemObjectsOptions): Promise<void> {
    const data: Record<string, string> = { 'client-ca-file': clientCa };
    if (requestHeaderCa !== '') {
        data['requestheader-client-ca-file'] = requestHeaderCa;
        data['requestheader-allowed-names'] = JSON.stringify(requestHeader.allowedNames);
        data['requestheader-extra-headers-prefix'] = JSON.stringify(requestHeader.extraHeaderPrefixes);
        data['requestheader-group-headers'] = JSON.stringify(requestHeader.groupHeaders);
        data['requestheader-uid-headers'] = JSON.stringify(requestHeader.uidHeaders);
        data['requestheader-username-headers'] = JSON.stringify(requestHeader.usernameHeaders);
    }
    const configMap: V1ConfigMap = {
        metadata: { name: 'extension-apiserver-authentication', namespace: 'kube-system' },
        data,
    };
    await ensure(client, configMaps, configMap, (found) => ({ ...found, data }));
}

/** Says since when uses of tokens of Secrets are written down; who cleans up unused ones reads it. */
async function ensureTokenTracking({ client }: SystemObjectsOptions): Promise<void> {
    const since = rfc3339(systemClock.nowMs()).slice(0, 'yyyy-mm-dd'.length);
    const data = { since };
    const name = 'kube-apiserver-legacy-service-account-token-tracking';
    const configMap: V1ConfigMap = { metadata: { name, namespace: 'kube-system' }, data };
    await ensure(client, configMaps, configMap, (found) =>
        isDay(found.data?.['since'] ?? '') ? found : { ...found, data },
    );
}

/** "2026-01-31"; no "2026-02-30". */
function isDay(text: string): boolean {
    if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
    const time = new Date(`${text}T00:00:00Z`);
    return !Number.isNaN(time.getTime()) && rfc3339(time.getTime()).startsWith(text);
}

/**
 * Creates the object where it is missing.
 * @param update gives what an existing one should be; nothing is written when it is that already
 */
async function ensure<T extends ApiObject>(
    client: Client,
    type: ResourceType<T>,
    wanted: T,
    update?: (found: T) => T,
): Promise<void> {
    const resource = client.resource(type);
    // Another master may be doing the same.
    await againstRivals(async () => {
        const found = await find(resource, wanted);
        if (found === undefined) {
            await resource.create(wanted);
            return;
        }
        const updated = update?.(found);
        if (updated !== undefined && !semanticEqual(updated, found)) await resource.update(updated);
    });
}
