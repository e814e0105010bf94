import { expect, it } from '@jest/globals';
import type { TxnResult } from '../store.ts';
import { bytes, collect, kv, put, run, type ConformanceCapabilities, type Given } from './helpers.ts';

export function watches(given: Given, { localWatches, eventsInKeyOrder }: ConformanceCapabilities): void {
    it('tells watchers of a key, a prefix and a range, each of its own events only', async () => {
        const key = collect(given(), '/p/a');
        const prefix = collect(given(), '/p/', '/p0');
        const oddPrefix = collect(given(), '/p/a', '/p/b');
        const range = collect(given(), '/o', '/p/b');
        for (const written of ['/p/a', '/p/b', '/p/aa', '/q', '/o']) await put(given(), written, '');
        await Promise.all([key.until(1), prefix.until(3), oddPrefix.until(2), range.until(3)]);
        expect(key.keys()).toEqual(['/p/a']);
        expect(prefix.keys()).toEqual(['/p/a', '/p/b', '/p/aa']);
        expect(oddPrefix.keys()).toEqual(['/p/a', '/p/aa']);
        expect(range.keys()).toEqual(['/p/a', '/p/aa', '/o']);
    });

    it('delivers a transaction in one batch, before it resolves if watches are local', async () => {
        const seen = collect(given(), '/', '0');
        const order: string[] = [];
        given().watch({ key: '/', end: '0', startRevision: 0 }, () => order.push('watcher'));
        await run(given(), [
            { type: 'put', key: '/b', value: bytes('1') },
            { type: 'put', key: '/a', value: bytes('2') },
        ]).then(() => order.push('writer'));
        if (localWatches) expect(order).toEqual(['watcher', 'writer']);
        await seen.until(1);
        expect(seen.batches).toHaveLength(1);
        expect(seen.keys()).toEqual(eventsInKeyOrder ? ['/a', '/b'] : ['/b', '/a']);
    });

    it('passes the decoded object through and gives the version before to those who ask', async () => {
        const decoded = { kind: 'Pod' };
        const value = bytes('2');
        await put(given(), '/a', '1');
        const plain = collect(given(), '/a');
        const withPrevious = collect(given(), '/a', undefined, { previous: true });
        await run(given(), [{ type: 'put', key: '/a', value, decoded }]);
        await run(given(), [{ type: 'delete', key: '/a' }]);
        await Promise.all([plain.until(2), withPrevious.until(2)]);
        if (localWatches) expect(plain.batches[0]?.events[0]?.decoded).toBe(decoded);
        expect(plain.batches[0]?.events[0]?.previous).toBeUndefined();
        const second = kv('/a', '2', { create: 2, mod: 3, version: 2 });
        expect(withPrevious.batches.map(({ events }) => events[0])).toMatchObject([
            { type: 'put', kv: second, previous: kv('/a', '1', { create: 2, mod: 2, version: 1 }) },
            { type: 'delete', kv: kv('/a', '', { create: 0, mod: 4, version: 0 }), previous: second },
        ]);
    });

    it('gives the version before also when the writer did not ask for it', async () => {
        await put(given(), '/a', '1');
        const seen = collect(given(), '/a', undefined, { previous: true });
        const withoutPrevious = true;
        await run(given(), [{ type: 'put', key: '/a', value: bytes('2'), withoutPrevious }]);
        await run(given(), [{ type: 'delete', key: '/a', withoutPrevious }]);
        await seen.until(2);
        const before = seen.batches.map(({ events }) => events[0]?.previous?.value.toString());
        expect(before).toEqual(['1', '2']);
    });

    it('goes on with the other watchers when one throws', async () => {
        given().watch({ key: '/a', startRevision: 0 }, () => {
            throw new Error('from the watcher');
        });
        const after = collect(given(), '/a');
        await put(given(), '/a', '1');
        await put(given(), '/a', '2');
        await after.until(2);
        expect(after.values()).toEqual(['1', '2']);
    });

    it('delivers nothing after cancel, also when cancelled by another watcher of the same event', async () => {
        const cancelled = collect(given(), '/a');
        cancelled.watch.cancel();
        const later: { cancel?: () => void } = {};
        given().watch({ key: '/a', startRevision: 0 }, () => later.cancel?.());
        const victim = collect(given(), '/a');
        later.cancel = () => {
            victim.watch.cancel();
        };
        await put(given(), '/a', '1');
        const last = collect(given(), '/a', undefined, { startRevision: 2 });
        await last.until(1);
        expect(cancelled.batches).toEqual([]);
        if (localWatches) expect(victim.batches).toEqual([]);
    });

    it('starts a watch of the future at its revision', async () => {
        const seen = collect(given(), '/a', undefined, { startRevision: 4 });
        for (const value of ['2', '3', '4', '5']) await put(given(), '/a', value);
        await seen.until(2);
        expect(seen.values()).toEqual(['4', '5']);
    });

    it('gives a transaction that a watcher starts the next revision', async () => {
        const seen = collect(given(), '/', '0');
        let answer: Promise<TxnResult> | undefined;
        given().watch({ key: '/a', startRevision: 0 }, () => {
            answer ??= put(given(), '/b', '');
        });
        await put(given(), '/a', '');
        await seen.until(2);
        expect((await answer)?.revision).toBe(3);
        expect(seen.keys()).toEqual(['/a', '/b']);
    });

    it('leaves out puts or deletions for those who do not want them, in history and live', async () => {
        const change = async (): Promise<void> => {
            await put(given(), '/a', '1');
            await run(given(), [{ type: 'delete', key: '/a' }]);
        };
        await change();
        const noPut = collect(given(), '/a', undefined, { startRevision: 2, noPut: true });
        const noDelete = collect(given(), '/a', undefined, { startRevision: 2, noDelete: true });
        const nothing = collect(given(), '/a', undefined, { startRevision: 2, noPut: true, noDelete: true });
        await Promise.all([noPut.until(1), noDelete.until(1)]);
        await change();
        await Promise.all([noPut.until(2), noDelete.until(2)]);
        expect(noPut.batches.map(({ revision }) => revision)).toEqual([3, 5]);
        expect(noDelete.batches.map(({ revision }) => revision)).toEqual([2, 4]);
        expect(nothing.batches).toEqual([]);
    });

    it('knows how far a watch has come, also by writes that it does not cover', async () => {
        for (const key of ['/a', '/a', '/b']) await put(given(), key, '1');
        const seen = collect(given(), '/a', undefined, { startRevision: 2 });
        expect(seen.watch.revision).toBe(1);
        await seen.until(2);
        expect(seen.watch.revision).toBeGreaterThanOrEqual(3);
        if (!localWatches) return;
        await new Promise((resolve) => setTimeout(resolve, 5));
        await put(given(), '/b', '2');
        expect(seen.watch.revision).toBe(5);
    });

    it('says that a watch has come further, also by what it does not cover, and not after its end', async () => {
        for (const key of ['/a', '/b', '/a', '/b']) await put(given(), key, '1');
        const seen = collect(given(), '/a', undefined, { startRevision: 2 });
        const progress: number[] = [];
        const reached = async (revision: number): Promise<void> => {
            await new Promise<void>((resolve) => {
                const stop = seen.watch.onProgress(() => {
                    if (seen.watch.revision < revision) return;
                    stop();
                    resolve();
                });
                if (seen.watch.revision >= revision) resolve();
            });
        };
        seen.watch.onProgress(() => progress.push(seen.watch.revision));
        await given().readIndex();
        await reached(4);
        expect(seen.batches.map(({ revision }) => revision)).toEqual([2, 4]);
        const [written] = await Promise.all([put(given(), '/b', '2'), reached(6)]);
        expect(written.revision).toBe(6);
        expect(progress).toEqual([...progress].sort((a, b) => a - b));
        expect(progress.at(-1)).toBeGreaterThanOrEqual(6);
        seen.watch.cancel();
        const before = progress.length;
        await put(given(), '/a', '3');
        expect(progress).toHaveLength(before);
    });
}
