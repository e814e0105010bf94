import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { ManualClock } from '../../../client/testing/manual-clock.ts';
import { silentLogger } from '../../../util/logger.ts';
import { LogSink } from './log-sink.ts';
import { WebhookSink } from './webhook-sink.ts';

let directory: string;
beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'hyperkube-audit-'));
});
afterEach(async () => {
    await rm(directory, { recursive: true });
});

describe('the audit log file', () => {
    const sinkOf = (clock: ManualClock, more: object = {}): LogSink =>
        new LogSink({
            path: join(directory, 'audit.log'),
            maxAgeDays: 0,
            maxBackups: 2,
            maxSizeMegabytes: 1,
            clock,
            logger: silentLogger(),
            ...more,
        });

    it('is written once for many lines, in order', async () => {
        const clock = new ManualClock();
        const sink = sinkOf(clock);
        await sink.open();
        for (let i = 0; i < 100; i++) expect(sink.write(`{"n":${i}}`)).toBe(true);
        expect(await readFile(join(directory, 'audit.log'), 'utf8')).toBe('');
        expect(clock.pending).toBe(1);
        await clock.advance(1000);
        await sink.stop();
        const lines = (await readFile(join(directory, 'audit.log'), 'utf8')).trimEnd().split('\n');
        expect(lines).toEqual(Array.from({ length: 100 }, (_, i) => `{"n":${i}}`));
    });

    it('is put aside when it is full, and only so many old ones are kept', async () => {
        const clock = new ManualClock();
        const line = 'x'.repeat(700 * 1024);
        for (let i = 0; i < 5; i++) {
            const sink = sinkOf(clock);
            await sink.open();
            sink.write(line);
            await sink.stop();
            await clock.advance(1000);
        }
        const names = (await readdir(directory)).sort();
        expect(names).toEqual([
            'audit-2024-01-01T00-00-03.000.log',
            'audit-2024-01-01T00-00-04.000.log',
            'audit.log',
        ]);
    });

    it('has what was written through when that is done, many lines at once', async () => {
        const sink = sinkOf(new ManualClock());
        await sink.open();
        const lines = Array.from({ length: 20 }, (_, i) => `{"n":${i}}`);
        const written = await Promise.all(lines.map(async (line) => await sink.writeThrough(line)));
        expect(written).toEqual(lines.map(() => true));
        expect(await readFile(join(directory, 'audit.log'), 'utf8')).toBe(`${lines.join('\n')}\n`);
        const large = 'x'.repeat(1024 * 1024);
        const more = Array.from({ length: 12 }, async () => await sink.writeThrough(large));
        expect(await Promise.all(more)).not.toContain(false);
        await sink.stop();
    });

    it('says so where a line cannot be written', async () => {
        const sink = sinkOf(new ManualClock(), { path: join(directory, 'file', 'audit.log') });
        await writeFile(join(directory, 'file'), '');
        expect(await sink.writeThrough('{}')).toBe(false);
        await sink.stop();
    });

    it('is compressed when it is put aside, and counted among the old ones', async () => {
        const clock = new ManualClock();
        const line = 'x'.repeat(700 * 1024);
        for (let i = 0; i < 5; i++) {
            const sink = sinkOf(clock, { compress: true });
            await sink.writeThrough(line);
            await sink.stop();
            await clock.advance(1000);
        }
        const [first, ...others] = (await readdir(directory)).sort();
        expect([first, ...others]).toEqual([
            'audit-2024-01-01T00-00-03.000.log.gz',
            'audit-2024-01-01T00-00-04.000.log.gz',
            'audit.log',
        ]);
        const text = gunzipSync(await readFile(join(directory, first ?? ''))).toString();
        expect(text).toBe(`${line}\n`);
    });

    it('takes no more events in a second than it may, and all when it stops', async () => {
        const clock = new ManualClock();
        const sink = sinkOf(clock, { throttle: { perSecond: 2, burst: 3 } });
        await sink.open();
        for (let i = 0; i < 10; i++) sink.write(`{"n":${i}}`);
        const written = async (): Promise<number> =>
            (await readFile(join(directory, 'audit.log'), 'utf8')).split('\n').length - 1;
        const after = async (seconds: number): Promise<number> => {
            await clock.advance(seconds * 1000);
            // The write itself is real.
            await new Promise((resolve) => setTimeout(resolve, 50));
            return await written();
        };
        expect([await after(1), await after(1), await after(1)]).toEqual([3, 5, 7]);
        await sink.stop();
        expect(await written()).toBe(10);
    });

    it('drops lines rather than memory when the disk does not keep up', async () => {
        const sink = sinkOf(new ManualClock());
        const line = 'x'.repeat(1024 * 1024);
        const taken = Array.from({ length: 20 }, () => sink.write(line)).filter(Boolean).length;
        expect(taken).toBeLessThan(12);
        await sink.stop();
    });
});

describe('the audit webhook', () => {
    it('gets batches, again when it failed, and no more than is bounded waits', async () => {
        const clock = new ManualClock();
        const got: { items: unknown[] }[] = [];
        let failures = 1;
        const client = {
            send: (body: object) => {
                if (failures-- > 0) return Promise.reject(new Error('the webhook answered 503'));
                got.push(body as { items: unknown[] });
                return Promise.resolve(Buffer.from('{}'));
            },
            close: () => undefined,
        };
        const sink = new WebhookSink({
            ...{ client, clock, logger: silentLogger(), initialBackoffMs: 1000 },
        });
        for (let i = 0; i < 500; i++) sink.write(`{"n":${i}}`);
        await clock.advance(10_000);
        expect(got.map(({ items }) => items.length)).toEqual([400]);
        expect(got[0]).toMatchObject({ kind: 'EventList', apiVersion: 'audit.k8s.io/v1' });
        await clock.advance(30_000);
        expect(got.map(({ items }) => items.length)).toEqual([400, 100]);
        failures = Infinity;
        const taken = Array.from({ length: 12_000 }, () => sink.write('{}')).filter(Boolean).length;
        expect(taken).toBeLessThan(10_900);
        const stopped = sink.stop();
        await clock.advance(60_000);
        await stopped;
    });

    it('gets no more batches in a second than it may', async () => {
        const clock = new ManualClock();
        let batches = 0;
        const client = {
            send: () => {
                batches++;
                return Promise.resolve(Buffer.from('{}'));
            },
            close: () => undefined,
        };
        const sink = new WebhookSink({
            ...{ client, clock, logger: silentLogger() },
            batch: { batchEventsMax: 1, throttle: { perSecond: 1, burst: 2 } },
        });
        for (let i = 0; i < 6; i++) sink.write(`{"n":${i}}`);
        await clock.advance(0);
        expect(batches).toBe(2);
        await clock.advance(1000);
        expect(batches).toBe(3);
        await sink.stop();
        expect(batches).toBe(6);
    });
});
