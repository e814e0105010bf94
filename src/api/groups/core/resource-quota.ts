import { type FieldError, fieldErrors } from '../../meta/field-error.ts';
import type {
    V1ResourceQuota,
    V1ResourceQuotaSpec,
    V1ScopedResourceSelectorRequirement,
} from '../../meta/object.ts';
import { ageColumn, column, nameColumn } from '../columns.ts';
import type { Strategy } from '../resource.ts';
import { withStatus } from '../strategy.ts';
import { immutable, items } from '../validation/basic.ts';
import {
    isStandardQuotaResource,
    validateQuotaResourceName,
    validateResourceQuantity,
} from '../validation/resources.ts';

const podScopes = [
    'NotBestEffort',
    'NotTerminating',
    'PriorityClass',
    'CrossNamespacePodAffinity',
    'Terminating',
];
const scopes = [...podScopes, 'BestEffort', 'VolumeAttributesClass'];
/** Scopes that an object is in or not: nothing can be selected of them. */
const plainScopes = new Set([
    'BestEffort',
    'NotBestEffort',
    'Terminating',
    'NotTerminating',
    'CrossNamespacePodAffinity',
]);
const opposites = [
    ['BestEffort', 'NotBestEffort'],
    ['Terminating', 'NotTerminating'],
] as const;

const podCounts = ['pods'];
const podResources = [
    ...podCounts,
    ...['', 'requests.', 'limits.'].flatMap((prefix) => [`${prefix}cpu`, `${prefix}memory`]),
];
/** The standard resources that a quota may limit within a scope. */
const resourcesOfScope: Readonly<Record<string, ReadonlySet<string>>> = {
    ...Object.fromEntries(podScopes.map((scope) => [scope, new Set(podResources)])),
    BestEffort: new Set(podCounts),
    VolumeAttributesClass: new Set(['persistentvolumeclaims', 'requests.storage']),
};

function validateQuota({ spec }: V1ResourceQuota): FieldError[] {
    return [
        ...validateAmounts(spec?.hard, 'spec.hard'),
        ...validateScopes(spec),
        ...validateScopeSelector(spec),
    ];
}

function validateAmounts(amounts: Record<string, string> | undefined, path: string): FieldError[] {
    return Object.entries(amounts ?? {}).flatMap(([name, quantity]) => [
        ...validateQuotaResourceName(name, `${path}[${name}]`),
        ...validateResourceQuantity(name, quantity, `${path}[${name}]`),
    ]);
}

/** An error for each standard resource that is limited and of which there is nothing in the scope. */
function misfits(
    { hard }: V1ResourceQuotaSpec,
    scope: string,
    { path, value }: { path: string; value: unknown },
): FieldError[] {
    const fitting = resourcesOfScope[scope];
    if (fitting === undefined) return [];
    return Object.keys(hard ?? {})
        .filter((name) => isStandardQuotaResource(name) && !fitting.has(name))
        .map(() => fieldErrors.invalid(path, value, 'unsupported scope applied to resource'));
}

function conflicts(list: readonly string[], { path, value }: { path: string; value: unknown }): FieldError[] {
    return opposites
        .filter(([one, other]) => list.includes(one) && list.includes(other))
        .map(() => fieldErrors.invalid(path, value, 'conflicting scopes'));
}

function validateScopes(spec: V1ResourceQuotaSpec | undefined): FieldError[] {
    const list = items(spec?.scopes);
    if (spec === undefined || list.length === 0) return [];
    const at = { path: 'spec.scopes', value: list };
    return [
        ...list.flatMap((scope) => [
            ...(scopes.includes(scope) ? [] : [fieldErrors.invalid(at.path, list, 'unsupported scope')]),
            ...misfits(spec, scope, at),
        ]),
        ...conflicts(list, at),
    ];
}

function validateScopeSelector(spec: V1ResourceQuotaSpec | undefined): FieldError[] {
    const selector = spec?.scopeSelector;
    if (spec === undefined || selector === undefined) return [];
    const path = 'spec.scopeSelector.matchExpressions';
    const terms = items(selector.matchExpressions);
    return [
        ...terms.flatMap((term) => [
            ...(scopes.includes(term.scopeName)
                ? []
                : [fieldErrors.invalid(`${path}.scopeName`, term.scopeName, 'unsupported scope')]),
            ...misfits(spec, term.scopeName, { path, value: selector }),
            ...validateOperator(term, path),
        ]),
        ...conflicts(
            terms.map(({ scopeName }) => scopeName),
            { path, value: items(spec.scopes) },
        ),
    ];
}

function validateOperator(
    { scopeName, operator, values }: V1ScopedResourceSelectorRequirement,
    path: string,
): FieldError[] {
    const errors: FieldError[] = [];
    if (plainScopes.has(scopeName) && operator !== 'Exists') {
        const detail =
            "must be 'Exist' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity";
        errors.push(fieldErrors.invalid(`${path}.operator`, operator, detail));
    }
    const count = items(values).length;
    switch (operator) {
        case 'In':
        case 'NotIn': {
            const detail = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector";
            return count > 0 ? errors : [...errors, fieldErrors.required(`${path}.values`, detail)];
        }
        case 'Exists':
        case 'DoesNotExist': {
            const detail = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector";
            return count === 0 ? errors : [...errors, fieldErrors.invalid(`${path}.values`, values, detail)];
        }
        default:
            return [
                ...errors,
                fieldErrors.invalid(`${path}.operator`, operator, 'not a valid selector operator'),
            ];
    }
}

/** "cpu: 1/4, memory: 1Gi/2Gi" of the resources that are limits, or of all others. */
function usageText({ status }: V1ResourceQuota, areLimits: boolean): string {
    return Object.keys(status?.hard ?? {})
        .filter((name) => name.startsWith('limits.') === areLimits)
        .sort()
        .map((name) => `${name}: ${status?.used?.[name] ?? '0'}/${status?.hard?.[name] ?? '0'}`)
        .join(', ');
}

export const resourceQuotaStrategy: Strategy<V1ResourceQuota> = withStatus<V1ResourceQuota>({
    validate: validateQuota,
    validateUpdate: (quota, old) => [
        ...validateQuota(quota),
        ...immutable(items(quota.spec?.scopes).toSorted(), items(old.spec?.scopes).toSorted(), 'spec.scopes'),
    ],
    validateStatusUpdate: ({ status }) => [
        ...validateAmounts(status?.hard, 'status.hard'),
        ...validateAmounts(status?.used, 'status.used'),
    ],
    columns: [
        nameColumn,
        column('Request', (quota) => usageText(quota, false)),
        column('Limit', (quota) => usageText(quota, true)),
        ageColumn,
    ],
});
