import { podUid } from '../pod/pod.ts';
import { secretFiles } from './projection.ts';
import { projectedModeDefault, writeProjectedVolume } from './write-projected.ts';
import type { VolumePlugin } from './volume-plugin.ts';

export const secretVolume: VolumePlugin = {
    name: 'kubernetes.io/secret',
    supports: ({ secret }) => secret !== undefined,
    async setUp(input) {
        const { secret, name } = input.volume;
        const hostPath = input.paths.volume(podUid(input.pod), 'secret', name);
        const files = await secretFiles(input, {
            name: secret?.secretName,
            items: secret?.items,
            optional: secret?.optional,
            defaultMode: secret?.defaultMode ?? projectedModeDefault,
        });
        await writeProjectedVolume(hostPath, files, { pod: input.pod, secret: true });
        return { hostPath };
    },
};
