import { quantityToNumber } from '../../../api/meta/quantity.ts';
import type { V1Pod } from '../../../api/meta/object.ts';
import { containersOf, initContainersOf } from './pod.ts';

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort';

/** The pod's quality of service, as upstream's qos.ComputePodQOS. */
export function qosClassOf(pod: V1Pod): QosClass {
    const all = pod.spec?.resources
        ? [{ resources: pod.spec.resources }]
        : [...containersOf(pod), ...initContainersOf(pod)];
    let anySet = false;
    let guaranteed = true;
    for (const { resources } of all) {
        for (const name of ['cpu', 'memory']) {
            const limit = positive(resources?.limits?.[name]);
            const request = positive(resources?.requests?.[name]) ?? limit;
            if (limit !== undefined || request !== undefined) anySet = true;
            if (limit === undefined || request !== limit) guaranteed = false;
        }
    }
    if (!anySet) return 'BestEffort';
    return guaranteed ? 'Guaranteed' : 'Burstable';
}

function positive(quantity: string | undefined): number | undefined {
    if (quantity === undefined) return undefined;
    const value = quantityToNumber(quantity);
    return value > 0 ? value : undefined;
}
