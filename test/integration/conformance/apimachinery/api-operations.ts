import { expect } from '@jest/globals';
import type { Cluster, List, Thing } from '../support/cluster.ts';

export interface ApiOperations {
    group: string;
    version: string;
    plural: string;
    /** Of the object, without metadata. */
    template: object;
    /** Changes of the spec, each of which the answer must have. */
    patch?: object;
    update?: object;
    /** Whether /status is written, with conditions. */
    hasStatus: boolean;
}

interface Conditioned extends Thing {
    spec?: object;
    status?: { conditions?: { type: string; status: string; reason: string }[] };
}

/** A resource is in every discovery document, and is created, read, watched, written and deleted. */
export async function supportsOperations(cluster: Cluster, of: ApiOperations): Promise<void> {
    await isDiscovered(cluster, of);
    const path = `/apis/${of.group}/${of.version}/${of.plural}`;
    const query = `labelSelector=example-e2e-label%3D${of.plural}`;
    const listed = async (): Promise<Thing[]> => (await cluster.list(`${path}?${query}`)).items;
    const object = {
        ...of.template,
        metadata: { generateName: 'e2e-example-', labels: { 'example-e2e-label': of.plural } },
    };
    await cluster.create(path, object);
    await cluster.create(path, object);
    const created = await cluster.create(path, object);
    const one = `${path}/${created.metadata.name}`;
    expect((await cluster.get(one)).metadata.uid).toBe(created.metadata.uid);
    const list: List = await cluster.list(`${path}?${query}`);
    expect(list.items).toHaveLength(3);
    const watch = await cluster.watch(`${path}?${query}&resourceVersion=${list.metadata.resourceVersion}`);

    const patched = await cluster.patch<Conditioned>(one, 'merge', {
        metadata: { annotations: { patched: 'true' } },
        ...(of.patch === undefined ? {} : { spec: of.patch }),
    });
    expect(patched.metadata.annotations).toMatchObject({ patched: 'true' });
    expect(patched).toMatchObject({ spec: of.patch ?? {} });
    const updated = await cluster.change<Conditioned>(one, (now) => {
        now.metadata.annotations = { ...now.metadata.annotations, updated: 'true' };
        now.spec = { ...now.spec, ...of.update };
    });
    expect(updated.metadata.annotations).toMatchObject({ patched: 'true', updated: 'true' });
    expect(updated).toMatchObject({ spec: of.update ?? {} });
    const seen = await watch.until((event) => {
        expect(event.type).toBe('MODIFIED');
        return event.object.metadata.annotations?.['updated'] === 'true';
    });
    expect(seen.object.metadata.annotations).toMatchObject({ patched: 'true' });
    watch.close();

    if (of.hasStatus) await hasStatus(cluster, one);
    await cluster.delete(one);
    expect(await cluster.find(one)).toBeUndefined();
    expect(await listed()).toHaveLength(2);
    await cluster.delete(`${path}?${query}`);
    expect(await listed()).toEqual([]);
}

async function isDiscovered(
    cluster: Cluster,
    { group, version, plural, hasStatus: withStatus }: ApiOperations,
): Promise<void> {
    interface Group {
        name: string;
        versions: { version: string }[];
    }
    const { groups } = await cluster.must<{ groups: Group[] }>('GET', '/apis');
    const found = groups.find(({ name }) => name === group);
    expect(found?.versions.map((one) => one.version)).toContain(version);
    const own = await cluster.must<Group>('GET', `/apis/${group}`);
    expect(own.versions.map((one) => one.version)).toContain(version);
    const { resources } = await cluster.must<{ resources: { name: string }[] }>(
        'GET',
        `/apis/${group}/${version}`,
    );
    const names = resources.map(({ name }) => name);
    expect(names).toContain(plural);
    expect(names.includes(`${plural}/status`)).toBe(withStatus);
}

/** Written by itself, and read as the whole object. */
async function hasStatus(cluster: Cluster, one: string): Promise<void> {
    const { metadata } = await cluster.get(`${one}/status`);
    expect(one.endsWith(`/${metadata.name}`)).toBe(true);
    const condition = (type: string) => ({
        type,
        status: 'False',
        reason: 'e2e',
        message: 'Set from an e2e test',
        lastTransitionTime: '2026-01-01T00:00:00Z',
    });
    const patched = await cluster.patch<Conditioned>(`${one}/status`, 'merge', {
        metadata: { annotations: { patchedstatus: 'true' } },
        status: { conditions: [condition('StatusPatchFailed')] },
    });
    expect(patched.status?.conditions).toEqual([
        expect.objectContaining({ type: 'StatusPatchFailed', status: 'False', reason: 'e2e' }),
    ]);
    const updated = await cluster.change<Conditioned>(`${one}/status`, (now) => {
        now.status = {
            ...now.status,
            conditions: [...(now.status?.conditions ?? []), condition('StatusUpdateFailed')],
        };
    });
    expect(updated.status?.conditions?.map(({ type }) => type)).toContain('StatusUpdateFailed');
}
