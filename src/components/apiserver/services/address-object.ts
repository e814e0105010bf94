import { formatAddress, parseAddress } from '../../../api/cel/library/ip-address.ts';
import {
    allocatorName,
    familyLabel,
    managedByLabel,
} from '../../../api/groups/networking/service-networks.ts';
import type { V1IPAddress, V1Service } from '../../../api/meta/object.ts';

/** The IPAddress that says which Service has `address`, which is in canonical form. */
export function addressObject(address: string, { metadata }: V1Service): V1IPAddress {
    return {
        apiVersion: 'networking.k8s.io/v1',
        kind: 'IPAddress',
        metadata: { name: address, labels: labelsOf(address) },
        spec: {
            parentRef: {
                resource: 'services',
                namespace: metadata?.namespace ?? '',
                name: metadata?.name ?? '',
            },
        },
    };
}

function labelsOf(address: string): Record<string, string> {
    return {
        [familyLabel]: address.includes(':') ? 'IPv6' : 'IPv4',
        [managedByLabel]: allocatorName,
    };
}

/** The labels are those that the allocator gives. */
export function hasOwnLabels({ metadata }: V1IPAddress): boolean {
    return Object.entries(labelsOf(metadata?.name ?? '')).every(
        ([label, value]) => metadata?.labels?.[label] === value,
    );
}

/** The addresses that a Service has been given, in canonical form; none for a headless one. */
export function addressesOf(service: V1Service | undefined): string[] {
    const { type, clusterIP, clusterIPs = [] } = service?.spec ?? {};
    if (type === 'ExternalName') return [];
    const given = clusterIPs.length > 0 ? clusterIPs : clusterIP ? [clusterIP] : [];
    return given.flatMap((text) => {
        const address = parseAddress(text);
        return address === undefined ? [] : [formatAddress(address)];
    });
}

/** "namespace/name" of the Service that an IPAddress belongs to; undefined when it belongs to something else. */
export function serviceKeyOf({ spec }: V1IPAddress): string | undefined {
    const parent = spec.parentRef;
    if (parent.resource !== 'services' || Boolean(parent.group)) return undefined;
    return `${parent.namespace ?? ''}/${parent.name}`;
}
