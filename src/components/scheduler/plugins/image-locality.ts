import type { Plugin } from '../framework.ts';

/** Nodes that have the pod's images already are better: an SD card downloads slowly. */
export const imageLocality: Plugin = {
    name: 'ImageLocality',
    retryOn: [],
    score: (info, node) =>
        (info.pod.spec?.containers ?? []).filter(({ image = '' }) =>
            [image, `${image}:latest`, `docker.io/${image}`, `docker.io/library/${image}`].some((name) =>
                node.images.has(name),
            ),
        ).length,
};
