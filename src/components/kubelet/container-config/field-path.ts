import type { V1Pod } from '../../../api/meta/object.ts';

/** What a pod's status adds to its object when fields of it are handed to containers. */
export interface PodAddresses {
    podIps: readonly string[];
    hostIps: readonly string[];
}

/** Maps are written one `key="value"` per line, sorted, as upstream's fieldpath.FormatMap. */
function formatMap(map: Record<string, string> | undefined): string {
    return Object.entries(map ?? {})
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
        .join('\n');
}

/**
 * The value of a downward API field such as `metadata.name` or `metadata.labels['app']`; undefined for
 * a path that is not supported.
 */
export function fieldPathValue(pod: V1Pod, path: string, addresses: PodAddresses): string | undefined {
    const subscript = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(path);
    if (subscript !== null) {
        const map = subscript[1] === 'labels' ? pod.metadata?.labels : pod.metadata?.annotations;
        return map?.[subscript[2] ?? ''] ?? '';
    }
    switch (path) {
        case 'metadata.name':
            return pod.metadata?.name ?? '';
        case 'metadata.namespace':
            return pod.metadata?.namespace ?? '';
        case 'metadata.uid':
            return pod.metadata?.uid ?? '';
        case 'metadata.labels':
            return formatMap(pod.metadata?.labels);
        case 'metadata.annotations':
            return formatMap(pod.metadata?.annotations);
        case 'spec.nodeName':
            return pod.spec?.nodeName ?? '';
        case 'spec.serviceAccountName':
            return pod.spec?.serviceAccountName ?? '';
        case 'status.hostIP':
            return addresses.hostIps[0] ?? '';
        case 'status.hostIPs':
            return addresses.hostIps.join(',');
        case 'status.podIP':
            return addresses.podIps[0] ?? '';
        case 'status.podIPs':
            return addresses.podIps.join(',');
        default:
            return undefined;
    }
}
