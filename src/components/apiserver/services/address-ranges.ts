import type { V1ServiceCIDR } from '../../../api/meta/object.ts';
import type { ObjectReader } from '../object-reader.ts';

export const serviceCidrsResource = {
    group: 'networking.k8s.io',
    version: 'v1',
    resource: 'servicecidrs',
} as const;

/** The networks of every ServiceCIDR; `otherwise` where there is no ServiceCIDR at all. */
export function allNetworks(reader: ObjectReader, otherwise: string): string[] {
    return networks(reader, otherwise, () => true);
}

/** Those from which addresses may be given: of ServiceCIDRs that are ready, and not about to go. */
export function readyNetworks(reader: ObjectReader, otherwise: string): string[] {
    return networks(reader, otherwise, isReady);
}

function networks(
    reader: ObjectReader,
    otherwise: string,
    counts: (range: V1ServiceCIDR) => boolean,
): string[] {
    const ranges = reader.list<V1ServiceCIDR>(serviceCidrsResource);
    // Nobody has filled this cluster yet.
    if (ranges.length === 0) return [otherwise];
    return [...new Set(ranges.filter(counts).flatMap(({ spec }) => spec?.cidrs ?? []))];
}

/** Without a condition it counts as ready: the controller that sets it may not be running. */
function isReady({ metadata, status }: V1ServiceCIDR): boolean {
    if (metadata?.deletionTimestamp !== undefined) return false;
    const ready = status?.conditions?.find(({ type }) => type === 'Ready');
    return ready === undefined || ready.status === 'True';
}
