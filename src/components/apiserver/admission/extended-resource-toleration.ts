import type { V1Pod, V1Toleration } from '../../../api/meta/object.ts';
import { isExtendedResource } from '../../../api/groups/validation/resources.ts';
import type { AdmissionPlugin } from '../admission.ts';
import { isFor } from './requests.ts';

/** Pods that ask for a device may run on nodes that are kept for the device: tainted with its name. */
export function extendedResourceToleration(): AdmissionPlugin {
    return {
        name: 'ExtendedResourceToleration',
        handles: (request) => isFor(request, 'pods', 'CREATE', 'UPDATE'),
        mutate({ object }) {
            const { spec } = object as V1Pod;
            if (spec === undefined) return;
            const containers = [...spec.containers, ...(spec.initContainers ?? [])];
            const names = containers.flatMap(({ resources }) => Object.keys(resources?.requests ?? {}));
            for (const key of [...new Set(names.filter(isExtendedResource))].sort()) {
                spec.tolerations = withToleration(spec.tolerations ?? [], key);
            }
        },
    };
}

function withToleration(tolerations: readonly V1Toleration[], key: string): V1Toleration[] {
    const wanted = { key, operator: 'Exists', effect: 'NoSchedule' };
    const isSame = (one: V1Toleration): boolean =>
        one.key === key && one.effect === wanted.effect && one.operator === wanted.operator && !one.value;
    if (!tolerations.some(isSame)) return [...tolerations, wanted];
    return tolerations.map((one) => (isSame(one) ? wanted : one));
}
