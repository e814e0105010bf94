/** Conditions of a status, for every type that has `type` and `status` (pods, nodes, deployments, …). */
export interface ConditionLike {
    type: string;
    status: string;
    reason?: string | undefined;
    message?: string | undefined;
    lastTransitionTime?: string | undefined;
}

export function getCondition<T extends ConditionLike>(
    list: readonly T[] | undefined,
    type: string,
): T | undefined {
    return list?.find((condition) => condition.type === type);
}

export function isConditionTrue(list: readonly ConditionLike[] | undefined, type: string): boolean {
    return getCondition(list, type)?.status === 'True';
}

function sameCondition(a: ConditionLike, b: ConditionLike): boolean {
    const before = a as unknown as Record<string, unknown>;
    return Object.entries(b).every(([key, value]) => before[key] === value);
}

/**
 * The list with this condition set. `lastTransitionTime` is `now` (RFC 3339) when the status changes or
 * the condition is new, and kept otherwise, unless the condition brings its own. Fields that the given
 * condition does not name are kept from the old one. Returns the same array when nothing changes.
 */
export function setCondition<T extends ConditionLike>(
    list: readonly T[] | undefined,
    condition: T,
    now: string,
): T[] {
    const conditions = (list ?? []) as T[];
    const index = conditions.findIndex(({ type }) => type === condition.type);
    const old = conditions[index];
    if (old === undefined)
        return [...conditions, { ...condition, lastTransitionTime: condition.lastTransitionTime ?? now }];
    const kept = old.status === condition.status ? (old.lastTransitionTime ?? now) : now;
    const lastTransitionTime = condition.lastTransitionTime ?? kept;
    const next = { ...old, ...condition, lastTransitionTime };
    return sameCondition(old, next) ? conditions : conditions.with(index, next);
}

/** The list without conditions of this type; the same array when there was none. */
export function removeCondition<T extends ConditionLike>(list: readonly T[] | undefined, type: string): T[] {
    const conditions = (list ?? []) as T[];
    return getCondition(conditions, type) ? conditions.filter((c) => c.type !== type) : conditions;
}
