import { type IpPrefix, parseAddress, parsePrefix } from '../../../api/cel/library/ip-address.ts';
import {
    allocatorName,
    isGivenBy,
    isInside,
    managedByLabel,
} from '../../../api/groups/networking/service-networks.ts';
import type { V1IPAddress, V1ServiceCIDR } from '../../../api/meta/object.ts';

function prefixesOf({ spec }: V1ServiceCIDR): IpPrefix[] {
    return (spec?.cidrs ?? []).flatMap((cidr) => parsePrefix(cidr) ?? []);
}

function covers(outer: IpPrefix, inner: IpPrefix): boolean {
    return outer.length <= inner.length && isInside(outer, inner.address);
}

/** True when a network of one contains a network of the other. */
export function overlaps(range: V1ServiceCIDR, other: V1ServiceCIDR): boolean {
    const others = prefixesOf(other);
    return prefixesOf(range).some((one) => others.some((two) => covers(one, two) || covers(two, one)));
}

/** @param name of an IPAddress */
export function containsAddress(range: V1ServiceCIDR, name: string): boolean {
    const address = parseAddress(name);
    return address !== undefined && prefixesOf(range).some((prefix) => isGivenBy(prefix, address));
}

/**
 * True when nothing is lost with the range: each of its networks is inside another range's, or each address that
 * was given to a Service out of it is.
 */
export function isDispensable(
    range: V1ServiceCIDR,
    ranges: readonly V1ServiceCIDR[],
    addresses: readonly V1IPAddress[],
): boolean {
    const others = ranges.filter(({ metadata }) => metadata?.name !== range.metadata?.name);
    const isCovered = prefixesOf(range).every((prefix) =>
        others.some((other) => prefixesOf(other).some((outer) => covers(outer, prefix))),
    );
    if (isCovered) return true;
    return !addresses.some(({ metadata }) => {
        if (metadata?.labels?.[managedByLabel] !== allocatorName) return false;
        const name = metadata.name ?? '';
        return containsAddress(range, name) && !others.some((other) => containsAddress(other, name));
    });
}

const graceMs = 10_000;

/**
 * How long a deleted range has to wait still: before it goes every API server must have heard of it, and give no
 * address of it any more. At most the whole time, whatever the clock says.
 */
export function graceLeftMs({ metadata }: V1ServiceCIDR, nowMs: number): number {
    const since = Date.parse(metadata?.deletionTimestamp ?? '');
    if (Number.isNaN(since)) return graceMs;
    return Math.min(graceMs, Math.max(0, since + graceMs - nowMs));
}
