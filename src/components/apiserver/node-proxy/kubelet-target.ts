import type { V1Node, V1Pod } from '../../../api/meta/object.ts';
import { statusErrors } from '../../../api/meta/status-error.ts';
import type { ObjectReader } from '../object-reader.ts';
import type { ResourceRequestInfo } from '../request-info.ts';

/** Where a node's kubelet answers. */
export interface KubeletAddress {
    host: string;
    port: number;
    nodeName: string;
}

const kubeletPortDefault = 10_250;
const nodesResource = { group: '', version: 'v1', resource: 'nodes' };
const podsResource = { group: '', version: 'v1', resource: 'pods' };

/** --kubelet-preferred-address-types, upstream's default order. */
const addressTypes = ['Hostname', 'InternalDNS', 'InternalIP', 'ExternalDNS', 'ExternalIP'] as const;
/** Node names resolve on few home networks: addresses come first here. */
const preferredAddressTypes = [...addressTypes].sort(
    (a, b) => Number(b.endsWith('IP')) - Number(a.endsWith('IP')),
);

export function kubeletAddress(reader: ObjectReader, nodeName: string): KubeletAddress {
    const node = reader.get<V1Node>(nodesResource, '', nodeName);
    if (node === undefined) throw statusErrors.notFound({ resource: 'nodes', name: nodeName });
    const addresses = node.status?.addresses ?? [];
    for (const type of preferredAddressTypes) {
        const host = addresses.find((address) => address.type === type)?.address;
        if (host)
            return {
                host,
                port: node.status?.daemonEndpoints?.kubeletEndpoint?.Port ?? kubeletPortDefault,
                nodeName,
            };
    }
    throw statusErrors.internal(
        `no preferred addresses found; known addresses: ${JSON.stringify(addresses)}`,
    );
}

export function podOf(reader: ObjectReader, { namespace, name }: ResourceRequestInfo): V1Pod {
    const pod = reader.get<V1Pod>(podsResource, namespace, name);
    if (pod === undefined) throw statusErrors.notFound({ resource: 'pods', name });
    return pod;
}

/** The node a pod runs on; 400 while it has none. */
export function nodeOf(pod: V1Pod): string {
    const nodeName = pod.spec?.nodeName;
    if (!nodeName)
        throw statusErrors.badRequest(`pod ${pod.metadata?.name ?? ''} does not have a host assigned`);
    return nodeName;
}

/** The container that a log, exec or attach request means: the named one, or the only one. */
export function containerOf(pod: V1Pod, wanted: string): string {
    const { containers = [], initContainers = [], ephemeralContainers = [] } = pod.spec ?? {};
    const podName = pod.metadata?.name ?? '';
    const known = [...containers, ...initContainers, ...ephemeralContainers].map(({ name }) => name);
    if (wanted !== '') {
        if (known.includes(wanted)) return wanted;
        throw statusErrors.badRequest(`container ${wanted} is not valid for pod ${podName}`);
    }
    const [only] = containers;
    if (containers.length === 1 && only !== undefined) return only.name;
    if (containers.length === 0)
        throw statusErrors.badRequest(`a container name must be specified for pod ${podName}`);
    const names = (list: readonly { name: string }[]): string =>
        `[${list.map(({ name }) => name).join(' ')}]`;
    const init =
        initContainers.length === 0 ? '' : ` or one of the init containers: ${names(initContainers)}`;
    throw statusErrors.badRequest(
        `a container name must be specified for pod ${podName}, choose one of: ${names(containers)}${init}`,
    );
}
