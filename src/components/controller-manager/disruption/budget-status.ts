import { setCondition } from '../../../api/meta/conditions.ts';
import { semanticEqual } from '../../../api/meta/deep.ts';
import type {
    Stored,
    V1Condition,
    V1Pod,
    V1PodDisruptionBudget,
    V1PodDisruptionBudgetStatus,
} from '../../../api/meta/object.ts';
import { scaledValue } from '../../../api/meta/int-or-string.ts';
import { isPodReady } from '../shared/pod-status.ts';

/** An evicted pod that is still there after this time counts as healthy again. */
const deletionTimeoutMs = 2 * 60_000;

/** How many pods a budget is about, and how many of them have to be healthy. */
export interface BudgetTarget {
    expectedPods: number;
    desiredHealthy: number;
}

/** `scale` is the number of pods that the controllers of the matching pods want. */
export function budgetTarget(
    { spec }: V1PodDisruptionBudget,
    { pods, scale }: { pods: number; scale: number },
): BudgetTarget {
    if (spec?.maxUnavailable !== undefined) {
        const unavailable = scaledValue(spec.maxUnavailable, scale, true);
        return { expectedPods: scale, desiredHealthy: Math.max(0, scale - unavailable) };
    }
    if (typeof spec?.minAvailable === 'number')
        return { expectedPods: pods, desiredHealthy: spec.minAvailable };
    if (spec?.minAvailable === undefined) return { expectedPods: 0, desiredHealthy: 0 };
    return { expectedPods: scale, desiredHealthy: scaledValue(spec.minAvailable, scale, true) };
}

/** True when the budget can only be computed from what controllers want. */
export const needsScale = ({ spec }: V1PodDisruptionBudget): boolean =>
    spec?.maxUnavailable !== undefined || typeof spec?.minAvailable === 'string';

export interface Disrupted {
    /** Pod name → when its eviction was allowed, of those that are not on their way out yet. */
    pods: Record<string, string>;
    /** Evictions that came to nothing. */
    overdue: Stored<V1Pod>[];
    /** Until the next one is overdue. */
    recheckMs: number | undefined;
}

export function disruptedPods(
    budget: V1PodDisruptionBudget,
    pods: readonly Stored<V1Pod>[],
    nowMs: number,
): Disrupted {
    const disrupted: Disrupted = { pods: {}, overdue: [], recheckMs: undefined };
    for (const pod of pods) {
        const since = budget.status?.disruptedPods?.[pod.metadata.name];
        if (since === undefined || pod.metadata.deletionTimestamp !== undefined) continue;
        const remainingMs = Date.parse(since) + deletionTimeoutMs - nowMs;
        if (remainingMs <= 0) {
            disrupted.overdue.push(pod);
            continue;
        }
        disrupted.pods[pod.metadata.name] = since;
        disrupted.recheckMs = Math.min(remainingMs, disrupted.recheckMs ?? remainingMs);
    }
    return disrupted;
}

/** Ready, staying, and not about to be evicted. */
export function healthyPods(pods: readonly Stored<V1Pod>[], disrupted: Disrupted['pods']): number {
    return pods.filter(
        (pod) =>
            pod.metadata.deletionTimestamp === undefined &&
            disrupted[pod.metadata.name] === undefined &&
            isPodReady(pod),
    ).length;
}

/** The status with these numbers; undefined when it is what the budget has. */
export function nextStatus(
    budget: Stored<V1PodDisruptionBudget>,
    counted: BudgetTarget & { currentHealthy: number; disruptedPods: Record<string, string> },
    now: string,
): V1PodDisruptionBudgetStatus | undefined {
    const { expectedPods, desiredHealthy, currentHealthy } = counted;
    const allowed = expectedPods <= 0 ? 0 : Math.max(0, currentHealthy - desiredHealthy);
    const observedGeneration = budget.metadata.generation ?? 0;
    const condition =
        allowed > 0
            ? ({ status: 'True', reason: 'SufficientPods' } as const)
            : ({ status: 'False', reason: 'InsufficientPods' } as const);
    return changed(budget, {
        currentHealthy,
        desiredHealthy,
        expectedPods,
        disruptionsAllowed: allowed,
        disruptedPods: counted.disruptedPods,
        observedGeneration,
        conditions: withCondition(budget, { ...condition, message: '', observedGeneration }, now),
    });
}

/** The status of a budget that could not be computed: nothing may be disrupted. */
export function failedStatus(
    budget: Stored<V1PodDisruptionBudget>,
    message: string,
    now: string,
): V1PodDisruptionBudgetStatus | undefined {
    const condition = { status: 'False', reason: 'SyncFailed', message } as const;
    return changed(budget, {
        ...budget.status,
        disruptionsAllowed: 0,
        conditions: withCondition(
            budget,
            { ...condition, observedGeneration: budget.status?.observedGeneration ?? 0 },
            now,
        ),
    });
}

function withCondition(
    { status }: V1PodDisruptionBudget,
    condition: Omit<V1Condition, 'type' | 'lastTransitionTime'>,
    now: string,
): V1Condition[] {
    const type = 'DisruptionAllowed';
    const known = status?.conditions?.find((old) => old.type === type);
    // Typed as always there; kept while the status is.
    const lastTransitionTime = known?.status === condition.status ? known.lastTransitionTime : now;
    return setCondition(status?.conditions, { type, ...condition, lastTransitionTime }, now);
}

function changed(
    { status }: V1PodDisruptionBudget,
    next: V1PodDisruptionBudgetStatus,
): V1PodDisruptionBudgetStatus | undefined {
    return semanticEqual(status, next) ? undefined : next;
}
