import { expect } from '@jest/globals';
import type { Cluster, Thing } from './cluster.ts';

type PatchType = 'merge' | 'strategic' | 'json' | 'apply';

/** A resource, and what a test may write of it. */
export interface Sample {
    /** "networking.k8s.io"; empty for the core group. */
    group: string;
    version: string;
    plural: string;
    kind: string;
    namespace?: string;
    /** The names of the objects; the second and the third go as a collection. */
    names?: readonly [string, string, string];
    /** All but name and labels. The number says which of them it is. */
    make(index: number): object;
    /** Changes what may be changed with an update. */
    update?(object: Thing): void;
    /** Patches of the object and what they lead to. */
    patches?: readonly { type: PatchType; body: object; shows: object }[];
    /** Patches of its status and what they lead to. */
    statusPatches?: readonly { type: PatchType; body: object; shows: object }[];
    /** Changes the status with an update; what it leads to. */
    statusUpdate?: { change: (object: Thing) => void; shows: object };
}

const rootOf = ({ group, version }: Sample): string =>
    group === '' ? `/api/${version}` : `/apis/${group}/${version}`;

/** Where the objects of a sample are. */
export function pathOf(sample: Sample): string {
    const { namespace, plural } = sample;
    return `${rootOf(sample)}/${namespace === undefined ? '' : `namespaces/${namespace}/`}${plural}`;
}

/** The resources are found on the way that a client goes: groups, the group, the version. */
export async function expectDiscovered(
    cluster: Cluster,
    group: string,
    resources: readonly string[],
): Promise<void> {
    const { groups } = await cluster.must<{ groups: { name: string; versions: { version: string }[] }[] }>(
        'GET',
        '/apis',
    );
    const found = groups.find(({ name }) => name === group);
    expect(found?.versions).toContainEqual({ groupVersion: `${group}/v1`, version: 'v1' });
    const one = await cluster.must<{ versions: object[] }>('GET', `/apis/${group}`);
    expect(one.versions).toContainEqual({ groupVersion: `${group}/v1`, version: 'v1' });
    const list = await cluster.must<{ resources: { name: string }[] }>('GET', `/apis/${group}/v1`);
    expect(list.resources.map(({ name }) => name)).toEqual(expect.arrayContaining([...resources]));
}

/** Creates three objects, reads, lists, watches, patches and updates one, and deletes them in both ways. */
export async function expectOperations(cluster: Cluster, sample: Sample): Promise<void> {
    const path = pathOf(sample);
    const { apiVersion, names, selector, make } = naming(sample);
    const watch = await cluster.watch(`${path}?${selector}`);

    const created = await cluster.create(path, make(0));
    expect(created).toMatchObject({ apiVersion, kind: sample.kind, ...stripped(sample.make(0)) });
    expect(BigInt(created.metadata.resourceVersion)).toBeGreaterThan(0n);
    const again = await cluster.refused('POST', path, { body: make(0) });
    expect(again).toMatchObject({ code: 409, reason: 'AlreadyExists' });
    await cluster.create(path, make(1));
    await cluster.create(path, make(2));
    const own = `${path}/${names[0]}`;
    const read = await cluster.get(own);
    // A controller may have written its status already.
    if (read.metadata.resourceVersion === created.metadata.resourceVersion) expect(read).toEqual(created);
    expect(read.metadata.uid).toBe(created.metadata.uid);

    const list = await cluster.list(`${path}?${selector}`);
    expect(list.items.map(({ metadata }) => metadata.name).sort()).toEqual([...names].sort());
    if (sample.namespace !== undefined) {
        const all = await cluster.list(`${rootOf(sample)}/${sample.plural}?${selector}`);
        expect(all.items).toHaveLength(3);
    }

    const patched = await cluster.patch(own, 'merge', { metadata: { annotations: { patched: 'true' } } });
    expect(patched.metadata.annotations).toMatchObject({ patched: 'true' });
    expect(BigInt(patched.metadata.resourceVersion)).toBeGreaterThan(
        BigInt(created.metadata.resourceVersion),
    );
    for (const { type, body, shows } of sample.patches ?? []) {
        expect(await write(cluster, own, type, { apiVersion, kind: sample.kind, body })).toMatchObject(shows);
    }
    const updated = await cluster.change(own, (object) => {
        object.metadata.annotations = { ...object.metadata.annotations, updated: 'true' };
        sample.update?.(object);
    });
    expect(updated.metadata.annotations).toMatchObject({ updated: 'true' });
    await expectStatus(cluster, sample, own);

    const seen = async (type: string, annotation?: string): Promise<void> => {
        await watch.until(
            (event) =>
                event.type === type &&
                event.object.metadata.name === names[0] &&
                (annotation === undefined || event.object.metadata.annotations?.[annotation] === 'true'),
        );
    };
    await seen('ADDED');
    await seen('MODIFIED', 'patched');
    await seen('MODIFIED', 'updated');
    await cluster.delete(own);
    // A controller may have to let it go first.
    await seen('DELETED');
    expect(await cluster.find(own)).toBeUndefined();
    expect((await cluster.list(`${path}?${selector}`)).items).toHaveLength(2);
    await cluster.must('DELETE', `${path}?${selector}`);
    const gone = new Set([names[0]]);
    await watch.until(
        ({ type, object }) => type === 'DELETED' && gone.add(object.metadata.name).size === names.length,
    );
    expect((await cluster.list(`${path}?${selector}`)).items).toEqual([]);
    watch.close();
}

function naming(sample: Sample) {
    const label = `operations-of-${sample.plural}`;
    const names = sample.names ?? [`${sample.plural}-1`, `${sample.plural}-2`, `${sample.plural}-3`];
    const make = (index: number): object => ({
        ...sample.make(index),
        metadata: {
            ...(sample.make(index) as { metadata?: object }).metadata,
            name: names[index],
            labels: { conformance: label },
        },
    });
    const apiVersion = sample.group === '' ? sample.version : `${sample.group}/${sample.version}`;
    return { names, make, apiVersion, selector: `labelSelector=conformance%3D${label}` };
}

async function expectStatus(cluster: Cluster, sample: Sample, own: string): Promise<void> {
    const { apiVersion } = naming(sample);
    for (const { type, body, shows } of sample.statusPatches ?? []) {
        const answer = await write(cluster, `${own}/status`, type, { apiVersion, kind: sample.kind, body });
        expect(answer).toMatchObject(shows);
        expect(await cluster.get(`${own}/status`)).toMatchObject(shows);
    }
    if (sample.statusUpdate === undefined) return;
    const { change, shows } = sample.statusUpdate;
    expect(await cluster.change(`${own}/status`, change)).toMatchObject(shows);
    expect(await cluster.get(own)).toMatchObject(shows);
}

async function write(
    cluster: Cluster,
    path: string,
    type: PatchType,
    { apiVersion, kind, body }: { apiVersion: string; kind: string; body: object },
): Promise<Thing> {
    if (type !== 'apply') return await cluster.patch(path, type, body);
    const query = '?fieldManager=conformance&force=true';
    return await cluster.patch(`${path}${query}`, type, { apiVersion, kind, ...body });
}

/** What is compared with the answer: metadata has more in it there. */
function stripped(object: object): object {
    const { metadata: _metadata, ...rest } = object as { metadata?: object };
    return rest;
}
