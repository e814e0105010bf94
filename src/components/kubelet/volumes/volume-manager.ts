import { mkdir, readdir, rm } from 'node:fs/promises';
import type { V1Pod, V1Volume } from '../../../api/meta/object.ts';
import { allContainersOf, podUid } from '../pod/pod.ts';
import type { KubeletPaths } from '../paths.ts';
import { configMapVolume } from './config-map-volume.ts';
import { downwardApiVolume } from './downward-api-volume.ts';
import { emptyDirVolume } from './empty-dir-volume.ts';
import { hostPathVolume } from './host-path-volume.ts';
import { unmountBelow } from './mounter.ts';
import { persistentVolume } from './persistent-volume.ts';
import { projectedVolume } from './projected-volume.ts';
import { secretVolume } from './secret-volume.ts';
import type { MountedVolume, VolumePlugin, VolumeSetUp } from './volume-plugin.ts';

const plugins: readonly VolumePlugin[] = [
    emptyDirVolume,
    hostPathVolume,
    configMapVolume,
    secretVolume,
    downwardApiVolume,
    projectedVolume,
    persistentVolume,
];

export interface MountFailure {
    volume: string;
    /** Text of the FailedMount event. */
    message: string;
}

export interface VolumesReady {
    mounted: Map<string, MountedVolume>;
    failures: MountFailure[];
    /** Wall-clock time of the next necessary set-up; undefined for never. */
    refreshAtMs: number | undefined;
}

/** Sets up and removes the pods' volumes. */
export class VolumeManager {
    readonly #paths: KubeletPaths;

    constructor(paths: KubeletPaths) {
        this.#paths = paths;
    }

    /** Idempotent. Volumes that no container mounts are left out. */
    async setUp(input: Omit<VolumeSetUp, 'volume' | 'paths'>): Promise<VolumesReady> {
        const ready: VolumesReady = { mounted: new Map(), failures: [], refreshAtMs: undefined };
        await mkdir(this.#paths.volumes(podUid(input.pod)), { recursive: true, mode: 0o750 });
        for (const volume of usedVolumes(input.pod)) {
            try {
                const mounted = await setUpOne({ ...input, volume, paths: this.#paths });
                ready.mounted.set(volume.name, mounted);
                if (mounted.refreshAtMs !== undefined)
                    ready.refreshAtMs = Math.min(ready.refreshAtMs ?? Infinity, mounted.refreshAtMs);
            } catch (error) {
                const text = error instanceof Error ? error.message : String(error);
                const message = `MountVolume.SetUp failed for volume "${volume.name}" : ${text}`;
                ready.failures.push({ volume: volume.name, message });
            }
        }
        return ready;
    }

    /** Unmounts everything of the pod and removes its directory. Idempotent. */
    async remove(uid: string): Promise<void> {
        const directory = this.#paths.pod(uid);
        await unmountBelow(directory);
        await rm(directory, { recursive: true, force: true });
    }

    /** Uids of all pods that have a directory. */
    async podUids(): Promise<string[]> {
        try {
            return await readdir(this.#paths.pods);
        } catch (error) {
            if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
            throw error;
        }
    }
}

function usedVolumes(pod: V1Pod): V1Volume[] {
    const used = new Set(allContainersOf(pod).flatMap((c) => (c.volumeMounts ?? []).map(({ name }) => name)));
    return (pod.spec?.volumes ?? []).filter(({ name }) => used.has(name));
}

async function setUpOne(input: VolumeSetUp): Promise<MountedVolume> {
    const plugin = plugins.find((candidate) => candidate.supports(input.volume));
    if (plugin !== undefined) return await plugin.setUp(input);
    const type = Object.keys(input.volume).find((key) => key !== 'name') ?? 'unknown';
    throw new Error(`no volume plugin matched: volumes of type "${type}" are not supported by this kubelet`);
}
