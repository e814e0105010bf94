import { describe, expect, it } from '@jest/globals';
import { silentLogger } from '../../../util/logger.ts';
import { systemClock } from '../../../util/clock.ts';
import { FaultDisk } from '../../disk/fault-disk.ts';
import { openMemoryDisk } from '../../disk/open-disk.ts';
import { StoreError } from '../../store.ts';
import type { DiskWrite } from '../log.ts';
import { LogWriter } from './log-writer.ts';

describe('the writer of a replicated member', () => {
    it('writes what is lazy with the next synced write, in one batch, in order', async () => {
        const { disk, writer } = await create();
        const done: string[] = [];
        writer.enqueue({ writes: [put('1')], mode: 'lazy', done: () => done.push('1') });
        await new Promise<void>((resolve) => {
            writer.enqueue({ writes: [put('2')], mode: 'synced', done: resolve });
        });
        expect(disk.writes).toEqual([[put('1'), put('2')]]);
        expect(disk.synced).toBe(1);
        expect(done).toEqual(['1']);
        await writer.close();
    });

    it('writes again what a full disk refused, and says so meanwhile', async () => {
        const { disk, writer, failures } = await create();
        disk.fault = new StoreError('noSpace', 'the disk is full');
        const written = new Promise<void>((resolve) => {
            writer.enqueue({ writes: [put('1')], mode: 'synced', done: resolve });
        });
        while (failures.length === 0) await new Promise((resolve) => setImmediate(resolve));
        disk.fault = undefined;
        await written;
        expect(disk.writes).toEqual([[put('1')]]);
        expect(failures).toEqual(['noSpace', undefined]);
        await writer.close();
    });

    it('runs exclusive work with everything queued before on disk', async () => {
        const { disk, writer } = await create();
        writer.enqueue({ writes: [put('1')], mode: 'lazy', done: () => undefined });
        await writer.runExclusive(async () => {
            expect(disk.writes).toHaveLength(1);
            await Promise.resolve();
        });
        await writer.close();
    });
});

async function create(): Promise<{
    disk: FaultDisk;
    writer: LogWriter;
    failures: (string | undefined)[];
}> {
    const disk = new FaultDisk(await openMemoryDisk());
    const failures: (string | undefined)[] = [];
    const writer = new LogWriter({
        disk,
        clock: systemClock,
        logger: silentLogger(),
        onSynced: () => undefined,
        onFailure: (error) => failures.push(error?.reason),
    });
    return { disk, writer, failures };
}

function put(name: string): DiskWrite {
    return { type: 'put', key: Buffer.from(name), value: Buffer.from(name) };
}
