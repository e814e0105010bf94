import { type IpAddress, type IpPrefix, leadingBits, maskAddress } from '../../cel/library/ip-address.ts';

/** Who looks after an IPAddress: the allocator of cluster IPs (upstream's ipallocator.ControllerName). */
export const allocatorName = 'ipallocator.k8s.io';
export const managedByLabel = 'ipaddress.kubernetes.io/managed-by';
export const familyLabel = 'ipaddress.kubernetes.io/ip-family';

/** True when the address is one of the network's. */
export function isInside({ address, length }: IpPrefix, { bits, value }: IpAddress): boolean {
    return address.bits === bits && leadingBits({ bits, value }, length) === leadingBits(address, length);
}

/** As `isInside`, without what no Service can have: the network's own address, and IPv4's broadcast address. */
export function isGivenBy(network: IpPrefix, address: IpAddress): boolean {
    if (!isInside(network, address)) return false;
    const first = maskAddress(network.address, network.length).value;
    const last = first + (1n << BigInt(address.bits - network.length)) - 1n;
    return address.value !== first && (address.bits === 128 || address.value !== last);
}
