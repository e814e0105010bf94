import { deepEqual } from '../../../api/meta/deep.ts';
import type {
    DiscoveryV1EndpointPort,
    Stored,
    V1EndpointSlice,
    V1OwnerReference,
    V1Service,
} from '../../../api/meta/object.ts';
import { isDns1123Subdomain } from '../../../api/meta/names.ts';
import { controllerRef } from '../../../api/meta/owner-references.ts';
import { isHeadless } from '../shared/service-pods.ts';
import type { AddressType } from './service-endpoints.ts';
import type { SlicePlanOptions } from './slice-plan.ts';

export const serviceNameLabel = 'kubernetes.io/service-name';
export const managedByLabel = 'endpointslice.kubernetes.io/managed-by';
export const headlessLabel = 'service.kubernetes.io/headless';
const reservedLabels = new Set([serviceNameLabel, managedByLabel, headlessLabel]);

/** `labels` without those that only slices may have. */
export function withoutReserved(labels: Record<string, string> | undefined): Record<string, string> {
    return Object.fromEntries(Object.entries(labels ?? {}).filter(([key]) => !reservedLabels.has(key)));
}

/** "web-", unless that would make no valid name. */
export function sliceNamePrefix(owner: string): string {
    return isDns1123Subdomain(`${owner}-x`).length === 0 ? `${owner}-` : owner;
}

/** How slices of a Service are labelled and made. */
export function serviceSliceMetadata(
    service: Stored<V1Service>,
    addressType: AddressType,
    managedBy: string,
): Pick<SlicePlanOptions, 'newSlice' | 'metadataIsCurrent' | 'withMetadata'> {
    const { name, namespace } = service.metadata;
    const labels = {
        ...withoutReserved(service.metadata.labels),
        ...(isHeadless(service) ? { [headlessLabel]: '' } : {}),
        [serviceNameLabel]: name,
        [managedByLabel]: managedBy,
    };
    const owner: V1OwnerReference = controllerRef(service, { apiVersion: 'v1', kind: 'Service' });
    const newSlice = (ports: readonly DiscoveryV1EndpointPort[]): V1EndpointSlice => ({
        metadata: { generateName: sliceNamePrefix(name), namespace, labels, ownerReferences: [owner] },
        addressType,
        ports: [...ports],
        endpoints: [],
    });
    return {
        newSlice,
        metadataIsCurrent: (slice) => deepEqual(slice.metadata.labels, labels),
        withMetadata: (slice) => ({ ...slice, metadata: { ...slice.metadata, labels } }),
    };
}
