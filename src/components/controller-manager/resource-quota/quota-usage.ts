import { compareQuantity } from '../../../api/meta/quantity.ts';
import type { ApiObject, V1ResourceQuota } from '../../../api/meta/object.ts';
import { quotaCounts } from '../../../api/quota/scopes.ts';
import { addUsage, usageOf, type CountedResource, type Usage } from '../../../api/quota/usage.ts';

/** Resources that quotas limit without "count/". */
const namesByResource: Readonly<Record<string, RegExp>> = {
    pods: /^(pods$|cpu$|memory$|ephemeral-storage$|hugepages-|requests\.(?!storage$)|limits\.)/,
    services: /^services(\.|$)/,
    persistentvolumeclaims: /^persistentvolumeclaims$|^requests\.storage$|\.storageclass\.storage\.k8s\.io\//,
    configmaps: /^configmaps$/,
    secrets: /^secrets$/,
    replicationcontrollers: /^replicationcontrollers$/,
    resourcequotas: /^resourcequotas$/,
};
const devicesSuffix = '.deviceclass.resource.k8s.io/devices';

/** The resources whose objects a quota counts. */
export function countedResources(quota: V1ResourceQuota): CountedResource[] {
    const found = new Map<string, CountedResource>();
    const add = (resource: string, group: string): void => {
        found.set(`${resource}.${group}`, { resource, group });
    };
    for (const name of Object.keys(quota.spec?.hard ?? {})) {
        const counted = /^count\/([^.]+)(?:\.(.+))?$/.exec(name);
        if (counted?.[1] !== undefined) add(counted[1], counted[2] ?? '');
        for (const [resource, pattern] of Object.entries(namesByResource)) {
            if (pattern.test(name)) add(resource, '');
        }
        if (name.endsWith(devicesSuffix)) add('resourceclaims', 'resource.k8s.io');
    }
    return [...found.values()];
}

/** What these objects use of what the quota limits; other names are not in it. */
export function quotaUsage(
    quota: V1ResourceQuota,
    objects: Iterable<{ of: CountedResource; items: readonly ApiObject[] }>,
): Usage {
    const limited = Object.keys(quota.spec?.hard ?? {});
    let total: Usage = {};
    for (const { of, items } of objects) {
        for (const item of items) {
            if (!quotaCounts(quota, of.group === '' ? of.resource : '', item)) continue;
            total = addUsage(total, usageOf(of, item));
        }
    }
    return Object.fromEntries(limited.map((name) => [name, total[name] ?? '0']));
}

/** Same names, and quantities of the same size. */
export function sameUsage(a: Usage, b: Usage | undefined): boolean {
    const names = Object.keys(a);
    if (b === undefined || names.length !== Object.keys(b).length) return false;
    return names.every((name) => b[name] !== undefined && compareQuantity(a[name] ?? '0', b[name]) === 0);
}
