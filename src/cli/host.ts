import { readFileSync } from 'node:fs';
import { hostname, networkInterfaces } from 'node:os';

/** No address can be found, or a wanted one is wrong: the message names the flag that helps. */
export class HostError extends Error {
    override readonly name = 'HostError';
}

/** The machine's name as nodes are called: lower-case. */
export function hostName(): string {
    return hostname().toLowerCase();
}

/**
 * The address under which other machines reach this one: that of the interface with the default route,
 * else the first that is not loopback. Throws HostError when there is none.
 */
export function defaultNodeIp(): string {
    const interfaces = networkInterfaces();
    const names = [...defaultRouteInterfaces(), ...Object.keys(interfaces)];
    for (const name of names) {
        const address = interfaces[name]?.find(({ family, internal }) => family === 'IPv4' && !internal);
        if (address !== undefined) return address.address;
    }
    throw new HostError('this machine has no IPv4 address besides loopback: name one with --node-ip');
}

/** Interfaces with a default route, the best metric first. */
function defaultRouteInterfaces(): string[] {
    let table: string;
    try {
        table = readFileSync('/proc/net/route', 'utf8');
    } catch {
        return [];
    }
    return table
        .split('\n')
        .slice(1)
        .map((line) => line.trim().split(/\s+/))
        .filter(([, destination, , , , , , mask]) => destination === '00000000' && mask === '00000000')
        .sort((a, b) => Number(a[6]) - Number(b[6]))
        .flatMap(([name]) => (name === undefined ? [] : [name]));
}
