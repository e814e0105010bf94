import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Logger } from '../../util/logger.ts';
import type { ServicePort } from './service-ports.ts';

const execFileAsync = promisify(execFile);
const commandTimeoutMs = 10_000;
/** More flows than this are not flushed one by one: they expire by themselves in 30 to 120 s. */
const flushesMax = 256;

/**
 * UDP has no connections: the kernel goes on sending a flow to the endpoint that its first packet got.
 * These flows are stale once the endpoint is gone, or where there was none before.
 * Gives the arguments of `conntrack` that remove each.
 */
export function staleFlows(before: readonly ServicePort[], after: readonly ServicePort[]): string[][] {
    const byName = new Map(after.map((port) => [port.name, port]));
    const stale: string[][] = [];
    for (const old of before) {
        if (old.protocol !== 'UDP') continue;
        const current = byName.get(old.name);
        const kept = new Set(current?.endpoints.map(({ ip, port }) => `${ip}:${port}`));
        const removed = old.endpoints.filter(({ ip, port }) => !kept.has(`${ip}:${port}`));
        for (const { ip } of removed)
            for (const address of [old.clusterIp, ...old.externalIps, ...old.loadBalancerIps])
                stale.push(['-D', '-p', 'udp', '--orig-dst', address, '--dst-nat', ip]);
        if (old.nodePort > 0)
            for (const { ip } of removed)
                stale.push(['-D', '-p', 'udp', '--orig-port-dst', String(old.nodePort), '--dst-nat', ip]);
        if (current !== undefined && old.endpoints.length === 0 && current.endpoints.length > 0) {
            for (const address of [current.clusterIp, ...current.externalIps, ...current.loadBalancerIps])
                stale.push(['-D', '-p', 'udp', '--orig-dst', address]);
            if (current.nodePort > 0)
                stale.push(['-D', '-p', 'udp', '--orig-port-dst', String(current.nodePort)]);
        }
    }
    return stale;
}

/** Removes the flows; a failure is logged, never thrown: rules are right already. */
export async function flushFlows(flows: readonly string[][], logger: Logger): Promise<void> {
    for (const args of flows.slice(0, flushesMax)) {
        try {
            await execFileAsync('conntrack', args, { timeout: commandTimeoutMs });
        } catch (error) {
            const { stderr = '', message } = error as Error & { stderr?: string };
            // Exit code 1 with this text only says that there was nothing to delete.
            if (!stderr.includes('0 flow entries'))
                logger.warn({ args, error: stderr || message }, 'conntrack failed');
        }
    }
}
