import type { ApiObject, V1Pod, V1ResourceQuota } from '../../../../api/meta/object.ts';
import { compareQuantity, subtractQuantity } from '../../../../api/meta/quantity.ts';
import { quotaCounts } from '../../../../api/quota/scopes.ts';
import { addUsage, type CountedResource, type Usage, usageOf } from '../../../../api/quota/usage.ts';

/** A write, as quotas see it. */
export interface QuotaRequest extends CountedResource {
    object: ApiObject;
    /** Absent for a create. */
    oldObject: ApiObject | undefined;
}

export type QuotaAnswer =
    | { type: 'unaffected' }
    | { type: 'refused'; message: string }
    /** Allowed; `used` is the quota's new status. */
    | { type: 'charged'; used: Usage };

const computeNames = new Set([
    'cpu',
    'memory',
    'requests.cpu',
    'requests.memory',
    'limits.cpu',
    'limits.memory',
]);

/** What a quota says to a write, in upstream's words. */
export function evaluate(quota: V1ResourceQuota, request: QuotaRequest): QuotaAnswer {
    const name = quota.metadata?.name ?? '';
    if (!quotaCounts(quota, request.group === '' ? request.resource : '', request.object)) {
        return { type: 'unaffected' };
    }
    const hard = quota.status?.hard ?? quota.spec?.hard ?? {};
    const missing = request.oldObject === undefined ? missingCompute(hard, request) : '';
    if (missing !== '') return { type: 'refused', message: `failed quota: ${name}: must specify ${missing}` };
    const delta = chargedDelta(quota, hard, request);
    if (Object.keys(delta).length === 0) return { type: 'unaffected' };
    const used = quota.status?.used ?? {};
    const unknown = Object.keys(delta).filter((resource) => used[resource] === undefined);
    if (unknown.length > 0) {
        return {
            type: 'refused',
            message: `status unknown for quota: ${name}, resources: ${unknown.sort().join(',')}`,
        };
    }
    const total = addUsage(used, delta);
    const exceeded = Object.keys(delta).filter(
        (resource) =>
            compareQuantity(delta[resource] ?? '0', '0') > 0 &&
            compareQuantity(total[resource] ?? '0', hard[resource] ?? '0') > 0,
    );
    if (exceeded.length === 0) return { type: 'charged', used: total };
    const list = (usage: Usage) =>
        exceeded
            .sort()
            .map((resource) => `${resource}=${usage[resource] ?? '0'}`)
            .join(',');
    return {
        type: 'refused',
        message: `exceeded quota: ${name}, requested: ${list(delta)}, used: ${list(used)}, limited: ${list(hard)}`,
    };
}

/** What the write adds of the resources that the quota limits; nothing that stays the same. */
function chargedDelta(quota: V1ResourceQuota, hard: Usage, request: QuotaRequest): Usage {
    const { oldObject } = request;
    const wasCounted =
        oldObject !== undefined &&
        quotaCounts(quota, request.group === '' ? request.resource : '', oldObject);
    const before = wasCounted ? usageOf(request, oldObject) : {};
    const after = usageOf(request, request.object);
    const delta: Usage = {};
    for (const resource of Object.keys(hard)) {
        const change = subtractQuantity(after[resource] ?? '0', before[resource] ?? '0');
        if (compareQuantity(change, '0') !== 0) delta[resource] = change;
    }
    return delta;
}

/** `limits.cpu for: a,b; requests.memory for: a`: what containers must say because a quota counts it. */
function missingCompute(hard: Usage, { group, resource, object }: QuotaRequest): string {
    if (group !== '' || resource !== 'pods') return '';
    const { spec } = object as V1Pod;
    const containers = [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])];
    const parts: string[] = [];
    for (const name of Object.keys(hard).sort()) {
        if (!computeNames.has(name)) continue;
        const [field, key] = name.includes('.') ? name.split('.') : ['requests', name];
        const podLevel = spec?.resources?.[field === 'limits' ? 'limits' : 'requests']?.[key ?? ''];
        const lacking = containers.filter(
            ({ resources }) =>
                resources?.[field === 'limits' ? 'limits' : 'requests']?.[key ?? ''] === undefined,
        );
        if (podLevel !== undefined || lacking.length === 0) continue;
        parts.push(
            `${name} for: ${lacking
                .map((container) => container.name)
                .sort()
                .join(',')}`,
        );
    }
    return parts.join('; ');
}
