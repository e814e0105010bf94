import { expect, it } from '@jest/globals';
import type { V1PersistentVolume, V1PersistentVolumeClaim } from '../../../../src/api/meta/object.ts';
import type { Cluster } from '../support/cluster.ts';
import { conditionOf, type Live, type Pod } from '../support/objects.ts';

type Volume = Live<V1PersistentVolume>;
type Claim = Live<V1PersistentVolumeClaim>;

const volumes = '/api/v1/persistentvolumes';
const claimsOf = (namespace: string): string => `/api/v1/namespaces/${namespace}/persistentvolumeclaims`;
const podsOf = (namespace: string): string => `/api/v1/namespaces/${namespace}/pods`;

const newVolume = (name: string, storageClassName: string): object => ({
    metadata: { name, labels: { 'e2e-pv-pool': storageClassName } },
    spec: {
        storageClassName,
        capacity: { storage: '2Gi' },
        accessModes: ['ReadWriteOnce', 'ReadOnlyMany', 'ReadWriteMany'],
        csi: { driver: 'e2e-driver.example', volumeHandle: 'e2e-conformance' },
    },
});
const newClaim = (name: string, storageClassName: string): object => ({
    metadata: { name },
    spec: {
        storageClassName,
        accessModes: ['ReadWriteOnce', 'ReadOnlyMany', 'ReadWriteMany'],
        resources: { requests: { storage: '1Gi' } },
    },
});
const podUsing = (name: string, claimName: string): object => ({
    metadata: { name },
    spec: {
        nodeName: 'node-1',
        terminationGracePeriodSeconds: 30,
        containers: [{ name: 'main', image: 'registry.example/pause:3.10' }],
        volumes: [{ name: 'data', persistentVolumeClaim: { claimName } }],
    },
});

/** PersistentVolumes and claims, and that they stay while they are used. */
export function volumeCases(cluster: () => Cluster): void {
    it('a volume and a claim go through create, read, patch, update, delete, alone and as a collection', async () => {
        const namespace = await cluster().namespace('pv');
        const claims = claimsOf(namespace);
        const selector = `labelSelector=e2e-pv-pool%3D${namespace}`;
        const watch = await cluster().watch<Volume>(`${volumes}?${selector}`);
        for (const name of [`${namespace}-a`, `${namespace}-b`]) {
            await cluster().create(volumes, newVolume(name, namespace));
            const claim = await cluster().create<Claim>(claims, newClaim(name, namespace));
            expect(claim.metadata.finalizers).toEqual(['kubernetes.io/pvc-protection']);
            expect(claim.spec).toMatchObject({ volumeMode: 'Filesystem' });

            const listed = (await cluster().list<Volume>(`${volumes}?${selector}`)).items;
            expect(listed).toHaveLength(1);
            expect(listed[0]?.metadata.finalizers).toEqual(['kubernetes.io/pv-protection']);
            expect(listed[0]?.spec).toMatchObject({
                volumeMode: 'Filesystem',
                persistentVolumeReclaimPolicy: 'Retain',
            });
            expect((await cluster().list(claims)).items).toHaveLength(1);

            const label = (value: string): object => ({ metadata: { labels: { [name]: value } } });
            for (const own of [`${volumes}/${name}`, `${claims}/${name}`]) {
                const patched = await cluster().patch(own, 'strategic', label('patched'));
                expect(patched.metadata.labels).toMatchObject({ [name]: 'patched' });
                const updated = await cluster().change(own, (object) => {
                    object.metadata.labels = { ...object.metadata.labels, [name]: 'updated' };
                });
                expect((await cluster().get(own)).metadata.labels).toEqual(updated.metadata.labels);
                expect(updated.metadata.labels).toMatchObject({ [name]: 'updated' });
            }
            if (name.endsWith('a')) {
                await cluster().delete(`${claims}/${name}`);
                await cluster().delete(`${volumes}/${name}`);
            } else {
                await cluster().must('DELETE', `${claims}?labelSelector=${name}%3Dupdated`);
                await cluster().must('DELETE', `${volumes}?${selector}`);
            }
            await watch.until(({ type, object }) => type === 'DELETED' && object.metadata.name === name);
        }
        watch.close();
    });

    it('status of a volume and of a claim is patched and updated', async () => {
        const namespace = await cluster().namespace('pv');
        const name = `${namespace}-status`;
        await cluster().create(volumes, newVolume(name, namespace));
        await cluster().create(claimsOf(namespace), newClaim(name, namespace));
        const [volume, claim] = [`${volumes}/${name}/status`, `${claimsOf(namespace)}/${name}/status`];
        expect((await cluster().get<Claim>(claim)).status?.phase).toMatch(/^(Pending|Bound)$/);
        expect((await cluster().get<Volume>(volume)).status?.phase).toMatch(/^(Pending|Available|Bound)$/);

        const condition = (status: string, message: string): object => ({
            type: 'StatusUpdate',
            status,
            reason: 'E2E patchStatus',
            message,
        });
        const patched = await cluster().patch<Claim>(claim, 'strategic', {
            status: { conditions: [condition('True', 'patched')] },
        });
        expect(conditionOf(patched.status?.conditions, 'StatusUpdate')).toMatchObject({ message: 'patched' });
        const said = { status: { message: 'StatusPatched', reason: 'E2E patchStatus' } };
        expect(await cluster().patch(volume, 'strategic', said)).toMatchObject(said);

        const updated = await cluster().change<Claim>(claim, (object) => {
            object.status!.conditions = [condition('False', 'updated') as never];
        });
        expect(updated.status?.conditions).toMatchObject([{ status: 'False', message: 'updated' }]);
        const next = { message: 'StatusUpdated', reason: 'E2E updateStatus' };
        await cluster().change<Volume>(volume, (object) => {
            object.status = { ...object.status, ...next };
        });
        expect((await cluster().get<Volume>(`${volumes}/${name}`)).status).toMatchObject(next);
        await cluster().delete(`${volumes}/${name}`);
    });

    it('a deleted claim stays until the last pod that uses it has gone', async () => {
        const namespace = await cluster().namespace('pv');
        const claims = claimsOf(namespace);
        await cluster().create(claims, newClaim('used', namespace));
        for (const name of ['first', 'second'])
            await cluster().create(podsOf(namespace), podUsing(name, 'used'));
        // It waits for a node, so it holds nothing back.
        const pending = podUsing('pending', 'used') as Pod;
        await cluster().create(podsOf(namespace), { ...pending, spec: { ...pending.spec, nodeName: '' } });
        const watch = await cluster().watch<Claim>(`${claims}?fieldSelector=metadata.name%3Dused`);
        const force = { gracePeriodSeconds: 0 };

        await cluster().delete(`${claims}/used`);
        await cluster().delete(`${podsOf(namespace)}/first`, force);
        const { metadata } = await cluster().get(`${claims}/used`);
        expect(metadata.finalizers).toEqual(['kubernetes.io/pvc-protection']);
        expect(metadata.deletionTimestamp).toBeDefined();
        // One that has ended uses its volume until it is deleted.
        const ended = { status: { phase: 'Succeeded' } };
        await cluster().patch(`${podsOf(namespace)}/second/status`, 'merge', ended);
        // A claim that nothing uses goes at once, and so tells that the controller was there.
        await cluster().create(claims, newClaim('free', namespace));
        const free = await cluster().watch<Claim>(`${claims}?fieldSelector=metadata.name%3Dfree`);
        await cluster().delete(`${claims}/free`);
        await free.until(({ type }) => type === 'DELETED');
        free.close();
        expect(await cluster().find(`${claims}/used`)).toBeDefined();

        await cluster().delete(`${podsOf(namespace)}/second`, force);
        await watch.until(({ type }) => type === 'DELETED');
        watch.close();
    });

    it('a deleted volume stays while it is bound', async () => {
        const name = 'bound-volume';
        await cluster().create(volumes, newVolume(name, 'bound'));
        await cluster().patch(`${volumes}/${name}/status`, 'merge', { status: { phase: 'Bound' } });
        const watch = await cluster().watch<Volume>(`${volumes}?fieldSelector=metadata.name%3D${name}`);
        await cluster().delete(`${volumes}/${name}`);
        const marked = await watch.until(({ object }) => object.metadata.deletionTimestamp !== undefined);
        expect(marked.object.metadata.finalizers).toEqual(['kubernetes.io/pv-protection']);
        await cluster().patch(`${volumes}/${name}/status`, 'merge', { status: { phase: 'Released' } });
        await watch.until(({ type }) => type === 'DELETED');
        watch.close();
    });

    it('a deleted VolumeAttributesClass stays until the last claim that refers to it has gone', async () => {
        const namespace = await cluster().namespace('pv');
        const claims = claimsOf(namespace);
        const classes = '/apis/storage.k8s.io/v1/volumeattributesclasses';
        const driver = { driverName: 'e2e-driver.example', parameters: { iops: '100' } };
        const made = await cluster().create(classes, { metadata: { name: 'fast' }, ...driver });
        expect(made.metadata.finalizers).toEqual(['kubernetes.io/vac-protection']);
        const claim = newClaim('fast', namespace) as { spec: object };
        await cluster().create(claims, {
            ...claim,
            spec: { ...claim.spec, volumeAttributesClassName: 'fast' },
        });
        const watch = await cluster().watch(`${classes}?fieldSelector=metadata.name%3Dfast`);
        await cluster().delete(`${classes}/fast`);
        // A class that nothing refers to goes at once, and so tells that the controller was there.
        await cluster().create(classes, { metadata: { name: 'idle' }, ...driver });
        const idle = await cluster().watch(`${classes}?fieldSelector=metadata.name%3Didle`);
        await cluster().delete(`${classes}/idle`);
        await idle.until(({ type }) => type === 'DELETED');
        idle.close();
        expect(await cluster().find(`${classes}/fast`)).toBeDefined();

        await cluster().delete(`${claims}/fast`);
        await watch.until(({ type }) => type === 'DELETED');
        watch.close();
    });

    it('claims and volumes that admission did not protect are protected later', async () => {
        const namespace = await cluster().namespace('pv');
        const claims = claimsOf(namespace);
        await cluster().create(claims, newClaim('bare', namespace));
        await cluster().create(volumes, newVolume('bare', namespace));
        const paths = [`${claims}/bare`, `${volumes}/bare`];
        for (const path of paths) {
            const { metadata } = await cluster().get(path);
            const [list, name] = [path.slice(0, path.lastIndexOf('/')), metadata.name];
            const { resourceVersion } = metadata;
            const watch = await cluster().watch(
                `${list}?fieldSelector=metadata.name%3D${name}&resourceVersion=${resourceVersion}`,
            );
            await cluster().patch(path, 'merge', { metadata: { finalizers: null } });
            await watch.until(({ object }) => object.metadata.finalizers === undefined);
            await watch.until(({ object }) => object.metadata.finalizers?.length === 1);
            watch.close();
        }
        for (const path of paths) await cluster().delete(path);
    });
}
