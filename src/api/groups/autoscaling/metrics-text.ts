import type { V2MetricSpec, V2MetricStatus, V2MetricTarget, V2MetricValueStatus } from '../../meta/object.ts';
import { items } from '../validation/basic.ts';
import type { Incomplete } from '../incomplete.ts';

/** Metrics that the TARGETS cell shows before it says how many more there are. */
const shownMax = 2;

/** "cpu: 35%/80%, 12/100 + 1 more..." */
export function metricsText(
    specs: readonly Incomplete<V2MetricSpec>[] | undefined,
    statuses: readonly Incomplete<V2MetricStatus>[] | undefined,
): string {
    const all = items(specs).map((spec, index) => metricText(spec, items(statuses)[index]));
    if (all.length === 0) return '<none>';
    const shown = all.slice(0, shownMax).join(', ');
    return all.length > shownMax ? `${shown} + ${all.length - shownMax} more...` : shown;
}

function metricText(spec: Incomplete<V2MetricSpec>, status: Incomplete<V2MetricStatus> | undefined): string {
    switch (spec.type) {
        case 'External':
            return valueText(spec.external?.target, status?.external?.current);
        case 'Object':
            return valueText(spec.object?.target, status?.object?.current);
        case 'Pods':
            return `${status?.pods?.current?.averageValue ?? '<unknown>'}/${spec.pods?.target?.averageValue ?? ''}`;
        case 'Resource':
            return resourceText(spec.resource, status?.resource?.current);
        case 'ContainerResource':
            return resourceText(spec.containerResource, status?.containerResource?.current);
        default:
            return '<unknown type>';
    }
}

function valueText(
    target: Incomplete<V2MetricTarget> | undefined,
    current: Incomplete<V2MetricValueStatus> | undefined,
): string {
    return target?.averageValue === undefined
        ? `${current?.value ?? '<unknown>'}/${target?.value ?? '0'}`
        : `${current?.averageValue ?? '<unknown>'}/${target.averageValue} (avg)`;
}

function resourceText(
    metric: { name?: string | undefined; target?: Incomplete<V2MetricTarget> | undefined } | undefined,
    current: Incomplete<V2MetricValueStatus> | undefined,
): string {
    const name = metric?.name ?? '';
    if (metric?.target?.averageValue !== undefined) {
        return `${name}: ${current?.averageValue ?? '<unknown>'}/${metric.target.averageValue}`;
    }
    const share = (percent: number | undefined, unknown: string) =>
        percent === undefined ? unknown : `${percent}%`;
    const now = share(current?.averageUtilization, '<unknown>');
    return `${name}: ${now}/${share(metric?.target?.averageUtilization, '<auto>')}`;
}
