import { stat } from 'node:fs/promises';
import type { V1Container, V1Pod, V1VolumeMount } from '../../../api/meta/object.ts';
import type { KubeletPaths } from '../paths.ts';
import { podUid } from '../pod/pod.ts';
import type { Mount } from '../runtime/runtime.ts';
import { bindSubPath } from '../volumes/sub-path.ts';
import type { MountedVolume } from '../volumes/volume-plugin.ts';
import { ContainerConfigError } from './config-error.ts';
import { expand } from './expansion.ts';

export interface MountsInput {
    pod: V1Pod;
    container: V1Container;
    volumes: ReadonlyMap<string, MountedVolume>;
    env: readonly { name: string; value: string }[];
    paths: KubeletPaths;
}

/** The container's volume mounts; sub paths are bound so that they cannot leave their volume. */
export async function volumeMounts(input: MountsInput): Promise<Mount[]> {
    const mounts: Mount[] = [];
    for (const [index, mount] of (input.container.volumeMounts ?? []).entries()) {
        const volume = input.volumes.get(mount.name);
        if (volume === undefined)
            throw new ContainerConfigError(
                `cannot find volume "${mount.name}" to mount into container "${input.container.name}"`,
            );
        mounts.push({
            hostPath: await hostPathOf(input, { mount, volume, index }),
            containerPath: mount.mountPath.startsWith('/') ? mount.mountPath : `/${mount.mountPath}`,
            readOnly: mount.readOnly === true || isFilledByKubelet(input.pod, mount.name),
            propagation: propagation(mount.mountPropagation),
        });
    }
    return mounts;
}

function propagation(value: string | undefined): Mount['propagation'] {
    if (value === 'Bidirectional') return 'bidirectional';
    return value === 'HostToContainer' ? 'hostToContainer' : 'private';
}

/** Such volumes are read-only for containers whatever the mount says. */
function isFilledByKubelet(pod: V1Pod, volumeName: string): boolean {
    const volume = pod.spec?.volumes?.find(({ name }) => name === volumeName);
    return (volume?.configMap ?? volume?.secret ?? volume?.projected ?? volume?.downwardAPI) !== undefined;
}

async function hostPathOf(
    { pod, container, env, paths }: MountsInput,
    { mount, volume, index }: { mount: V1VolumeMount; volume: MountedVolume; index: number },
): Promise<string> {
    const subPath = subPathOf(mount, env);
    if (subPath === '') return volume.hostPath;
    const info = await stat(volume.hostPath);
    if (!info.isDirectory())
        throw new ContainerConfigError(`subPath "${subPath}": volume "${mount.name}" is not a directory`);
    const target = paths.subPath(podUid(pod), { volume: mount.name, container: container.name, index });
    try {
        return await bindSubPath(volume.hostPath, subPath, {
            target,
            readOnlyVolume: isFilledByKubelet(pod, mount.name),
        });
    } catch (error) {
        throw new ContainerConfigError(
            `failed to prepare subPath for volumeMount "${mount.name}" of container "${container.name}"`,
            { cause: error },
        );
    }
}

function subPathOf(mount: V1VolumeMount, env: MountsInput['env']): string {
    if (!mount.subPathExpr) return mount.subPath ?? '';
    const missing: string[] = [];
    const path = expand(mount.subPathExpr, (name) => {
        const found = env.find((variable) => variable.name === name);
        if (found === undefined) missing.push(name);
        return found?.value;
    });
    if (missing.length === 0) return path;
    throw new ContainerConfigError(`missing value for ${missing.map((name) => `"${name}"`).join(', ')}`);
}
