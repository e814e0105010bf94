import { quantityToMilli, quantityToNumber } from '../../../api/meta/quantity.ts';
import type { V1Container, V1Pod, V1ResourceFieldSelector } from '../../../api/meta/object.ts';
import { allContainersOf } from '../pod/pod.ts';

/** What the node can give: the default for limits that are not set. Quantities by resource name. */
export type Allocatable = Readonly<Record<string, string>>;

/**
 * The value of a `resourceFieldRef` in units of its divisor, rounded up. Limits that are not set count as
 * what the node can give; requests that are not set count as the limit.
 */
export function resourceFieldValue(
    pod: V1Pod,
    { resource, divisor, containerName }: V1ResourceFieldSelector,
    { container, allocatable }: { container: V1Container | undefined; allocatable: Allocatable },
): string {
    const wanted =
        containerName === undefined || containerName === ''
            ? container
            : allContainersOf(pod).find(({ name }) => name === containerName);
    if (wanted === undefined) throw new Error(`container "${containerName ?? ''}" not found`);
    const [kind, ...rest] = resource.split('.');
    const name = rest.join('.');
    const { limits, requests } = wanted.resources ?? {};
    let quantity: string;
    if (kind === 'limits') quantity = limits?.[name] ?? allocatable[name] ?? '0';
    else if (kind === 'requests') quantity = requests?.[name] ?? limits?.[name] ?? '0';
    else throw new Error(`unsupported container resource : ${resource}`);
    return String(inUnits(name, quantity, divisor));
}

function inUnits(name: string, quantity: string, divisor: string | undefined): number {
    const unit = divisor === undefined || divisor === '' || divisor === '0' ? '1' : divisor;
    if (name === 'cpu') return Math.ceil(quantityToMilli(quantity) / quantityToMilli(unit));
    return Math.ceil(quantityToNumber(quantity) / quantityToNumber(unit));
}
