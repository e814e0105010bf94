import type { V1Pod } from '../../../api/meta/object.ts';
import type { AdmissionPlugin } from '../admission.ts';
import { forbidden } from './forbidden.ts';
import { isFor } from './requests.ts';

const hostname = 'kubernetes.io/hostname';

/** A pod may keep others off its node, but not off a zone. */
export function limitPodHardAntiAffinityTopology(): AdmissionPlugin {
    return {
        name: 'LimitPodHardAntiAffinityTopology',
        handles: (request) => isFor(request, 'pods', 'CREATE', 'UPDATE'),
        validate(request) {
            const { podAntiAffinity } = (request.object as V1Pod).spec?.affinity ?? {};
            const terms = podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
            for (const { topologyKey } of terms) {
                if (topologyKey === hostname) continue;
                throw forbidden(
                    request,
                    `affinity.PodAntiAffinity.RequiredDuringScheduling has TopologyKey ${topologyKey} but only key ${hostname} is allowed`,
                );
            }
        },
    };
}
