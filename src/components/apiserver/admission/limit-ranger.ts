import type {
    V1Container,
    V1LimitRange,
    V1LimitRangeItem,
    V1PersistentVolumeClaim,
    V1Pod,
} from '../../../api/meta/object.ts';
import { type ResourceAmounts, podAmounts } from '../../../api/meta/pod-resources.ts';
import { formatBytes, formatMilli } from '../../../api/meta/quantity.ts';
import { limitRanges } from '../../../client/resource-type.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../admission.ts';
import type { PluginContext } from './context.ts';
import { forbidden, joinErrors } from './forbidden.ts';
import { type Amounts, maxErrors, maxRequestErrors, minErrors, ratioErrors } from './limit-constraints.ts';
import { isFor } from './requests.ts';

const annotation = 'kubernetes.io/limit-ranger';

/** Fills in a namespace's default requests and limits, and holds pods and claims to its minima and maxima. */
export function limitRanger({ reader }: PluginContext): AdmissionPlugin {
    const rangesOf = ({ namespace }: AdmissionRequest) => reader.list<V1LimitRange>(limitRanges, namespace);
    return {
        name: 'LimitRanger',
        handles: (request) =>
            isFor(request, 'pods', 'CREATE') ||
            isResize(request) ||
            isFor(request, 'persistentvolumeclaims', 'CREATE', 'UPDATE'),
        mutate(request) {
            if (request.definition.plural !== 'pods') return;
            for (const range of rangesOf(request))
                setDefaults(request.object as V1Pod, range, isResize(request));
        },
        validate(request) {
            for (const range of rangesOf(request)) {
                const items = range.spec?.limits ?? [];
                const errors =
                    request.definition.plural === 'pods'
                        ? items.flatMap((item) => podErrors(item, request.object as V1Pod))
                        : items.flatMap((item) =>
                              claimErrors(item, request.object as V1PersistentVolumeClaim),
                          );
                if (errors.length > 0) throw forbidden(request, joinErrors(errors));
            }
        },
    };
}

/** New resources for a pod that runs: none for one that is going. */
function isResize({ definition, subresource, operation, oldObject }: AdmissionRequest): boolean {
    return (
        definition.group === '' &&
        definition.plural === 'pods' &&
        subresource === 'resize' &&
        operation === 'UPDATE' &&
        oldObject?.metadata?.deletionTimestamp === undefined
    );
}

/** A resize changes resources alone, so it leaves no note in the annotations. */
function setDefaults(pod: V1Pod, range: V1LimitRange, isResize: boolean): void {
    const items = (range.spec?.limits ?? []).filter(({ type }) => type === 'Container');
    const defaults = {
        requests: Object.assign({}, ...items.map((item) => item.defaultRequest)) as Record<string, string>,
        limits: Object.assign({}, ...items.map((item) => item.default)) as Record<string, string>,
    };
    const notes = [
        ...(pod.spec?.containers ?? []).flatMap((container) => merge(container, 'container', defaults)),
        ...(pod.spec?.initContainers ?? []).flatMap((container) =>
            merge(container, 'init container', defaults),
        ),
    ];
    if (notes.length === 0 || isResize) return;
    pod.metadata = {
        ...pod.metadata,
        annotations: {
            ...pod.metadata?.annotations,
            [annotation]: `LimitRanger plugin set: ${notes.join('; ')}`,
        },
    };
}

/** What was set, as sentences. A limit without request is a request too, and goes before the default. */
function merge(
    container: V1Container,
    what: string,
    defaults: { requests: Record<string, string>; limits: Record<string, string> },
): string[] {
    const given = container.resources;
    const requests = { ...given?.limits, ...given?.requests };
    const limits = { ...given?.limits };
    const notes: string[] = [];
    for (const [field, target] of [
        ['requests', requests],
        ['limits', limits],
    ] as const) {
        const missing = Object.keys(defaults[field]).filter((name) => target[name] === undefined);
        if (missing.length === 0) continue;
        for (const name of missing) target[name] = defaults[field][name] ?? '';
        notes.push(`${missing.sort().join(', ')} ${field.slice(0, -1)} for ${what} ${container.name}`);
    }
    if (notes.length > 0) {
        container.resources = {
            ...given,
            ...(Object.keys(limits).length > 0 ? { limits } : {}),
            ...(Object.keys(requests).length > 0 ? { requests } : {}),
        };
    }
    return notes;
}

function podErrors(item: V1LimitRangeItem, pod: V1Pod): string[] {
    const check = (amounts: Amounts) => [
        ...minErrors(item, amounts),
        ...maxErrors(item, amounts),
        ...ratioErrors(item, amounts),
    ];
    switch (item.type) {
        case 'Container': {
            const containers = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])];
            return containers.flatMap(({ resources }) =>
                check({ requests: resources?.requests ?? {}, limits: resources?.limits ?? {} }),
            );
        }
        case 'Pod':
            return check({
                requests: quantities(podAmounts(pod, 'requests')),
                limits: quantities(podAmounts(pod, 'limits')),
            });
        default:
            return [];
    }
}

function quantities(amounts: ResourceAmounts): Record<string, string> {
    const format = (name: string, amount: number) => {
        if (name === 'cpu') return formatMilli(amount);
        return /^(memory|ephemeral-storage|hugepages-.*)$/.test(name) ? formatBytes(amount) : String(amount);
    };
    return Object.fromEntries(Object.entries(amounts).map(([name, amount]) => [name, format(name, amount)]));
}

function claimErrors(item: V1LimitRangeItem, claim: V1PersistentVolumeClaim): string[] {
    if (item.type !== 'PersistentVolumeClaim') return [];
    const amounts = { requests: claim.spec?.resources?.requests ?? {}, limits: {} };
    return [...minErrors(item, amounts), ...maxRequestErrors(item, amounts)];
}
