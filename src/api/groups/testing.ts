import { formatFieldError } from '../meta/field-error.ts';
import type { ApiObject, V1Pod, V1PodTemplateSpec } from '../meta/object.ts';
import { resourceDefinitions } from './index.ts';
import type { Strategy } from './resource.ts';

/** Helpers of the unit tests in this folder. */

export function strategyOf(plural: string, group = '', version = 'v1'): Strategy {
    const definition = resourceDefinitions().find(
        (one) => one.plural === plural && one.group === group && one.version === version,
    );
    if (definition === undefined) throw new Error(`no resource ${plural} in ${group}/${version}`);
    return definition.strategy;
}

const now = '2026-01-02T03:04:05Z';

/** A copy of the object as the registry would have it before validating a create. */
export function prepared<T extends ApiObject>(strategy: Strategy, object: T): T {
    const copy = structuredClone(object);
    strategy.defaults?.(copy);
    strategy.prepareForCreate?.(copy, { now });
    return copy;
}

/** What a create is refused for: "spec.x: Required value". */
export function createErrors(strategy: Strategy, object: ApiObject): string[] {
    return (strategy.validate?.(prepared(strategy, object)) ?? []).map(formatFieldError);
}

/** What an update from one stored object is refused for. */
export function updateErrors(strategy: Strategy, old: ApiObject, change: (copy: never) => void): string[] {
    const stored = prepared(strategy, old);
    const copy = structuredClone(stored);
    change(copy as never);
    strategy.defaults?.(copy);
    strategy.prepareForUpdate?.(copy, stored, { now });
    return (strategy.validateUpdate?.(copy, stored) ?? []).map(formatFieldError);
}

/** The row that a table has for the object, by column name. */
export function rowOf(
    strategy: Strategy,
    object: ApiObject,
    nowMs = Date.parse(now),
): Record<string, unknown> {
    return Object.fromEntries(
        (strategy.columns ?? []).map((column) => [column.name, column.value(object, nowMs)]),
    );
}

export function examplePod(
    change: (pod: V1Pod & { spec: NonNullable<V1Pod['spec']> }) => void = () => undefined,
): V1Pod {
    const pod = {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'web', namespace: 'default' },
        spec: { containers: [{ name: 'web', image: 'nginx:1.27' }] },
    } as V1Pod & { spec: NonNullable<V1Pod['spec']> };
    change(pod);
    return pod;
}

export function exampleTemplate(restartPolicy?: string): V1PodTemplateSpec {
    return {
        metadata: { labels: { app: 'web' } },
        spec: {
            containers: [{ name: 'web', image: 'nginx:1.27' }],
            ...(restartPolicy === undefined ? {} : { restartPolicy }),
        },
    };
}
