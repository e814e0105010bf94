import { expect, it } from '@jest/globals';
import type { Cluster, List } from '../support/cluster.ts';
import { define, undefine, versions } from '../support/definitions.ts';

/** Watches of objects of a definition, as the suite's crd_watch.go asks for them. */
export function definitionWatches(cluster: Cluster): void {
    it('show custom resources that are added, changed and deleted', async () => {
        const resource = await define(cluster, {
            group: 'mygroup.example.com',
            name: 'noxu',
            scope: 'Cluster',
            versions: versions(['v1beta1', 'v1beta2']),
        });
        const path = resource.path('v1beta1');
        const list: List = await cluster.list(path);
        const watchOf = async (name: string) =>
            await cluster.watch(
                `${path}?fieldSelector=metadata.name%3D${name}&resourceVersion=${list.metadata.resourceVersion}`,
            );
        const names = ['name1', 'name2'];
        const watches = await Promise.all(names.map(watchOf));
        const created = [];
        for (const name of names) created.push(await cluster.create(path, resource.object('v1beta1', name)));
        for (const [at, watch] of watches.entries())
            expect(await watch.next()).toEqual({ type: 'ADDED', object: created[at] });
        const modified = [];
        for (const name of names)
            modified.push(await cluster.patch(`${path}/${name}`, 'merge', { dummy: 'test' }));
        for (const [at, watch] of watches.entries())
            expect(await watch.next()).toEqual({ type: 'MODIFIED', object: modified[at] });
        for (const name of names) await cluster.delete(`${path}/${name}`);
        for (const watch of watches) {
            expect((await watch.next()).type).toBe('DELETED');
            expect(watch.pending()).toEqual([]);
            watch.close();
        }
        await undefine(cluster, resource);
    });
}
