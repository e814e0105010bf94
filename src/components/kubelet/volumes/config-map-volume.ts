import { podUid } from '../pod/pod.ts';
import { configMapFiles } from './projection.ts';
import { projectedModeDefault, writeProjectedVolume } from './write-projected.ts';
import type { VolumePlugin } from './volume-plugin.ts';

export const configMapVolume: VolumePlugin = {
    name: 'kubernetes.io/configmap',
    supports: ({ configMap }) => configMap !== undefined,
    async setUp(input) {
        const { configMap, name } = input.volume;
        const hostPath = input.paths.volume(podUid(input.pod), 'configmap', name);
        const files = await configMapFiles(input, {
            name: configMap?.name,
            items: configMap?.items,
            optional: configMap?.optional,
            defaultMode: configMap?.defaultMode ?? projectedModeDefault,
        });
        await writeProjectedVolume(hostPath, files, { pod: input.pod, secret: false });
        return { hostPath };
    },
};
