import { expect, it } from '@jest/globals';
import type { Cluster, List } from '../support/cluster.ts';
import {
    anything,
    type CustomResourceDefinition,
    define,
    definitionOf,
    definitionsPath,
    undefine,
    versions,
} from '../support/definitions.ts';

const group = 'definitions.example.com';

/** Definitions as objects, as the suite's custom_resource_definition.go asks for them. */
export function definitions(cluster: Cluster): void {
    it('are created, used and deleted', async () => {
        const resource = await define(cluster, { group, name: 'foo', versions: versions(['v1']) });
        await cluster.create(resource.path('v1', 'default'), resource.object('v1', 'first'));
        await undefine(cluster, resource);
        expect((await cluster.call('GET', resource.path('v1', 'default'))).status).toBe(404);
    });

    it('are listed by label and deleted as a collection', async () => {
        const labels = { 'e2e-list-test-uuid': 'abc' };
        const query = `labelSelector=e2e-list-test-uuid%3Dabc`;
        for (let i = 0; i < 10; i++) {
            await cluster.create(
                definitionsPath,
                definitionOf({ group, name: `list${i}`, versions: versions(['v1']), labels }),
            );
        }
        const list: List = await cluster.list(`${definitionsPath}?${query}`);
        expect(list.items).toHaveLength(10);
        await cluster.delete(`${definitionsPath}?${query}`);
        const left = (await cluster.list(`${definitionsPath}?${query}`)).items;
        expect(left.filter(({ metadata }) => metadata.deletionTimestamp === undefined)).toEqual([]);
    });

    it('have a status that is read, updated and patched', async () => {
        const resource = await define(cluster, { group, name: 'status', versions: versions(['v1']) });
        const path = `${resource.definition}/status`;
        expect((await cluster.get(path)).metadata.name).toBe(`statuss.${group}`);
        const condition = (message: string) => ({
            ...{ type: 'StatusUpdate', status: 'True', reason: 'E2E', message },
            lastTransitionTime: '2026-01-01T00:00:00Z',
        });
        const updated = await cluster.change<CustomResourceDefinition>(path, (definition) => {
            definition.status = {
                ...definition.status,
                conditions: [...(definition.status?.conditions ?? []), condition('Set by an e2e test')],
            };
        });
        expect(updated.status?.conditions).toContainEqual(condition('Set by an e2e test'));
        const patched = await cluster.patch<CustomResourceDefinition>(path, 'merge', {
            spec: { scope: 'Cluster' },
            status: { conditions: [...(updated.status?.conditions ?? []), condition('Patched')] },
        });
        expect(patched.status?.conditions).toContainEqual(condition('Patched'));
        // What is not status stays as it is.
        expect(patched.spec.scope).toBe('Namespaced');
        await undefine(cluster, resource);
    });

    it('give their objects defaults, new ones and those that are stored already', async () => {
        const string = (fallback: string) => ({ type: 'string', default: fallback });
        const schema = (properties: object) => ({
            ...anything,
            properties: { a: { type: 'object', properties, default: {} } },
        });
        const resource = await define(cluster, {
            group,
            name: 'fallback',
            versions: versions(['v1'], schema({})),
        });
        interface Defaulted {
            a?: object;
        }
        const path = resource.path('v1', 'default');
        await cluster.create(path, resource.object('v1', 'early', { a: {} }));
        await cluster.patch(resource.definition, 'merge', {
            spec: { versions: versions(['v1'], schema({ b: string('B') })) },
        });
        const read = async (name: string): Promise<Defaulted> => await cluster.must('GET', `${path}/${name}`);
        for (let tries = 0; tries < 100 && !('b' in ((await read('early')).a ?? {})); tries++) {
            await new Promise((resolve) => setTimeout(resolve, 20));
        }
        expect((await read('early')).a).toEqual({ b: 'B' });
        const late = await cluster.must<Defaulted>('POST', path, { body: resource.object('v1', 'late') });
        expect(late.a).toEqual({ b: 'B' });
        await undefine(cluster, resource);
    });

    it('are in the discovery documents', async () => {
        interface Group {
            name: string;
            versions: { groupVersion: string; version: string }[];
        }
        const own = 'apiextensions.k8s.io';
        const { groups } = await cluster.must<{ groups: Group[] }>('GET', '/apis');
        const isThere = { groupVersion: `${own}/v1`, version: 'v1' };
        expect(groups.find(({ name }) => name === own)?.versions).toContainEqual(isThere);
        const one = await cluster.must<Group>('GET', `/apis/${own}`);
        expect(one.versions).toContainEqual(isThere);
        const { resources } = await cluster.must<{ resources: { name: string }[] }>('GET', `/apis/${own}/v1`);
        expect(resources.map(({ name }) => name)).toContain('customresourcedefinitions');
    });
}
