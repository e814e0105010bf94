import type { V1Container, V1PodSpec } from '../../../meta/object.ts';
import { addQuantity, compareQuantity } from '../../../meta/quantity.ts';
import { items } from '../../validation/basic.ts';

type Quantities = Record<string, string>;

/** Resources that a pod as a whole may ask for. */
export function isPodLevelResource(name: string): boolean {
    return name === 'cpu' || name === 'memory' || name.startsWith('hugepages-');
}

function add(total: Quantities, more: Quantities | undefined): void {
    for (const [name, quantity] of Object.entries(more ?? {})) {
        const before = total[name];
        total[name] = before === undefined ? quantity : addQuantity(before, quantity);
    }
}

function raise(total: Quantities, other: Quantities): void {
    for (const [name, quantity] of Object.entries(other)) {
        const before = total[name];
        if (before === undefined || compareQuantity(quantity, before) > 0) total[name] = quantity;
    }
}

/**
 * What the containers of a pod need at the most demanding moment: all of them and their sidecars
 * together, or one init container beside the sidecars that were started before it
 * (component-helpers/resource AggregateContainerRequests and AggregateContainerLimits).
 */
export function aggregateResources(spec: V1PodSpec, which: 'requests' | 'limits'): Quantities {
    const of = (container: V1Container) => container.resources?.[which];
    const total: Quantities = {};
    for (const container of items(spec.containers)) add(total, of(container));
    const sidecars: Quantities = {};
    const peak: Quantities = {};
    for (const container of items(spec.initContainers)) {
        const now = { ...sidecars };
        add(now, of(container));
        raise(peak, now);
        if (container.restartPolicy !== 'Always') continue;
        add(sidecars, of(container));
        add(total, of(container));
    }
    raise(total, peak);
    return total;
}
