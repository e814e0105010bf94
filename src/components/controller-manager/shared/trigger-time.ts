import type { Stored, V1Pod, V1Service } from '../../../api/meta/object.ts';
import { getCondition } from '../../../api/meta/conditions.ts';

export const triggerTimeAnnotation = 'endpoints.kubernetes.io/last-change-trigger-time';

interface ServiceState {
    serviceMs: number;
    podMs: Map<string, number>;
}

/**
 * Tells when the change happened that a new version of endpoints is about, from which the latency of
 * programming them is measured (upstream's TriggerTimeTracker).
 */
export class TriggerTimeTracker {
    readonly #states = new Map<string, ServiceState>();

    /** RFC 3339; undefined when no pod and no Service has changed since the last call. */
    next(key: string, service: Stored<V1Service>, pods: readonly Stored<V1Pod>[]): string | undefined {
        const old = this.#states.get(key);
        const changed: number[] = [];
        const podMs = new Map<string, number>();
        for (const pod of pods) {
            const ready = getCondition(pod.status?.conditions, 'Ready')?.lastTransitionTime;
            if (ready === undefined) continue;
            const ms = Date.parse(ready);
            podMs.set(pod.metadata.name, ms);
            if (ms > (old?.podMs.get(pod.metadata.name) ?? 0)) changed.push(ms);
        }
        const serviceMs = Date.parse(service.metadata.creationTimestamp ?? '') || 0;
        if (serviceMs > (old?.serviceMs ?? 0)) changed.push(serviceMs);
        this.#states.set(key, { serviceMs, podMs });
        if (changed.length === 0) return undefined;
        return new Date(Math.min(...changed)).toISOString().replace(/\.?0*Z$/, 'Z');
    }

    forget(key: string): void {
        this.#states.delete(key);
    }
}

/** The annotations with the trigger time set, or removed when there is none. */
export function withTriggerTime(
    annotations: Record<string, string> | undefined,
    triggerTime: string | undefined,
): Record<string, string> {
    const { [triggerTimeAnnotation]: _old, ...others } = annotations ?? {};
    return triggerTime === undefined ? others : { ...others, [triggerTimeAnnotation]: triggerTime };
}
