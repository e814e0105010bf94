import { type FieldError, fieldErrors } from '../../meta/field-error.ts';
import type { V1ResourceQuota, V1ResourceQuotaSpec } from '../../meta/object.ts';
import { ageColumn, column, nameColumn } from '../columns.ts';
import type { Strategy } from '../resource.ts';
import { withStatus } from '../strategy.ts';
import { each, immutable, items, oneOf } from '../validation/basic.ts';
import { validateResourceName, validateResourceQuantity } from '../validation/resources.ts';

const scopes = [
    'BestEffort',
    'CrossNamespacePodAffinity',
    'NotBestEffort',
    'NotTerminating',
    'PriorityClass',
    'Terminating',
    'VolumeAttributesClass',
];
const opposites = [
    ['BestEffort', 'NotBestEffort'],
    ['Terminating', 'NotTerminating'],
] as const;

function validateQuota({ spec }: V1ResourceQuota): FieldError[] {
    return [
        ...Object.entries(spec?.hard ?? {}).flatMap(([name, quantity]) => [
            ...validateResourceName(name, `spec.hard[${name}]`),
            ...validateResourceQuantity(name, quantity, `spec.hard[${name}]`),
        ]),
        ...validateScopes(spec),
    ];
}

function validateScopes(spec: V1ResourceQuotaSpec | undefined): FieldError[] {
    const list = items(spec?.scopes);
    const path = 'spec.scopes';
    const errors = list.flatMap((scope) =>
        scopes.includes(scope) ? [] : [fieldErrors.invalid(path, list, 'unsupported scope')],
    );
    for (const [one, other] of opposites) {
        if (list.includes(one) && list.includes(other)) {
            errors.push(fieldErrors.invalid(path, list, 'conflicting scopes'));
        }
    }
    return [
        ...errors,
        ...each(
            spec?.scopeSelector?.matchExpressions,
            'spec.scopeSelector.matchExpressions',
            (term, itemPath) => [
                ...oneOf(term.scopeName, `${itemPath}.scopeName`, scopes),
                ...oneOf(term.operator, `${itemPath}.operator`, ['DoesNotExist', 'Exists', 'In', 'NotIn']),
            ],
        ),
    ];
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
    columns: [
        nameColumn,
        column('Request', (quota) => usageText(quota, false)),
        column('Limit', (quota) => usageText(quota, true)),
        ageColumn,
    ],
});
