import type {
    V1Pod,
    V1ResourceQuota,
    V1ScopedResourceSelectorRequirement,
} from '../../../../api/meta/object.ts';
import { inScope, quotaCounts, scopesOf } from '../../../../api/quota/scopes.ts';
import { usageOf } from '../../../../api/quota/usage.ts';
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

const apiVersions = [
    'apiserver.config.k8s.io/v1',
    'resourcequota.admission.k8s.io/v1beta1',
    'resourcequota.admission.k8s.io/v1alpha1',
];
const kinds = ['ResourceQuotaConfiguration', 'Configuration'];

/** Throws an Error that says what is wrong with the configuration. */
export function readLimitedResources(value: unknown): readonly LimitedResource[] {
    const { apiVersion, kind, limitedResources = [] } = (value ?? {}) as Record<string, unknown>;
    if (!kinds.includes(String(kind)) || !apiVersions.includes(String(apiVersion))) {
        throw new Error(`ResourceQuota: expected a ResourceQuotaConfiguration of ${apiVersions[0] ?? ''}`);
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

/** Why a write has to wait for a quota, in upstream's words; undefined where it has not. */
export function uncovered(
    limited: readonly LimitedResource[],
    quotas: readonly V1ResourceQuota[],
    request: QuotaRequest,
): string | undefined {
    const own = limited.filter(
        ({ group, resource }) => group === request.group && resource === request.resource,
    );
    const parts = own.flatMap(({ matchContains }) => matchContains);
    const resource = request.group === '' ? request.resource : '';
    const counting = quotas.filter((quota) => quotaCounts(quota, resource, request.object));
    const covered = new Set(counting.flatMap(({ status }) => Object.keys(status?.hard ?? {})));
    const missing = Object.keys(parts.length === 0 ? {} : usageOf(request, request.object))
        .filter((name) => parts.some((part) => name.includes(part)) && !covered.has(name))
        .sort();
    if (missing.length > 0) return `insufficient quota to consume: ${missing.join(',')}`;
    if (resource !== 'pods') return undefined;
    const matching = (scopes: readonly Scope[]): Scope[] =>
        scopes.filter((scope) => inScope(request.object as V1Pod, scope));
    const names = new Set(
        quotas.flatMap((quota) => matching(scopesOf(quota))).map(({ scopeName }) => scopeName),
    );
    const scopes = matching(limited.flatMap(({ matchScopes }) => matchScopes)).filter(
        ({ scopeName }) => !names.has(scopeName),
    );
    return scopes.length === 0 ? undefined : `insufficient quota to match these scopes: [${shown(scopes)}]`;
}

function shown(scopes: readonly Scope[]): string {
    return scopes
        .map(({ scopeName, operator, values }) => `{${scopeName} ${operator} [${(values ?? []).join(' ')}]}`)
        .join(' ');
}
