import { expect, it } from '@jest/globals';
import type { V1VolumeAttachment } from '../../../../src/api/meta/object.ts';
import { expectDiscovered, expectOperations } from '../support/api-operations.ts';
import type { Cluster } from '../support/cluster.ts';
import type { Live } from '../support/objects.ts';

const group = { group: 'storage.k8s.io', version: 'v1' } as const;
const attachment = (volume: string): object => ({
    spec: { attacher: 'e2e-test.example', nodeName: 'node-1', source: { persistentVolumeName: volume } },
});

/** The resources of storage.k8s.io that are nothing but objects. */
export function storageObjectCases(cluster: () => Cluster): void {
    it('StorageClasses can be created, read, changed and deleted, and have their defaults', async () => {
        await expectDiscovered(cluster(), group.group, ['storageclasses']);
        await expectOperations(cluster(), {
            ...{ ...group, plural: 'storageclasses', kind: 'StorageClass' },
            make: () => ({ provisioner: 'e2e-fake-provisioner' }),
            patches: [
                {
                    type: 'strategic',
                    body: { metadata: { labels: { patched: 'yes' } } },
                    shows: { reclaimPolicy: 'Delete', volumeBindingMode: 'Immediate' },
                },
            ],
        });
    });

    it('VolumeAttributesClasses can be created, read, changed and deleted', async () => {
        await expectDiscovered(cluster(), group.group, ['volumeattributesclasses']);
        await expectOperations(cluster(), {
            ...{ ...group, plural: 'volumeattributesclasses', kind: 'VolumeAttributesClass' },
            make: () => ({ driverName: 'e2e-fake-csi-driver', parameters: { iops: '100' } }),
        });
        const refusal = await cluster().refused('POST', '/apis/storage.k8s.io/v1/volumeattributesclasses', {
            body: { metadata: { name: 'empty' }, driverName: 'e2e-fake-csi-driver' },
        });
        expect(refusal).toMatchObject({ code: 422, reason: 'Invalid' });
    });

    it('CSIDrivers can be created, read, changed and deleted', async () => {
        await expectDiscovered(cluster(), group.group, ['csidrivers', 'csinodes']);
        await expectOperations(cluster(), {
            ...{ ...group, plural: 'csidrivers', kind: 'CSIDriver' },
            make: () => ({
                spec: {
                    attachRequired: true,
                    podInfoOnMount: true,
                    volumeLifecycleModes: ['Persistent', 'Ephemeral'],
                },
            }),
        });
    });

    it('CSINodes can be created, read, changed and deleted', async () => {
        const drivers = [{ name: 'a.example', nodeID: 'node-1', topologyKeys: ['zone'] }];
        await expectOperations(cluster(), {
            ...{ ...group, plural: 'csinodes', kind: 'CSINode' },
            make: () => ({ spec: { drivers } }),
        });
    });

    it('VolumeAttachments can be created, read, changed and deleted', async () => {
        await expectOperations(cluster(), {
            ...{ ...group, plural: 'volumeattachments', kind: 'VolumeAttachment' },
            make: (index) => attachment(`pv-${index}`),
        });
    });

    it('the status of a VolumeAttachment is its own subresource', async () => {
        const path = '/apis/storage.k8s.io/v1/volumeattachments';
        const own = `${path}/va-status`;
        const attached = async (): Promise<boolean | undefined> =>
            (await cluster().get<Live<V1VolumeAttachment>>(`${own}/status`)).status?.attached;
        await cluster().create(path, { metadata: { name: 'va-status' }, ...attachment('pv-status') });
        await cluster().patch(own, 'merge', { metadata: { labels: { 'va-e2e': 'patched' } } });
        expect(await attached()).toBe(false);

        const patched = await cluster().patch(`${own}/status`, 'merge', {
            metadata: { annotations: { patched: 'true' } },
            status: { attached: true, attachmentMetadata: { device: '/dev/x' } },
        });
        expect(patched).toMatchObject({
            metadata: { labels: { 'va-e2e': 'patched' } },
            status: { attached: true },
        });
        // What is written to status leaves metadata alone.
        expect(patched).not.toHaveProperty('metadata.annotations');
        // What is written to the object itself leaves status alone.
        await cluster().change<Live<V1VolumeAttachment>>(own, (object) => {
            object.status = { attached: false };
        });
        expect(await attached()).toBe(true);
        await cluster().change<Live<V1VolumeAttachment>>(`${own}/status`, (object) => {
            object.status = { attached: false };
        });
        expect(await attached()).toBe(false);
        await cluster().delete(own);
        expect(await cluster().find(own)).toBeUndefined();
    });
}
