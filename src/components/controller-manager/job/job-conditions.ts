import type { V1JobCondition } from '../../../api/meta/object.ts';
import { getCondition } from '../../../api/meta/conditions.ts';
import { rfc3339 } from '../../../util/clock.ts';

export type JobConditionType = 'Complete' | 'Failed' | 'FailureTarget' | 'SuccessCriteriaMet' | 'Suspended';

export function jobCondition(
    type: JobConditionType,
    { status = 'True', reason, message }: { status?: 'True' | 'False'; reason: string; message: string },
    nowMs: number,
): V1JobCondition {
    const now = rfc3339(nowMs);
    return { type, status, lastProbeTime: now, lastTransitionTime: now, reason, message };
}

/** The same decision under another name: FailureTarget becomes Failed once all pods are gone. */
export function concluded(
    { reason = '', message = '' }: V1JobCondition,
    type: 'Complete' | 'Failed',
    nowMs: number,
): V1JobCondition {
    return jobCondition(type, { reason, message }, nowMs);
}

/** The list with the condition; the same list when it says so already, or denies what nobody said. */
export function ensureCondition(
    list: readonly V1JobCondition[] | undefined,
    condition: V1JobCondition,
): V1JobCondition[] {
    const conditions = (list ?? []) as V1JobCondition[];
    const old = getCondition(conditions, condition.type);
    if (old === undefined) return condition.status === 'False' ? conditions : [...conditions, condition];
    const { status, reason, message } = condition;
    if (old.status === status && old.reason === reason && old.message === message) return conditions;
    return conditions.map((c) => (c === old ? condition : c));
}
