import { chmod, mkdir } from 'node:fs/promises';
import { quantityToNumber } from '../../../api/meta/quantity.ts';
import { podUid } from '../pod/pod.ts';
import { isMountPoint, mountTmpfs } from './mounter.ts';
import { applyFsGroup, fsGroupOf } from './ownership.ts';
import { VolumeError, type VolumePlugin } from './volume-plugin.ts';

/** A directory that lives as long as the pod; on disk, or in memory with `medium: Memory`. */
export const emptyDirVolume: VolumePlugin = {
    name: 'kubernetes.io/empty-dir',
    // A volume without any source is an emptyDir too.
    supports: (volume) => volume.emptyDir !== undefined || Object.keys(volume).every((key) => key === 'name'),
    async setUp({ pod, volume, paths }) {
        const hostPath = paths.volume(podUid(pod), 'empty-dir', volume.name);
        const created = (await mkdir(hostPath, { recursive: true, mode: 0o777 })) !== undefined;
        const medium = volume.emptyDir?.medium ?? '';
        if (medium === 'Memory') {
            if (await isMountPoint(hostPath)) return { hostPath };
            const limit = volume.emptyDir?.sizeLimit;
            const sizeBytes = limit === undefined ? 0 : quantityToNumber(limit);
            await mountTmpfs(hostPath, { mode: '0777', ...(sizeBytes > 0 ? { sizeBytes } : {}) });
        } else if (medium !== '') throw new VolumeError(`unknown storage medium "${medium}"`);
        else if (!created) return { hostPath };
        await chmod(hostPath, 0o777);
        const group = fsGroupOf(pod);
        if (group !== undefined) await applyFsGroup(hostPath, group);
        return { hostPath };
    },
};
