import type { V1Pod } from '../../../api/meta/object.ts';
import type { AdmissionPlugin } from '../admission.ts';
import { isFor } from './requests.ts';

/** Makes nodes check every image with its registry, so that a private image on a node is nobody else's. */
export function alwaysPullImages(): AdmissionPlugin {
    return {
        name: 'AlwaysPullImages',
        handles: (request) => isFor(request, 'pods', 'CREATE', 'UPDATE'),
        mutate({ object }) {
            const { spec } = object as V1Pod;
            const containers = [
                ...(spec?.initContainers ?? []),
                ...(spec?.containers ?? []),
                ...(spec?.ephemeralContainers ?? []),
            ];
            for (const container of containers) container.imagePullPolicy = 'Always';
            for (const { image } of spec?.volumes ?? []) if (image !== undefined) image.pullPolicy = 'Always';
        },
    };
}
