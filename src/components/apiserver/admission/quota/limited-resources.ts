import type {
    ApiObject,
    V1ResourceQuota,
    V1ScopedResourceSelectorRequirement,
} from '../../../../api/meta/object.ts';
import { compareQuantity } from '../../../../api/meta/quantity.ts';
import { quotaCounts, scopesOf } from '../../../../api/quota/scopes.ts';
import { type Usage, usageOf } from '../../../../api/quota/usage.ts';
import type { QuotaRequest } from './evaluate.ts';

type Scope = V1ScopedResourceSelectorRequirement;

/** What nobody may use in a namespace unless a quota there covers it (ResourceQuotaConfiguration). */
export interface LimitedResource {
    group: string;
    resource: string;
    /** Parts of the names of what is limited: ".storageclass.storage.k8s.io/requests.storage". */
    matchContains: readonly string[];
    matchScopes: readonly Scope[];
}

const kindOfVersion: Readonly<Record<string, string>> = {
    'apiserver.config.k8s.io/v1': 'ResourceQuotaConfiguration',
    'resourcequota.admission.k8s.io/v1beta1': 'Configuration',
    'resourcequota.admission.k8s.io/v1alpha1': 'Configuration',
};

/** Throws an Error that says what is wrong with the configuration. */
export function readLimitedResources(value: unknown): readonly LimitedResource[] {
    const { apiVersion, kind, limitedResources = [] } = (value ?? {}) as Record<string, unknown>;
    const version = String(apiVersion);
    if (!Object.hasOwn(kindOfVersion, version) || kindOfVersion[version] !== kind) {
        throw new Error('expected a ResourceQuotaConfiguration of apiserver.config.k8s.io/v1');
    }
    if (!Array.isArray(limitedResources)) throw new Error('limitedResources: must be a list');
    return limitedResources.map((one: unknown, index) => readOne(one, `limitedResources[${index}]`));
}

function readOne(value: unknown, path: string): LimitedResource {
    const {
        apiGroup = '',
        resource,
        matchContains = [],
        matchScopes = [],
    } = (value ?? {}) as Record<string, unknown>;
    if (typeof resource !== 'string' || resource === '') throw new Error(`${path}.resource: Required value`);
    if (typeof apiGroup !== 'string') throw new Error(`${path}.apiGroup: must be a string`);
    if (!Array.isArray(matchContains) || matchContains.some((part) => typeof part !== 'string')) {
        throw new Error(`${path}.matchContains: must be a list of strings`);
    }
    if (!Array.isArray(matchScopes) || !matchScopes.every(isScope)) {
        throw new Error(`${path}.matchScopes: must be a list of scopes with scopeName and operator`);
    }
    return { group: apiGroup, resource, matchContains: matchContains as string[], matchScopes };
}

function isScope(value: unknown): value is Scope {
    const { scopeName, operator, values = [] } = (value ?? {}) as Record<string, unknown>;
    return typeof scopeName === 'string' && typeof operator === 'string' && Array.isArray(values);
}

/** What no quota covers, in upstream's words. */
export interface Uncovered {
    about: 'resources' | 'scopes';
    message: string;
}

/**
 * Why a write has to wait for a quota; undefined where it has not. An update that uses no more than before needs
 * no cover: what is there already may stay.
 */
export function uncovered(
    limited: readonly LimitedResource[],
    quotas: readonly V1ResourceQuota[],
    request: QuotaRequest,
): Uncovered | undefined {
    const usage = usageOf(request, request.object);
    const resource = request.group === '' ? request.resource : '';
    const counting = quotas.filter((quota) => quotaCounts(quota, resource, request.object));
    if (usesNoMore(request, usage, counting)) return undefined;
    const parts = limited
        .filter((one) => one.group === request.group && one.resource === request.resource)
        .flatMap(({ matchContains }) => matchContains);
    const covered = new Set(counting.flatMap(({ status }) => Object.keys(status?.hard ?? {})));
    const missing = Object.keys(positive(usage))
        .filter((name) => parts.some((part) => name.includes(part)) && !covered.has(name))
        .sort();
    if (missing.length > 0)
        return { about: 'resources', message: `insufficient quota to consume: ${missing.join(',')}` };
    const matching = (scopes: readonly Scope[]): Scope[] =>
        scopes.filter((scope) => isInScope(resource, request.object, scope));
    const names = new Set(quotas.flatMap((quota) => matching(scopesOf(quota))).map((one) => one.scopeName));
    const scopes = matching(limited.flatMap(({ matchScopes }) => matchScopes)).filter(
        ({ scopeName }) => !names.has(scopeName),
    );
    if (scopes.length === 0) return undefined;
    return { about: 'scopes', message: `insufficient quota to match these scopes: [${shown(scopes)}]` };
}

/** True for an update that adds nothing to what any of the quotas counts, or, without quotas, to what was used. */
function usesNoMore(request: QuotaRequest, usage: Usage, counting: readonly V1ResourceQuota[]): boolean {
    const { oldObject } = request;
    if (oldObject === undefined) return false;
    const resource = request.group === '' ? request.resource : '';
    const before = usageOf(request, oldObject);
    const added = Object.keys(usage).some(
        (name) => compareQuantity(usage[name] ?? '0', before[name] ?? '0') > 0,
    );
    if (counting.length === 0) return !added;
    return counting.every((quota) => quotaCounts(quota, resource, oldObject) && !added);
}

function positive(usage: Usage): Usage {
    return Object.fromEntries(Object.entries(usage).filter(([, amount]) => compareQuantity(amount, '0') > 0));
}

function isInScope(resource: string, object: ApiObject, scope: Scope): boolean {
    const scoped = resource === 'pods' || resource === 'persistentvolumeclaims';
    return (
        scoped && quotaCounts({ spec: { scopeSelector: { matchExpressions: [scope] } } }, resource, object)
    );
}

function shown(scopes: readonly Scope[]): string {
    return scopes
        .map(({ scopeName, operator, values }) => `{${scopeName} ${operator} [${(values ?? []).join(' ')}]}`)
        .join(' ');
}
