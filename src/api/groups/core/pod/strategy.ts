import type { V1Pod } from '../../../meta/object.ts';
import type { Strategy, WriteContext } from '../../resource.ts';
import { setGeneration } from '../../strategy.ts';
import { items } from '../../validation/basic.ts';
import { podColumns } from './columns.ts';
import { defaultPod, terminationGraceSecondsDefault } from './defaults.ts';
import { podFields } from './fields.ts';
import { qosClassOf } from './qos.ts';
import { mergeLabelKeys } from './merge-label-keys.ts';
import { addGatedCondition } from './scheduling-gate-condition.ts';
import {
    validateEphemeralContainersUpdate,
    validatePodAlways,
    validatePodCreate,
    validatePodStatusUpdate,
    validatePodUpdate,
    validateResize,
} from './validation/index.ts';
import { podStatusWarnings, podWarnings } from './warnings.ts';

function prepareForCreate(pod: V1Pod, { now }: WriteContext): void {
    setGeneration(pod, 1);
    pod.status = { phase: 'Pending', qosClass: qosClassOf(pod) };
    addGatedCondition(pod, now);
    mergeLabelKeys(pod);
}

/** Each path changes its part of a pod; the rest stays as it is stored. */
function prepareForUpdate(pod: V1Pod, old: V1Pod, { subresource }: WriteContext): void {
    const { ephemeralContainers } = pod.spec ?? {};
    switch (subresource) {
        case undefined:
            break;
        case 'ephemeralcontainers':
            pod.spec = { ...(old.spec ?? { containers: [] }), ephemeralContainers };
            if (ephemeralContainers === undefined) delete pod.spec.ephemeralContainers;
            defaultPod(pod);
            break;
        case 'resize':
            keepAllButResources(pod, old);
            break;
        default:
            return;
    }
    if (old.status === undefined) delete pod.status;
    else pod.status = old.status;
}

/** A resize takes resources of the pod, and those and the resize policies of its containers; nothing else of the body. */
function keepAllButResources(pod: V1Pod, old: V1Pod): void {
    if (old.spec === undefined || pod.spec === undefined) return;
    const asked = pod.spec;
    const resized = (field: 'containers' | 'initContainers') => {
        const byName = new Map(items(asked[field]).map((container) => [container.name, container]));
        return items(old.spec?.[field]).map((container) => {
            const { resources, resizePolicy } = byName.get(container.name) ?? container;
            return {
                ...container,
                ...(resources === undefined ? {} : { resources }),
                ...(resizePolicy === undefined ? {} : { resizePolicy }),
            };
        });
    };
    pod.spec = { ...old.spec, containers: resized('containers') };
    if (old.spec.initContainers !== undefined) pod.spec.initContainers = resized('initContainers');
    if (asked.resources !== undefined) pod.spec.resources = asked.resources;
}

/**
 * Seconds that a deleted pod gets: what was asked for or what its spec says, but none where no kubelet
 * has to stop anything: not scheduled yet, or ended already (registry/core/pod CheckGracefulDelete).
 */
export function podGraceSeconds(pod: V1Pod, requested: number | undefined): number {
    let seconds = requested ?? pod.spec?.terminationGracePeriodSeconds ?? terminationGraceSecondsDefault;
    if (!pod.spec?.nodeName) seconds = 0;
    if (pod.status?.phase === 'Failed' || pod.status?.phase === 'Succeeded') seconds = 0;
    // A negative period is a mistake, and stops the pod at once.
    return seconds < 0 ? 1 : seconds;
}

export const podStrategy: Strategy<V1Pod> = {
    hasGeneration: true,
    statusKeeps: ['ownerReferences'],
    defaults: defaultPod,
    prepareForCreate,
    prepareForUpdate,
    validate: validatePodCreate,
    validateUpdate: validatePodUpdate,
    validateStatusUpdate: validatePodStatusUpdate,
    validateSubresourceUpdate(pod, old, subresource) {
        switch (subresource) {
            case 'ephemeralcontainers':
                return [...validatePodAlways(pod), ...validateEphemeralContainersUpdate(pod, old)];
            case 'resize':
                return [...validatePodAlways(pod), ...validateResize(pod, old)];
            default:
                return validatePodUpdate(pod, old);
        }
    },
    warnings: podWarnings,
    statusWarnings: podStatusWarnings,
    gracePeriodSeconds: podGraceSeconds,
    selectableFields: podFields,
    columns: podColumns,
};
