import { type FieldError, fieldErrors } from '../../meta/field-error.ts';
import type { V1PodDisruptionBudget } from '../../meta/object.ts';
import { ageColumn, column, integerColumn, nameColumn } from '../columns.ts';
import type { Strategy } from '../resource.ts';
import { withStatus } from '../strategy.ts';
import { optionalOneOf } from '../validation/basic.ts';
import { validateConditions } from '../validation/conditions.ts';
import { validateAtMost100Percent, validateIntOrPercent } from '../validation/int-or-percent.ts';
import { validateLabelSelector } from '../validation/labels.ts';
import { nonNegativeCounts } from '../validation/status-counts.ts';

function validateBudget({ spec }: V1PodDisruptionBudget): FieldError[] {
    const { minAvailable, maxUnavailable } = spec ?? {};
    const errors: FieldError[] = [];
    if (minAvailable !== undefined && maxUnavailable !== undefined) {
        const detail = 'minAvailable and maxUnavailable cannot be both set';
        errors.push(fieldErrors.invalid('spec', spec, detail));
    }
    return [
        ...errors,
        ...validateIntOrPercent(minAvailable, 'spec.minAvailable'),
        ...validateAtMost100Percent(minAvailable, 'spec.minAvailable'),
        ...validateIntOrPercent(maxUnavailable, 'spec.maxUnavailable'),
        ...validateAtMost100Percent(maxUnavailable, 'spec.maxUnavailable'),
        ...validateLabelSelector(spec?.selector, 'spec.selector'),
        ...optionalOneOf(spec?.unhealthyPodEvictionPolicy, 'spec.unhealthyPodEvictionPolicy', [
            'AlwaysAllow',
            'IfHealthyBudget',
        ]),
    ];
}

const podDisruptionBudgetStrategy: Strategy<V1PodDisruptionBudget> = withStatus<V1PodDisruptionBudget>({
    hasGeneration: true,
    allowUnconditionalUpdate: false,
    prepareForCreate(budget) {
        budget.status = { currentHealthy: 0, desiredHealthy: 0, disruptionsAllowed: 0, expectedPods: 0 };
    },
    validate: validateBudget,
    validateUpdate: (budget) => validateBudget(budget),
    validateStatusUpdate: ({ status }) => [
        ...validateConditions(status?.conditions, 'status.conditions'),
        ...nonNegativeCounts(status, [
            'disruptionsAllowed',
            'currentHealthy',
            'desiredHealthy',
            'expectedPods',
        ]),
    ],
    columns: [
        nameColumn,
        column('Min Available', ({ spec }) => String(spec?.minAvailable ?? 'N/A')),
        column('Max Unavailable', ({ spec }) => String(spec?.maxUnavailable ?? 'N/A')),
        integerColumn<V1PodDisruptionBudget>(
            'Allowed Disruptions',
            ({ status }) => status?.disruptionsAllowed,
        ),
        ageColumn,
    ],
});

export const policyStrategies: Readonly<Record<string, Strategy>> = {
    poddisruptionbudgets: podDisruptionBudgetStrategy,
};
