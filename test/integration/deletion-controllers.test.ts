import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { getCondition } from '../../src/api/meta/conditions.ts';
import type { ApiObject, Stored, V1Namespace, V1OwnerReference } from '../../src/api/meta/object.ts';
import { isReason } from '../../src/api/meta/status-error.ts';
import { configMaps, namespaces, pods, secrets } from '../../src/client/resource-type.ts';
import { eventually } from './support/api-server.ts';
import { startControllers, type ControllerFixture } from './support/controllers.ts';

let fixture: ControllerFixture;
const namespace = 'default';

beforeAll(async () => {
    fixture = await startControllers(['namespace-controller', 'garbage-collector-controller']);
});
afterAll(async () => {
    await fixture.stop();
});

async function make(name: string, metadata: ApiObject['metadata'] = {}): Promise<Stored<ApiObject>> {
    const object = { metadata: { name, namespace, ...metadata } };
    return await fixture.api.admin.resource(configMaps).create(object);
}
const get = async (name: string): Promise<Stored<ApiObject> | undefined> => {
    try {
        return await fixture.api.admin.resource(configMaps).get({ namespace, name });
    } catch (error) {
        if (isReason(error, 'NotFound')) return undefined;
        throw error;
    }
};
const gone = async (name: string): Promise<void> => {
    await eventually(`${name} is gone`, async () => (await get(name)) === undefined);
};
const quiet = async (): Promise<void> => {
    await new Promise((resolve) => setTimeout(resolve, 150));
};
const ownedBy = (owner: Stored<ApiObject>, extra: Partial<V1OwnerReference> = {}): V1OwnerReference => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    name: owner.metadata.name,
    uid: owner.metadata.uid ?? '',
    ...extra,
});
type Propagation = 'Background' | 'Foreground' | 'Orphan';
const remove = async (name: string, propagationPolicy: Propagation): Promise<void> => {
    await fixture.api.admin.resource(configMaps).delete({ namespace, name }, { propagationPolicy });
};

describe('dependents', () => {
    it('go with their owner, and theirs with them', async () => {
        const owner = await make('bg');
        const child = await make('bg-child', { ownerReferences: [ownedBy(owner)] });
        await make('bg-grandchild', { ownerReferences: [ownedBy(child)] });
        await remove('bg', 'Background');
        for (const name of ['bg', 'bg-child', 'bg-grandchild']) await gone(name);
    });

    it('go before their owner when it is deleted in the foreground', async () => {
        const owner = await make('fg');
        const reference = ownedBy(owner, { blockOwnerDeletion: true });
        await make('fg-child', { ownerReferences: [reference], finalizers: ['example.com/hold'] });
        await remove('fg', 'Foreground');
        await eventually('the child is being deleted', async () => {
            return (await get('fg-child'))?.metadata.deletionTimestamp !== undefined;
        });
        await quiet();
        expect((await get('fg'))?.metadata.finalizers).toEqual(['foregroundDeletion']);
        const body = { metadata: { finalizers: null } };
        await fixture.api.admin
            .resource(configMaps)
            .patch({ namespace, name: 'fg-child' }, { type: 'merge', body });
        for (const name of ['fg-child', 'fg']) await gone(name);
    });

    it('stay without reference when the owner is to leave them behind', async () => {
        const owner = await make('or');
        await make('or-child', { ownerReferences: [ownedBy(owner)] });
        await remove('or', 'Orphan');
        await gone('or');
        expect((await get('or-child'))?.metadata.ownerReferences ?? []).toEqual([]);
        await quiet();
        expect(await get('or-child')).toBeDefined();
    });

    it('stay with one of two owners, and lose the reference to the other', async () => {
        const [first, second] = [await make('one'), await make('two')];
        await make('both', { ownerReferences: [ownedBy(first), ownedBy(second)] });
        await remove('one', 'Background');
        await eventually('one reference is left', async () => {
            const owners = (await get('both'))?.metadata.ownerReferences ?? [];
            return owners.length === 1 && owners[0]?.name === 'two';
        });
    });

    it('of an owner that never was go; of a namesake with another uid too', async () => {
        const real = await make('real');
        await make('lost', { ownerReferences: [ownedBy(real, { uid: 'no-such-uid', name: 'never-was' })] });
        await make('fooled', { ownerReferences: [ownedBy(real, { uid: 'another-uid' })] });
        await make('right', { ownerReferences: [ownedBy(real)] });
        for (const name of ['lost', 'fooled']) await gone(name);
        await quiet();
        expect(await get('right')).toBeDefined();
    });

    it('that claim an existing uid under a wrong name go, the right ones stay', async () => {
        const real = await make('proper');
        await make('proper-child', { ownerReferences: [ownedBy(real)] });
        await make('imposter', { ownerReferences: [ownedBy(real, { name: 'improper' })] });
        await gone('imposter');
        expect(await get('proper-child')).toBeDefined();
    });

    it('of an owner in another namespace go', async () => {
        const { admin } = fixture.api;
        await admin.resource(namespaces).create({ metadata: { name: 'elsewhere' } });
        const owner = await make('here');
        await admin.resource(configMaps).create({
            metadata: { name: 'there', namespace: 'elsewhere', ownerReferences: [ownedBy(owner)] },
        });
        await eventually('it is gone', async () => {
            const { items } = await admin.resource(configMaps).list({ namespace: 'elsewhere' });
            return items.length === 0;
        });
        expect(await get('here')).toBeDefined();
    });

    it('in a circle are deleted in the foreground all the same', async () => {
        const a = await make('circle-a');
        const b = await make('circle-b', { ownerReferences: [ownedBy(a, { blockOwnerDeletion: true })] });
        const body = { metadata: { ownerReferences: [ownedBy(b, { blockOwnerDeletion: true })] } };
        await fixture.api.admin
            .resource(configMaps)
            .patch({ namespace, name: 'circle-a' }, { type: 'merge', body });
        await remove('circle-a', 'Foreground');
        for (const name of ['circle-a', 'circle-b']) await gone(name);
    });
});

describe('a namespace', () => {
    const find = async (name: string): Promise<Stored<V1Namespace> | undefined> =>
        (await fixture.api.admin.resource(namespaces).list()).items.find(
            ({ metadata }) => metadata.name === name,
        );

    it('goes with everything that is in it', async () => {
        const { admin } = fixture.api;
        await admin.resource(namespaces).create({ metadata: { name: 'full' } });
        await admin.resource(configMaps).create({ metadata: { name: 'c', namespace: 'full' } });
        await admin.resource(secrets).create({ metadata: { name: 's', namespace: 'full' } });
        await admin.resource(namespaces).delete({ name: 'full' });
        expect((await find('full'))?.status?.phase).toBe('Terminating');
        await eventually('it is gone', async () => (await find('full')) === undefined);
        expect((await admin.resource(configMaps).list({ namespace: 'full' })).items).toEqual([]);
    });

    it('waits for its pods before anything else goes, and says so', async () => {
        const { admin } = fixture.api;
        await admin.resource(namespaces).create({ metadata: { name: 'busy' } });
        await admin.resource(configMaps).create({ metadata: { name: 'c', namespace: 'busy' } });
        const ref = { namespace: 'busy', name: 'p' };
        await admin.resource(pods).create({
            metadata: ref,
            spec: { nodeName: 'n', containers: [{ name: 'c', image: 'x' }] },
        });
        await admin.resource(namespaces).delete({ name: 'busy' });
        const conditions = await eventually(
            'conditions are there',
            async () => (await find('busy'))?.status?.conditions,
        );
        expect(getCondition(conditions, 'NamespaceContentRemaining')).toMatchObject({
            status: 'True',
            reason: 'SomeResourcesRemain',
            message: 'Some resources are remaining: pods. has 1 resource instances',
        });
        expect(getCondition(conditions, 'NamespaceDeletionDiscoveryFailure')?.status).toBe('False');
        expect((await admin.resource(configMaps).list({ namespace: 'busy' })).items).toHaveLength(1);
        await admin.resource(pods).delete(ref, { gracePeriodSeconds: 0 });
        await eventually('it is gone', async () => (await find('busy')) === undefined);
    });

    it('names the finalizers that hold it up', async () => {
        const { admin } = fixture.api;
        await admin.resource(namespaces).create({ metadata: { name: 'held' } });
        await admin
            .resource(configMaps)
            .create({ metadata: { name: 'c', namespace: 'held', finalizers: ['example.com/hold'] } });
        await admin.resource(namespaces).delete({ name: 'held' });
        const conditions = await eventually(
            'conditions are there',
            async () => (await find('held'))?.status?.conditions,
        );
        expect(getCondition(conditions, 'NamespaceFinalizersRemaining')).toMatchObject({
            status: 'True',
            message:
                'Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances',
        });
    });
});
