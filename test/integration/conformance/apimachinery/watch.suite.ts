import { beforeAll, describe, expect, it } from '@jest/globals';
import { type Cluster, type Thing } from '../support/cluster.ts';
import type { Watch, WatchEvent } from '../support/watch.ts';

interface ConfigMap extends Thing {
    data?: Record<string, string>;
}

const labelKey = 'watch-this-configmap';

/** Watches of objects, as the suite's watch.go asks for them. */
export function watches(cluster: Cluster): void {
    let maps: string;

    /** Watches maps with that label from a resource version, or from what a list says is now. */
    async function watchLabelled(label: string, from?: string): Promise<Watch<ConfigMap>> {
        const query = `labelSelector=${encodeURIComponent(`${labelKey} in (${label})`)}`;
        const version = from ?? (await cluster.list(`${maps}?${query}`)).metadata.resourceVersion;
        return await cluster.watch<ConfigMap>(
            `${maps}?${query}&resourceVersion=${version}&allowWatchBookmarks=true`,
        );
    }

    const create = async (name: string, label: string): Promise<ConfigMap> =>
        await cluster.create(maps, { metadata: { name, labels: { [labelKey]: label } } });
    const mutate = async (name: string, value: string): Promise<ConfigMap> =>
        await cluster.change<ConfigMap>(`${maps}/${name}`, (map) => {
            map.data = { ...map.data, mutation: value };
        });
    const relabel = async (name: string, label: string): Promise<ConfigMap> =>
        await cluster.change<ConfigMap>(`${maps}/${name}`, ({ metadata }) => {
            metadata.labels = { [labelKey]: label };
        });
    /** The next event that is no bookmark. */
    const next = async (watch: Watch<ConfigMap>): Promise<WatchEvent<ConfigMap>> =>
        await watch.until(({ type }) => type !== 'BOOKMARK');

    describe('watches of config maps', () => {
        beforeAll(async () => {
            maps = `/api/v1/namespaces/${await cluster.namespace('watch')}/configmaps`;
        });

        it('show each watcher additions, changes and deletions of what its selector takes, and nothing else', async () => {
            const a = await watchLabelled('a');
            const b = await watchLabelled('b');
            const both = await watchLabelled('a,b');
            const added = await create('map-a', 'a');
            for (const watch of [a, both])
                expect(await next(watch)).toEqual({ type: 'ADDED', object: added });
            for (const value of ['1', '2']) {
                const object = await mutate('map-a', value);
                for (const watch of [a, both])
                    expect(await next(watch)).toEqual({ type: 'MODIFIED', object });
            }
            await cluster.delete(`${maps}/map-a`);
            for (const watch of [a, both]) expect((await next(watch)).type).toBe('DELETED');
            const other = await create('map-b', 'b');
            for (const watch of [b, both])
                expect(await next(watch)).toEqual({ type: 'ADDED', object: other });
            await cluster.delete(`${maps}/map-b`);
            for (const watch of [b, both]) expect((await next(watch)).type).toBe('DELETED');
            // What comes next to a is the next of its own: nothing of b came in between.
            const last = await create('map-a', 'a');
            expect(await next(a)).toEqual({ type: 'ADDED', object: last });
            for (const watch of [a, b, both]) watch.close();
        });

        it('from a resource version of the past show what happened after it', async () => {
            await create('versions', 'from-version');
            const first = await mutate('versions', '1');
            const second = await mutate('versions', '2');
            await cluster.delete(`${maps}/versions`);
            const watch = await watchLabelled('from-version', first.metadata.resourceVersion);
            expect(await next(watch)).toEqual({ type: 'MODIFIED', object: second });
            const { type, object } = await next(watch);
            expect(type).toBe('DELETED');
            expect(Number(object.metadata.resourceVersion)).toBeGreaterThan(
                Number(second.metadata.resourceVersion),
            );
            watch.close();
        });

        it('can be closed and go on after the last event that was seen', async () => {
            const broken = await watchLabelled('restarted');
            const made = await create('restarted', 'restarted');
            await mutate('restarted', '1');
            expect(await next(broken)).toEqual({ type: 'ADDED', object: made });
            const seen = await next(broken);
            expect(seen.type).toBe('MODIFIED');
            broken.close();
            const second = await mutate('restarted', '2');
            const restarted = await watchLabelled('restarted', seen.object.metadata.resourceVersion);
            await cluster.delete(`${maps}/restarted`);
            expect(await next(restarted)).toEqual({ type: 'MODIFIED', object: second });
            expect((await next(restarted)).type).toBe('DELETED');
            restarted.close();
        });

        it('see a deletion when an object leaves the selector, and an addition when it comes back', async () => {
            const watch = await watchLabelled('changed');
            const made = await create('relabelled', 'changed');
            const first = await mutate('relabelled', '1');
            await relabel('relabelled', 'wrong-value');
            expect(await next(watch)).toEqual({ type: 'ADDED', object: made });
            expect(await next(watch)).toEqual({ type: 'MODIFIED', object: first });
            expect((await next(watch)).type).toBe('DELETED');
            await mutate('relabelled', '2');
            const restored = await relabel('relabelled', 'changed');
            const third = await mutate('relabelled', '3');
            await cluster.delete(`${maps}/relabelled`);
            expect(await next(watch)).toEqual({ type: 'ADDED', object: restored });
            expect(await next(watch)).toEqual({ type: 'MODIFIED', object: third });
            expect((await next(watch)).type).toBe('DELETED');
            watch.close();
        });
    });

    describe('concurrent watches', () => {
        it('receive the same events in the same order, from whichever event they start', async () => {
            maps = `/api/v1/namespaces/${await cluster.namespace('watch-order')}/configmaps`;
            const { resourceVersion } = (await cluster.list(maps)).metadata;
            const watchFrom = async (version: string): Promise<Watch<ConfigMap>> =>
                await cluster.watch<ConfigMap>(`${maps}?resourceVersion=${version}`);
            const writes = writeAtRandom(60);
            const first = await watchFrom(resourceVersion);
            const watches: Watch<ConfigMap>[] = [];
            for (let i = 0; i < 30; i++) {
                const { object } = await next(first);
                const version = object.metadata.resourceVersion;
                for (const watch of watches)
                    expect((await next(watch)).object.metadata.resourceVersion).toBe(version);
                watches.push(await watchFrom(version));
            }
            await writes;
            for (const watch of [first, ...watches]) watch.close();
        });
    });

    /** Creates, changes and deletes a few maps, in an order that one seed gives. */
    async function writeAtRandom(count: number): Promise<void> {
        let seed = 1;
        const random = (below: number): number => {
            seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
            return Math.floor((seed / 2_147_483_648) * below);
        };
        const existing: string[] = [];
        for (let made = 0, i = 0; i < count; i++) {
            const action = existing.length === 0 ? 0 : random(3);
            if (action === 0) {
                const name = `map-${made++}`;
                await cluster.create(maps, { metadata: { name } });
                existing.push(name);
            } else {
                const at = random(existing.length);
                const name = existing[at] ?? '';
                if (action === 1) await mutate(name, String(i));
                else {
                    await cluster.delete(`${maps}/${name}`);
                    existing.splice(at, 1);
                }
            }
        }
    }
}
