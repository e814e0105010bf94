import { openStore } from '../../../src/store/mvcc/open-store.ts';
import { silentLogger } from '../../../src/util/logger.ts';
import { usageOf } from '../process-usage.ts';

export interface OpenFigures {
    openMs: number;
    /** Of all threads, of opening alone. */
    cpuMs: number;
    /** With the index in memory, after garbage collection. */
    rssBytes: number;
    /** Before the store was opened. */
    rssBeforeBytes: number;
    /** While it was opened. */
    rssPeakBytes: number;
    keys: number;
}

/** Opens a store in a process of its own, whose memory nothing else has used. */
export async function measureOpen({ directory }: { directory: string }): Promise<OpenFigures> {
    const rssBeforeBytes = usageOf(process.pid).rssBytes;
    const began = performance.now();
    const cpu = process.cpuUsage();
    const store = await openStore({ directory, logger: silentLogger() });
    const openMs = performance.now() - began;
    const { user, system } = process.cpuUsage(cpu);
    const rssPeakBytes = process.resourceUsage().maxRSS * 1024;
    const { count } = await store.range({ key: '/', end: '0', countOnly: true });
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const { rssBytes } = usageOf(process.pid);
    await store.close();
    return { openMs, cpuMs: (user + system) / 1_000, rssPeakBytes, rssBytes, rssBeforeBytes, keys: count };
}
