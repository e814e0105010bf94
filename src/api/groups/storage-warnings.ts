import { canonicalQuantity, isQuantity, quantityToMilli } from '../meta/quantity.ts';
import type { V1ObjectMeta, V1PersistentVolumeClaimSpec } from '../meta/object.ts';

const betaStorageClass = 'volume.beta.kubernetes.io/storage-class';

export function storageClassAnnotationWarnings(metadata: V1ObjectMeta | undefined): string[] {
    if (metadata?.annotations?.[betaStorageClass] === undefined) return [];
    return [
        `metadata.annotations[${betaStorageClass}]: deprecated since v1.8; use "storageClassName" attribute instead`,
    ];
}

/** That an amount of bytes is not a whole number. `path` includes the name of the resource. */
export function fractionalBytesWarnings(quantity: string | undefined, path: string): string[] {
    if (!isQuantity(quantity) || quantity === undefined || quantityToMilli(quantity) % 1000 === 0) return [];
    const shown = canonicalQuantity(quantity);
    return [`${path}: fractional byte value "${shown}" is invalid, must be an integer`];
}

export function claimSpecWarnings(spec: V1PersistentVolumeClaimSpec | undefined, path: string): string[] {
    const { requests, limits } = spec?.resources ?? {};
    return [
        ...fractionalBytesWarnings(requests?.['storage'], `${path}.resources.requests[storage]`),
        ...fractionalBytesWarnings(limits?.['storage'], `${path}.resources.limits[storage]`),
    ];
}
