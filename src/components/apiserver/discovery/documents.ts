import { createHash } from 'node:crypto';
import type { ResourceDefinition, SubresourceDefinition } from '../../../api/groups/resource.ts';
import { apiVersionOf } from '../../../api/meta/object.ts';
import { schema } from '../../../api/schema/schema.ts';
import type { ForeignDiscovery } from '../aggregation/extension-discovery.ts';
import type { DiscoveredGroup, DiscoveredVersion } from './group-order.ts';

/** Kinds of subresources whose body is no type of the schema: options in the query, or bytes. */
const kindOfConnection: Readonly<Record<string, string>> = {
    'pods/exec': 'PodExecOptions',
    'pods/attach': 'PodAttachOptions',
    'pods/portforward': 'PodPortForwardOptions',
    'pods/proxy': 'PodProxyOptions',
    'nodes/proxy': 'NodeProxyOptions',
    'services/proxy': 'ServiceProxyOptions',
};

interface ResponseKind {
    group: string;
    version: string;
    kind: string;
}

function subresourceKind(
    parent: ResourceDefinition,
    name: string,
    { type }: SubresourceDefinition,
): ResponseKind {
    const connection = kindOfConnection[`${parent.plural}/${name}`];
    const own = { group: parent.group, version: parent.version };
    if (connection !== undefined) return { ...own, kind: connection };
    const gvk = type === undefined || type === parent.type ? undefined : schema().type(type).gvks[0];
    return gvk === undefined ? { ...own, kind: parent.kind } : gvk;
}

/** APIVersions, at /api. */
export function apiVersions(serverAddress: string): object {
    return {
        kind: 'APIVersions',
        versions: ['v1'],
        serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress }],
    };
}

/** One APIGroup, at /apis/<group> and in the list. */
export function apiGroup({ group, versions }: DiscoveredGroup): object {
    const entries = versions.map(({ version }) => ({
        groupVersion: apiVersionOf({ group, version }),
        version,
    }));
    return { name: group, versions: entries, preferredVersion: entries[0] };
}

/** APIResourceList, at /api/v1 and /apis/<group>/<version>. */
export function apiResourceList(group: string, { version, resources }: DiscoveredVersion): object {
    return {
        kind: 'APIResourceList',
        apiVersion: 'v1',
        groupVersion: apiVersionOf({ group, version }),
        resources: resources.flatMap((resource) => [mainEntry(resource), ...subresourceEntries(resource)]),
    };
}

function mainEntry(resource: ResourceDefinition): object {
    return {
        name: resource.plural,
        singularName: resource.singular,
        namespaced: resource.namespaced,
        kind: resource.kind,
        verbs: resource.verbs,
        ...(resource.shortNames.length === 0 ? {} : { shortNames: resource.shortNames }),
        ...(resource.categories.length === 0 ? {} : { categories: resource.categories }),
        ...(resource.verbs.includes('watch') ? { storageVersionHash: storageVersionHash(resource) } : {}),
    };
}

/** What tells clients that objects are stored in another version or kind than before (StorageVersionHash). */
function storageVersionHash({ group, version, kind, conversion }: ResourceDefinition): string {
    const stored = conversion?.stored ?? { group, version };
    const digest = createHash('sha256').update(`${stored.group}/${stored.version}/${kind}`).digest();
    return digest.subarray(0, 8).toString('base64');
}

function subresourceEntries(resource: ResourceDefinition): object[] {
    return Object.entries(resource.subresources).map(([name, subresource]) => {
        const { group, version, kind } = subresourceKind(resource, name, subresource);
        const foreign = group !== resource.group || version !== resource.version;
        return {
            name: `${resource.plural}/${name}`,
            singularName: '',
            namespaced: resource.namespaced,
            ...(foreign ? { group, version } : {}),
            kind,
            verbs: subresource.verbs,
        };
    });
}

/** APIGroupDiscoveryList (apidiscovery.k8s.io): everything of /api or of /apis in one document. */
export function groupDiscoveryList(items: readonly object[], apiVersion: string): object {
    return { kind: 'APIGroupDiscoveryList', apiVersion, metadata: {}, items };
}

/** Its items. */
export async function groupDiscoveryItems(
    groups: readonly DiscoveredGroup[],
    foreign?: ForeignDiscovery,
): Promise<object[]> {
    const versionItem = async ({
        version,
        resources,
        foreign: other,
    }: DiscoveredVersion): Promise<object> => {
        if (other !== undefined && foreign !== undefined) {
            const found = await foreign.resourcesOf(other);
            return { version, resources: found.resources, freshness: found.freshness };
        }
        return { version, resources: resources.map(aggregatedEntry), freshness: 'Current' };
    };
    return await Promise.all(
        groups.map(async ({ group, versions }) => ({
            metadata: { creationTimestamp: null, ...(group === '' ? {} : { name: group }) },
            versions: await Promise.all(versions.map(versionItem)),
        })),
    );
}

function aggregatedEntry(resource: ResourceDefinition): object {
    const { group, version, kind } = resource;
    const subresources = Object.entries(resource.subresources).map(([name, subresource]) => ({
        subresource: name,
        responseKind: subresourceKind(resource, name, subresource),
        verbs: subresource.verbs,
    }));
    return {
        resource: resource.plural,
        responseKind: { group, version, kind },
        scope: resource.namespaced ? 'Namespaced' : 'Cluster',
        singularResource: resource.singular,
        verbs: resource.verbs,
        ...(resource.shortNames.length === 0 ? {} : { shortNames: resource.shortNames }),
        ...(resource.categories.length === 0 ? {} : { categories: resource.categories }),
        ...(subresources.length === 0 ? {} : { subresources }),
    };
}
