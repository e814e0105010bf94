import { execFile } from 'node:child_process';

export interface BridgeRange {
    /** Of the built-in network; also names the chains. */
    bridge: string;
    podCidrs: readonly string[];
    /** Destinations that see the pods' own addresses: the cluster's pod range. */
    exceptCidrs: readonly string[];
}

type Family = 'ipv4' | 'ipv6';

const families: readonly Family[] = ['ipv4', 'ipv6'];
const programTimeoutMs = 30_000;
const multicast: Readonly<Record<Family, string>> = { ipv4: '224.0.0.0/4', ipv6: 'ff00::/8' };
const lockWaitSeconds = '10';

/** Chains are named after the bridge; with its 15 characters they stay below the kernel's 28. */
export function bridgeChains(bridge: string): { masquerade: string; forward: string } {
    return { masquerade: `CNI-MASQ-${bridge}`, forward: `CNI-FORWARD-${bridge}` };
}

/**
 * Lets pods reach the world with the node's address, and lets their packets through a FORWARD chain whose
 * policy Docker has set to DROP: two chains per node and bridge, written in one transaction. (The bridge
 * plugin's own ipMasq makes a chain per pod, and leaves it behind when a sandbox died before its network
 * was taken down.)
 */
export async function ensureBridgeRules(range: BridgeRange): Promise<void> {
    for (const family of families) {
        const podCidrs = range.podCidrs.filter((cidr) => familyOf(cidr) === family);
        if (podCidrs.length === 0) continue;
        const exceptCidrs = range.exceptCidrs.filter((cidr) => familyOf(cidr) === family);
        await removeJumps(family, range.bridge);
        const rules = bridgeRules({ ...range, podCidrs, exceptCidrs }, family);
        await run(`${programOf(family)}-restore`, ['--noflush', '--wait', lockWaitSeconds], rules);
    }
}

/** Takes the chains away again, for both families; what is not there is fine. */
export async function removeBridgeRules(bridge: string): Promise<void> {
    const { masquerade, forward } = bridgeChains(bridge);
    for (const family of families) {
        await removeJumps(family, bridge);
        await runLeniently(programOf(family), inTable('nat', '-F', masquerade));
        await runLeniently(programOf(family), inTable('nat', '-X', masquerade));
        await runLeniently(programOf(family), inTable('filter', '-F', forward));
        await runLeniently(programOf(family), inTable('filter', '-X', forward));
    }
}

/** The text for iptables-restore. A chain's own line empties it first. */
export function bridgeRules(range: BridgeRange, family: Family): string {
    const { masquerade, forward } = bridgeChains(range.bridge);
    const untouched = [...range.podCidrs, ...range.exceptCidrs, multicast[family]];
    return [
        '*nat',
        `:${masquerade} - [0:0]`,
        ...untouched.map((cidr) => `-A ${masquerade} -d ${cidr} -j RETURN`),
        ...range.podCidrs.map((cidr) => `-A ${masquerade} -s ${cidr} -j MASQUERADE`),
        `-A POSTROUTING ${jumpTo(masquerade).join(' ')}`,
        'COMMIT',
        '*filter',
        `:${forward} - [0:0]`,
        ...range.podCidrs.flatMap((cidr) => [
            `-A ${forward} -s ${cidr} -j ACCEPT`,
            `-A ${forward} -d ${cidr} -j ACCEPT`,
        ]),
        `-A FORWARD ${jumpTo(forward).join(' ')}`,
        'COMMIT',
        '',
    ].join('\n');
}

function jumpTo(chain: string): string[] {
    return ['-m', 'comment', '--comment', 'pod-network', '-j', chain];
}

async function removeJumps(family: Family, bridge: string): Promise<void> {
    const { masquerade, forward } = bridgeChains(bridge);
    const program = programOf(family);
    await runLeniently(program, inTable('nat', '-D', 'POSTROUTING', ...jumpTo(masquerade)));
    await runLeniently(program, inTable('filter', '-D', 'FORWARD', ...jumpTo(forward)));
}

function inTable(table: 'nat' | 'filter', ...args: string[]): string[] {
    return ['--wait', lockWaitSeconds, '-t', table, ...args];
}

function programOf(family: Family): string {
    return family === 'ipv4' ? 'iptables' : 'ip6tables';
}

function familyOf(cidr: string): Family {
    return cidr.includes(':') ? 'ipv6' : 'ipv4';
}

/** For removals: what is not there, or a family that the kernel lacks, is fine. */
async function runLeniently(program: string, args: readonly string[]): Promise<void> {
    await run(program, args).catch(() => undefined);
}

function run(program: string, args: readonly string[], input = ''): Promise<void> {
    return new Promise((resolve, reject) => {
        const child = execFile(program, args, { timeout: programTimeoutMs }, (error, _stdout, stderr) => {
            if (error === null) resolve();
            else reject(new Error(`${program}: ${stderr.trim() || error.message}`, { cause: error }));
        });
        child.stdin?.on('error', () => undefined);
        child.stdin?.end(input);
    });
}
