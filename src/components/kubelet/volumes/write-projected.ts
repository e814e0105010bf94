import { chmod, mkdir } from 'node:fs/promises';
import type { V1Pod } from '../../../api/meta/object.ts';
import { writeAtomically, type FileProjection } from './atomic-writer.ts';
import { isMountPoint, mountTmpfs } from './mounter.ts';
import { fsGroupOf } from './ownership.ts';

export const projectedModeDefault = 0o644;

/** Writes a volume that the kubelet fills, readable for the pod's group. `secret` contents stay in memory. */
export async function writeProjectedVolume(
    path: string,
    files: ReadonlyMap<string, FileProjection>,
    { pod, secret }: { pod: V1Pod; secret: boolean },
): Promise<void> {
    await mkdir(path, { recursive: true, mode: 0o755 });
    if (secret && !(await isMountPoint(path))) await mountTmpfs(path, { mode: '0755' });
    await chmod(path, 0o755);
    const group = fsGroupOf(pod);
    const owned = new Map<string, FileProjection>();
    for (const [name, file] of files)
        owned.set(name, group === undefined ? file : { ...file, gid: group, mode: file.mode | 0o440 });
    await writeAtomically(path, owned);
}
