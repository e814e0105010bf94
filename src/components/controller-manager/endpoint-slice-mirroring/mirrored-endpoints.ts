import { isIPv6 } from 'node:net';
import { deepEqual } from '../../../api/meta/deep.ts';
import type {
    DiscoveryV1EndpointPort,
    Stored,
    V1Endpoint,
    V1EndpointAddress,
    V1Endpoints,
    V1EndpointSlice,
} from '../../../api/meta/object.ts';
import { controllerRef } from '../../../api/meta/owner-references.ts';
import type { AddressType } from '../endpoint-slice/service-endpoints.ts';
import {
    managedByLabel,
    serviceNameLabel,
    sliceNamePrefix,
    withoutReserved,
} from '../endpoint-slice/slice-metadata.ts';
import {
    endpointKey,
    portsKey,
    type EndpointGroup,
    type SlicePlanOptions,
} from '../endpoint-slice/slice-plan.ts';
import { triggerTimeAnnotation } from '../shared/trigger-time.ts';

/** `--mirroring-max-endpoints-per-subset` */
const endpointsPerSubsetMax = 1000;
const lastAppliedAnnotation = 'kubectl.kubernetes.io/last-applied-configuration';

/** The endpoints of a hand-made Endpoints object in one address family, by ports. */
export function mirroredEndpoints(
    { subsets }: V1Endpoints,
    addressType: AddressType,
): Map<string, EndpointGroup> {
    const groups = new Map<string, EndpointGroup>();
    for (const subset of subsets ?? []) {
        const ports: DiscoveryV1EndpointPort[] = (subset.ports ?? []).map(
            ({ name, port, protocol, appProtocol }) => ({
                name: name ?? '',
                port,
                protocol: protocol ?? 'TCP',
                ...(appProtocol === undefined ? {} : { appProtocol }),
            }),
        );
        const endpoints = [
            ...(subset.addresses ?? []).map((address) => mirror(address, true)),
            ...(subset.notReadyAddresses ?? []).map((address) => mirror(address, false)),
        ]
            .filter(({ addresses: [ip = ''] }) => isIPv6(ip) === (addressType === 'IPv6'))
            .slice(0, endpointsPerSubsetMax);
        if (endpoints.length === 0) continue;
        const key = portsKey(ports);
        const group = groups.get(key) ?? { ports, endpoints: new Map<string, V1Endpoint>() };
        for (const endpoint of endpoints) group.endpoints.set(endpointKey(endpoint), endpoint);
        groups.set(key, group);
    }
    return groups;
}

function mirror({ ip, hostname, nodeName, targetRef }: V1EndpointAddress, ready: boolean): V1Endpoint {
    return {
        addresses: [ip],
        conditions: { ready },
        ...(hostname ? { hostname } : {}),
        ...(nodeName === undefined ? {} : { nodeName }),
        ...(targetRef === undefined ? {} : { targetRef }),
    };
}

/** How slices that mirror an Endpoints object are labelled and made. */
export function mirroredSliceMetadata(
    source: Stored<V1Endpoints>,
    addressType: AddressType,
    managedBy: string,
): Pick<SlicePlanOptions, 'newSlice' | 'metadataIsCurrent' | 'withMetadata'> {
    const { name, namespace } = source.metadata;
    const labels = {
        ...withoutReserved(source.metadata.labels),
        [serviceNameLabel]: name,
        [managedByLabel]: managedBy,
    };
    const annotations = mirroredAnnotations(source.metadata.annotations);
    const owner = controllerRef(source, { apiVersion: 'v1', kind: 'Endpoints' });
    const newSlice = (ports: readonly DiscoveryV1EndpointPort[]): V1EndpointSlice => ({
        metadata: {
            generateName: sliceNamePrefix(name),
            namespace,
            labels,
            annotations,
            ownerReferences: [owner],
        },
        addressType,
        ports: [...ports],
        endpoints: [],
    });
    return {
        newSlice,
        metadataIsCurrent: ({ metadata }) =>
            deepEqual(metadata.labels, labels) &&
            deepEqual(mirroredAnnotations(metadata.annotations), annotations),
        withMetadata: (slice) => ({ ...slice, metadata: { ...slice.metadata, labels, annotations } }),
    };
}

function mirroredAnnotations(annotations: Record<string, string> | undefined): Record<string, string> {
    const {
        [triggerTimeAnnotation]: _time,
        [lastAppliedAnnotation]: _applied,
        ...others
    } = annotations ?? {};
    return others;
}
