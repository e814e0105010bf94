import { semanticEqual } from '../../../api/meta/deep.ts';
import type { V1PodCondition, V1PodStatus } from '../../../api/meta/object.ts';
import { kubeletConditionTypes } from './pod-conditions.ts';

/**
 * The strategic merge patch that turns the API server's status into ours; undefined when there is nothing
 * to change. Only the kubelet's own conditions are sent, so that those of others survive.
 */
export function statusPatch(uid: string, from: V1PodStatus, to: V1PodStatus): object | undefined {
    const status: Record<string, unknown> = {};
    const old = from as Record<string, unknown>;
    const wanted = to as Record<string, unknown>;
    for (const key of new Set([...Object.keys(old), ...Object.keys(wanted)])) {
        if (key === 'conditions' || key === 'resize') continue;
        if (semanticEqual(old[key], wanted[key])) continue;
        status[key] = wanted[key] ?? null;
    }
    if (Array.isArray(status['podIPs']))
        status['podIPs'] = [...(status['podIPs'] as object[]), { $patch: 'replace' }];
    const conditions = changedConditions(from.conditions ?? [], to.conditions ?? []);
    if (conditions.length > 0) status['conditions'] = conditions;
    if (Object.keys(status).length === 0) return undefined;
    return { metadata: { uid }, status };
}

function changedConditions(from: readonly V1PodCondition[], to: readonly V1PodCondition[]): object[] {
    return to
        .filter(({ type }) => kubeletConditionTypes.includes(type) || !from.some((old) => old.type === type))
        .map((condition) => ({ condition, old: from.find(({ type }) => type === condition.type) }))
        .filter(({ condition, old }) => !semanticEqual(condition, withoutNulls(old)))
        .map(({ condition, old }) => ({
            ...(old?.reason === undefined ? {} : { reason: null }),
            ...(old?.message === undefined ? {} : { message: null }),
            ...condition,
        }));
}

function withoutNulls(condition: V1PodCondition | undefined): object {
    return Object.fromEntries(Object.entries(condition ?? {}).filter(([, value]) => value !== null));
}
