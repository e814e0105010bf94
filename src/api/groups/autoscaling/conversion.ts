import type {
    ApiObject,
    V1HorizontalPodAutoscaler,
    V2HorizontalPodAutoscaler,
    V2HorizontalPodAutoscalerBehavior,
    V2HorizontalPodAutoscalerCondition,
    V2MetricSpec,
    V2MetricStatus,
} from '../../meta/object.ts';
import type { VersionConversion } from '../resource.ts';
import { items } from '../validation/basic.ts';

/** What version 1 has no field for travels in annotations of these names. */
const annotations = {
    metrics: 'autoscaling.alpha.kubernetes.io/metrics',
    currentMetrics: 'autoscaling.alpha.kubernetes.io/current-metrics',
    conditions: 'autoscaling.alpha.kubernetes.io/conditions',
    behavior: 'autoscaling.alpha.kubernetes.io/behavior',
} as const;
type Extra = keyof typeof annotations;

function isCpuUtilization(metric: V2MetricSpec): boolean {
    return (
        metric.type === 'Resource' &&
        metric.resource?.name === 'cpu' &&
        metric.resource.target.averageUtilization !== undefined
    );
}

/** Whether this is the plain target that version 1 has a field for; a quirk keeps only the first. */
function splitMetrics(metrics: readonly V2MetricSpec[]): {
    percent: number | undefined;
    others: V2MetricSpec[];
} {
    const cpu = metrics.find(isCpuUtilization);
    return {
        percent: cpu?.resource?.target.averageUtilization,
        others: metrics.filter((metric) => metric !== cpu),
    };
}

function fromV2(object: ApiObject): V1HorizontalPodAutoscaler {
    const { metadata, spec, status } = object as Partial<V2HorizontalPodAutoscaler>;
    const { percent, others } = splitMetrics(items(spec?.metrics));
    const current = items(status?.currentMetrics);
    const cpu = current.find((metric) => metric.resource?.name === 'cpu');
    const extra: Record<Extra, unknown> = {
        metrics: others.length === 0 ? undefined : others,
        currentMetrics: current.length === 0 ? undefined : current,
        conditions: items(status?.conditions).length === 0 ? undefined : status?.conditions,
        behavior: spec?.behavior,
    };
    const {
        metrics: _metrics,
        behavior: _behavior,
        ...commonSpec
    } = spec ?? { scaleTargetRef: { kind: '', name: '' }, maxReplicas: 0 };
    const {
        currentMetrics: _current,
        conditions: _conditions,
        ...commonStatus
    } = status ?? { desiredReplicas: 0 };
    const utilization = cpu?.resource?.current.averageUtilization;
    return {
        apiVersion: 'autoscaling/v1',
        kind: 'HorizontalPodAutoscaler',
        metadata: { ...metadata, ...packAnnotations(metadata?.annotations, extra) },
        spec: {
            ...commonSpec,
            ...(percent === undefined ? {} : { targetCPUUtilizationPercentage: percent }),
        },
        status: {
            ...commonStatus,
            currentReplicas: commonStatus.currentReplicas ?? 0,
            ...(utilization === undefined ? {} : { currentCPUUtilizationPercentage: utilization }),
        },
    };
}

function packAnnotations(
    existing: Record<string, string> | undefined,
    extra: Record<Extra, unknown>,
): { annotations?: Record<string, string> } {
    const packed = { ...existing };
    for (const [field, value] of Object.entries(extra) as [Extra, unknown][]) {
        if (value !== undefined) packed[annotations[field]] = JSON.stringify(value);
    }
    return Object.keys(packed).length === 0 ? {} : { annotations: packed };
}

function toV2(object: V1HorizontalPodAutoscaler): V2HorizontalPodAutoscaler {
    const { metadata, spec, status } = object as Partial<V1HorizontalPodAutoscaler>;
    const unpack = (field: Extra): unknown => parse(metadata?.annotations?.[annotations[field]]);
    const { targetCPUUtilizationPercentage: percent, ...commonSpec } = spec ?? {
        scaleTargetRef: { kind: '', name: '' },
        maxReplicas: 0,
    };
    const { currentCPUUtilizationPercentage: _percent, ...commonStatus } = status ?? {
        currentReplicas: 0,
        desiredReplicas: 0,
    };
    const metrics = listOf<V2MetricSpec>(unpack('metrics'));
    if (percent !== undefined) {
        const target = { type: 'Utilization', averageUtilization: percent };
        metrics.unshift({ type: 'Resource', resource: { name: 'cpu', target } });
    }
    const behavior = unpack('behavior') as V2HorizontalPodAutoscalerBehavior | undefined;
    const conditions = listOf<V2HorizontalPodAutoscalerCondition>(unpack('conditions'));
    const currentMetrics = listOf<V2MetricStatus>(unpack('currentMetrics'));
    const known = new Set<string>(Object.values(annotations));
    const rest = Object.entries(metadata?.annotations ?? {}).filter(([name]) => !known.has(name));
    const { annotations: _annotations, ...commonMetadata } = metadata ?? {};
    return {
        apiVersion: 'autoscaling/v2',
        kind: 'HorizontalPodAutoscaler',
        metadata: {
            ...commonMetadata,
            ...(rest.length === 0 ? {} : { annotations: Object.fromEntries(rest) }),
        },
        spec: {
            ...commonSpec,
            ...(metrics.length === 0 ? {} : { metrics }),
            ...(behavior === undefined ? {} : { behavior }),
        },
        status: {
            ...commonStatus,
            ...(currentMetrics.length === 0 ? {} : { currentMetrics }),
            ...(conditions.length === 0 ? {} : { conditions }),
        },
    };
}

/** Only objects, whatever else an annotation holds. */
function listOf<T extends object>(value: unknown): T[] {
    if (!Array.isArray(value)) return [];
    return value.filter((item): item is T => typeof item === 'object' && item !== null);
}

/** Annotations are the client's: text that is no JSON counts as not there. */
function parse(text: string | undefined): unknown {
    if (text === undefined) return undefined;
    try {
        return JSON.parse(text);
    } catch {
        return undefined;
    }
}

export const autoscalerConversion: VersionConversion<V1HorizontalPodAutoscaler> = {
    stored: { group: 'autoscaling', version: 'v2' },
    toStored: toV2,
    fromStored: fromV2,
};
