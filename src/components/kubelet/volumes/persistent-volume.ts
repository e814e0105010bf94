import { stat } from 'node:fs/promises';
import { podNamespace } from '../pod/pod.ts';
import { checkHostPath } from './host-path-volume.ts';
import { applyFsGroup, fsGroupOf } from './ownership.ts';
import { VolumeError, type VolumePlugin } from './volume-plugin.ts';

/** A claim that is bound to a volume on this node: hostPath or local. */
export const persistentVolume: VolumePlugin = {
    name: 'kubernetes.io/persistent-volume-claim',
    supports: ({ persistentVolumeClaim }) => persistentVolumeClaim !== undefined,
    async setUp({ pod, volume, objects }) {
        const namespace = podNamespace(pod);
        const claimName = volume.persistentVolumeClaim?.claimName ?? '';
        const claim = await objects.persistentVolumeClaim(namespace, claimName);
        if (claim === undefined) throw new VolumeError(`persistentvolumeclaim "${claimName}" not found`);
        const volumeName = claim.spec?.volumeName;
        if (!volumeName || claim.status?.phase !== 'Bound')
            throw new VolumeError(`PVC ${namespace}/${claimName} is not bound`);
        const found = await objects.persistentVolume(volumeName);
        if (found === undefined) throw new VolumeError(`persistentvolume "${volumeName}" not found`);
        if (found.spec?.hostPath !== undefined) {
            await checkHostPath(found.spec.hostPath.path, found.spec.hostPath.type ?? '');
            return { hostPath: found.spec.hostPath.path };
        }
        if (found.spec?.local !== undefined) {
            const { path } = found.spec.local;
            await stat(path).catch((error: unknown) => {
                throw new VolumeError(`path "${path}" does not exist`, { cause: error });
            });
            const group = fsGroupOf(pod);
            if (group !== undefined) await applyFsGroup(path, group);
            return { hostPath: path };
        }
        throw new VolumeError(`no volume plugin matched for the persistent volume "${volumeName}"`);
    },
};
