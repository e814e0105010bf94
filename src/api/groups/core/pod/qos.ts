import { compareQuantity, quantityToMilli } from '../../../meta/quantity.ts';
import type { V1Container, V1Pod, V1ResourceRequirements } from '../../../meta/object.ts';
import { items } from '../../validation/basic.ts';

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort';

const qosResources = ['cpu', 'memory'] as const;

/**
 * Quality of service (component-helpers/qos): Guaranteed when every container has limits for cpu and
 * memory and no request below them, BestEffort when nothing asks for either, Burstable otherwise.
 * Resources of the pod as a whole count in place of those of its containers.
 */
export function qosClassOf(pod: V1Pod): QosClass {
    const spec = pod.spec;
    if (spec === undefined) return 'BestEffort';
    const podResources = spec.resources;
    const all =
        podResources !== undefined && (hasAny(podResources.requests) || hasAny(podResources.limits))
            ? [podResources]
            : [...items<V1Container>(spec.containers), ...items(spec.initContainers)].map(
                  (container) => container.resources,
              );
    if (all.every((resources) => !hasAny(resources?.requests) && !hasAny(resources?.limits))) {
        return 'BestEffort';
    }
    return all.length > 0 && all.every(isGuaranteed) ? 'Guaranteed' : 'Burstable';
}

function isPositive(quantity: string | undefined): boolean {
    return quantity !== undefined && quantityToMilli(quantity) > 0;
}

function hasAny(list: Record<string, string> | undefined): boolean {
    return list !== undefined && qosResources.some((name) => isPositive(list[name]));
}

function isGuaranteed(resources: V1ResourceRequirements | undefined): boolean {
    return qosResources.every((name) => {
        const limit = resources?.limits?.[name];
        if (limit === undefined || !isPositive(limit)) return false;
        const request = resources?.requests?.[name];
        return request === undefined || compareQuantity(request, limit) === 0;
    });
}
