import type { V1Container, V1Pod, V1ResourceRequirements } from './object.ts';
import { quantityToMilli, quantityToNumber } from './quantity.ts';

/** Amounts by resource name: "cpu" in thousandths of a core, everything else in units (bytes, devices). */
export type ResourceAmounts = Record<string, number>;

/** One amount in the unit that ResourceAmounts has for it. */
export function resourceAmount(name: string, quantity: string): number {
    return name === 'cpu' ? quantityToMilli(quantity) : Math.ceil(quantityToNumber(quantity));
}

export function resourceAmounts(quantities: Readonly<Record<string, string>> | undefined): ResourceAmounts {
    const amounts: ResourceAmounts = {};
    for (const [name, quantity] of Object.entries(quantities ?? {}))
        amounts[name] = resourceAmount(name, quantity);
    return amounts;
}

export function addAmounts(total: ResourceAmounts, amounts: Readonly<ResourceAmounts>): void {
    for (const [name, amount] of Object.entries(amounts)) total[name] = (total[name] ?? 0) + amount;
}

export function subtractAmounts(total: ResourceAmounts, amounts: Readonly<ResourceAmounts>): void {
    for (const [name, amount] of Object.entries(amounts)) total[name] = (total[name] ?? 0) - amount;
}

function raiseAmounts(total: ResourceAmounts, amounts: Readonly<ResourceAmounts>): void {
    for (const [name, amount] of Object.entries(amounts)) total[name] = Math.max(total[name] ?? 0, amount);
}

const isSidecar = (container: V1Container): boolean => container.restartPolicy === 'Always';

/**
 * What a pod claims from its node: the sum of its containers and sidecars, or the largest init
 * container together with the sidecars started before it, whichever is more; plus the overhead
 * (k8s.io/component-helpers resource.PodRequests). Pod-level resources win where they are set.
 */
export function podAmounts(pod: V1Pod, which: 'requests' | 'limits'): ResourceAmounts {
    const of = ({ resources }: { resources?: V1ResourceRequirements | undefined }): ResourceAmounts =>
        resourceAmounts(resources?.[which]);
    const total: ResourceAmounts = {};
    for (const container of pod.spec?.containers ?? []) addAmounts(total, of(container));
    const sidecars: ResourceAmounts = {};
    const initPeak: ResourceAmounts = {};
    for (const container of pod.spec?.initContainers ?? []) {
        const amounts = of(container);
        if (isSidecar(container)) {
            addAmounts(total, amounts);
            addAmounts(sidecars, amounts);
            raiseAmounts(initPeak, sidecars);
        } else {
            const peak = { ...sidecars };
            addAmounts(peak, amounts);
            raiseAmounts(initPeak, peak);
        }
    }
    raiseAmounts(total, initPeak);
    Object.assign(total, of(pod.spec ?? {}));
    addAmounts(total, resourceAmounts(pod.spec?.overhead));
    return total;
}
