import { BlockList, isIP } from 'node:net';

/** Loopback and links: the API server's own machine, cloud metadata, debug ports. */
const local = blockListOf([
    ['127.0.0.0', 8],
    ['169.254.0.0', 16],
    ['224.0.0.0', 24],
    ['::1', 128],
    ['fe80::', 10],
    ['ff01::', 16],
    ['ff02::', 16],
]);
/** What is no address of one host, besides. */
const notUnicast = blockListOf([
    ['0.0.0.0', 32],
    ['224.0.0.0', 4],
    ['255.255.255.255', 32],
    ['::', 128],
    ['ff00::', 8],
]);

/** False for names too: what they resolve to may change between the question and the connection. */
export function isProxyable(address: string): boolean {
    return isIP(address) !== 0 && !contains(local, address);
}

/** As the address of a pod has to be: of one host, and not the API server's own. */
export function isGlobalUnicast(address: string): boolean {
    return isProxyable(address) && !contains(notUnicast, address);
}

function blockListOf(subnets: readonly (readonly [net: string, prefix: number])[]): BlockList {
    const list = new BlockList();
    for (const [net, prefix] of subnets) list.addSubnet(net, prefix, isIP(net) === 6 ? 'ipv6' : 'ipv4');
    return list;
}

/** An IPv4 address written as one of IPv6 is looked up as what it is. */
function contains(list: BlockList, address: string): boolean {
    if (isIP(address) === 4) return list.check(address, 'ipv4');
    const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(canonical(address));
    if (mapped === null) return list.check(address, 'ipv6');
    const [high, low] = [parseInt(mapped[1] ?? '', 16), parseInt(mapped[2] ?? '', 16)];
    return list.check([high >> 8, high & 255, low >> 8, low & 255].join('.'), 'ipv4');
}

function canonical(address: string): string {
    return new URL(`http://[${address.replace(/%.*$/, '')}]`).hostname.slice(1, -1);
}
