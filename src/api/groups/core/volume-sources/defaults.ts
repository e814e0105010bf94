import type { V1PersistentVolumeSpec, V1Volume } from '../../../meta/object.ts';

type Sources = Pick<V1Volume & V1PersistentVolumeSpec, 'azureDisk' | 'hostPath'> & {
    iscsi?: V1Volume['iscsi'] | V1PersistentVolumeSpec['iscsi'];
    rbd?: V1Volume['rbd'] | V1PersistentVolumeSpec['rbd'];
    scaleIO?: V1Volume['scaleIO'] | V1PersistentVolumeSpec['scaleIO'];
};

/** What sources that pods and PersistentVolumes share are filled up with (apis/core/v1/defaults.go). */
export function defaultSources({ azureDisk, hostPath, iscsi, rbd, scaleIO }: Sources): void {
    if (hostPath !== undefined) hostPath.type ??= '';
    if (iscsi !== undefined) iscsi.iscsiInterface ??= 'default';
    if (rbd !== undefined) {
        rbd.pool ??= 'rbd';
        rbd.user ??= 'admin';
        rbd.keyring ??= '/etc/ceph/keyring';
    }
    if (azureDisk !== undefined) {
        azureDisk.cachingMode ??= 'ReadWrite';
        azureDisk.kind ??= 'Shared';
        azureDisk.fsType ??= 'ext4';
        azureDisk.readOnly ??= false;
    }
    if (scaleIO !== undefined) {
        scaleIO.storageMode ??= 'ThinProvisioned';
        scaleIO.fsType ??= 'xfs';
    }
}
