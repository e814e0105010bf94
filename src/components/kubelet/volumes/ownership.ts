import { chmod, lchown, lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { V1Pod } from '../../../api/meta/object.ts';
import { allContainersOf } from '../pod/pod.ts';

export function fsGroupOf(pod: V1Pod): number | undefined {
    return pod.spec?.securityContext?.fsGroup;
}

/** The one user that all containers run as; undefined when they differ or leave it to the image. */
export function commonUserOf(pod: V1Pod): number | undefined {
    const users = allContainersOf(pod).map(
        ({ securityContext }) => securityContext?.runAsUser ?? pod.spec?.securityContext?.runAsUser,
    );
    return users.every((user) => user === users[0]) ? users[0] : undefined;
}

/** Gives a writable volume to the pod's group: group-owned, group-writable, new files inherit the group. */
export async function applyFsGroup(path: string, group: number): Promise<void> {
    const info = await lstat(path);
    await lchown(path, -1, group);
    if (info.isSymbolicLink()) return;
    await chmod(path, (info.mode & 0o7777) | (info.isDirectory() ? 0o2770 : 0o660));
    if (!info.isDirectory()) return;
    for (const name of await readdir(path)) await applyFsGroup(join(path, name), group);
}
