import { readFile } from 'node:fs/promises';

/** Bit of CAP_SYS_RESOURCE in a capability set. */
const capSysResource = 1n << 24n;

/**
 * The least OOM score adjustment that processes of this node may get. The kernel refuses to go below the
 * own one without CAP_SYS_RESOURCE (a node inside a container); then asking for less would keep containers
 * from starting, so values are raised to it, as containerd's restrict_oom_score_adj does. -1000 otherwise.
 */
export async function leastOomScoreAdj(): Promise<number> {
    const unrestricted = -1000;
    try {
        const status = await readFile('/proc/self/status', 'utf8');
        const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`);
        if ((effective & capSysResource) !== 0n) return unrestricted;
        return Number(await readFile('/proc/self/oom_score_adj', 'utf8'));
    } catch {
        return unrestricted;
    }
}
