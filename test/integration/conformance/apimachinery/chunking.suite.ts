import { beforeAll, expect, it } from '@jest/globals';
import type { Cluster, List } from '../support/cluster.ts';

const total = 400;
const parallel = 20;

/** Lists in pieces, as the suite's chunking.go asks for them. */
export function chunking(cluster: Cluster): void {
    let templates: string;
    const nameOf = (at: number): string => `template-${String(at).padStart(4, '0')}`;

    beforeAll(async () => {
        templates = `/api/v1/namespaces/${await cluster.namespace('chunking')}/podtemplates`;
        const template = { spec: { containers: [{ name: 'test', image: 'test2' }] } };
        for (let at = 0; at < total; at += parallel) {
            const names = Array.from({ length: parallel }, (_, i) => nameOf(at + i));
            await Promise.all(
                names.map(async (name) => await cluster.create(templates, { metadata: { name }, template })),
            );
        }
    });

    it('return pages in order, all of one version, with the number of objects that are left', async () => {
        let found = 0;
        let version: string | undefined;
        let token = '';
        do {
            const query = `limit=17${token === '' ? '' : `&continue=${encodeURIComponent(token)}`}`;
            const { items, metadata }: List = await cluster.list(`${templates}?${query}`);
            version ??= metadata.resourceVersion;
            expect(items.length).toBeLessThanOrEqual(17);
            expect(metadata.resourceVersion).toBe(version);
            expect(items.map((item) => item.metadata.name)).toEqual(items.map((_, i) => nameOf(found + i)));
            found += items.length;
            token = metadata.continue ?? '';
            expect(metadata.remainingItemCount).toBe(token === '' ? undefined : total - found);
        } while (token !== '');
        expect(found).toBe(total);
    });

    it('return all at once where the limit is no limit', async () => {
        expect((await cluster.list(`${templates}?limit=${total + 1}`)).items).toHaveLength(total);
        expect((await cluster.list(templates)).items).toHaveLength(total);
    });
}
