import { MemoryLevel } from 'memory-level';
import type { Engine } from './level-disk.ts';

/** A database in memory. In a module of its own: loaded where one is wanted. */
export function createMemoryEngine(): Engine & { open(): Promise<void> } {
    return new MemoryLevel<Buffer, Buffer>({ keyEncoding: 'buffer', valueEncoding: 'buffer' });
}
