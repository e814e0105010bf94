import type { V1DownwardAPIVolumeFile } from '../../../api/meta/object.ts';
import { fieldPathValue } from '../container-config/field-path.ts';
import { resourceFieldValue } from '../container-config/resource-field.ts';
import { podUid } from '../pod/pod.ts';
import type { FileProjection } from './atomic-writer.ts';
import { projectedModeDefault, writeProjectedVolume } from './write-projected.ts';
import { VolumeError, type VolumePlugin, type VolumeSetUp } from './volume-plugin.ts';

export const downwardApiVolume: VolumePlugin = {
    name: 'kubernetes.io/downward-api',
    supports: ({ downwardAPI }) => downwardAPI !== undefined,
    async setUp(input) {
        const { downwardAPI, name } = input.volume;
        const hostPath = input.paths.volume(podUid(input.pod), 'downward-api', name);
        const mode = downwardAPI?.defaultMode ?? projectedModeDefault;
        await writeProjectedVolume(hostPath, downwardApiFiles(input, downwardAPI?.items ?? [], mode), {
            pod: input.pod,
            secret: false,
        });
        return { hostPath };
    },
};

/** One file per item: a field of the pod, or a resource of one of its containers. */
export function downwardApiFiles(
    { pod, addresses, allocatable }: VolumeSetUp,
    items: readonly V1DownwardAPIVolumeFile[],
    defaultMode: number,
): Map<string, FileProjection> {
    const files = new Map<string, FileProjection>();
    for (const { path, fieldRef, resourceFieldRef, mode } of items) {
        let value: string | undefined;
        if (fieldRef !== undefined) value = fieldPathValue(pod, fieldRef.fieldPath, addresses);
        else if (resourceFieldRef !== undefined)
            value = resourceFieldValue(pod, resourceFieldRef, { container: undefined, allocatable });
        if (value === undefined) throw new VolumeError(`unsupported fieldPath: ${fieldRef?.fieldPath ?? ''}`);
        files.set(path, { data: Buffer.from(value), mode: mode ?? defaultMode });
    }
    return files;
}
