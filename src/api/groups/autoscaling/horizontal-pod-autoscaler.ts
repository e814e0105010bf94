import { type FieldError, fieldErrors } from '../../meta/field-error.ts';
import type {
    V2HorizontalPodAutoscaler,
    V2HorizontalPodAutoscalerSpec,
    V2HPAScalingRules,
} from '../../meta/object.ts';
import { ageColumn, column, integerColumn, nameColumn, orUnset } from '../columns.ts';
import type { Strategy } from '../resource.ts';
import { withStatus } from '../strategy.ts';
import { each, items, oneOf, optionalOneOf } from '../validation/basic.ts';
import { validateQuantity } from '../validation/resources.ts';
import { nonNegativeCounts } from '../validation/status-counts.ts';
import { metricsText } from './metrics-text.ts';
import { validateMetric, validateReference } from './metrics-validation.ts';
import type { Incomplete } from '../incomplete.ts';

const utilizationDefault = 80;
const stabilizationSecondsMax = 3600;
const policyPeriodSecondsMax = 1800;

/** A behaviour that is given at all is filled in with what holds without one. */
function defaultBehavior(spec: Incomplete<V2HorizontalPodAutoscalerSpec>): void {
    const { behavior } = spec;
    if (behavior === undefined) return;
    const up = (behavior.scaleUp ??= {});
    up.stabilizationWindowSeconds ??= 0;
    up.selectPolicy ??= 'Max';
    up.policies ??= [
        { type: 'Pods', value: 4, periodSeconds: 15 },
        { type: 'Percent', value: 100, periodSeconds: 15 },
    ];
    const down = (behavior.scaleDown ??= {});
    down.selectPolicy ??= 'Max';
    down.policies ??= [{ type: 'Percent', value: 100, periodSeconds: 15 }];
}

function defaultAutoscaler(autoscaler: Incomplete<V2HorizontalPodAutoscaler>): void {
    const spec = (autoscaler.spec ??= {} as Incomplete<V2HorizontalPodAutoscalerSpec>);
    spec.minReplicas ??= 1;
    if (items(spec.metrics).length === 0) {
        const target = { type: 'Utilization', averageUtilization: utilizationDefault };
        spec.metrics = [{ type: 'Resource', resource: { name: 'cpu', target } }];
    }
    defaultBehavior(spec);
}

function validateAutoscaler({ spec }: Incomplete<V2HorizontalPodAutoscaler>): FieldError[] {
    const errors: FieldError[] = [];
    const min = spec?.minReplicas;
    const max = spec?.maxReplicas ?? 0;
    if (min !== undefined && min < 1) {
        errors.push(fieldErrors.invalid('spec.minReplicas', min, 'must be greater than or equal to 1'));
    }
    if (max < 1) errors.push(fieldErrors.invalid('spec.maxReplicas', max, 'must be greater than 0'));
    if (min !== undefined && max < min) {
        const detail = 'must be greater than or equal to `minReplicas`';
        errors.push(fieldErrors.invalid('spec.maxReplicas', max, detail));
    }
    return [
        ...errors,
        ...validateReference(spec?.scaleTargetRef, 'spec.scaleTargetRef'),
        ...each(spec?.metrics, 'spec.metrics', validateMetric),
        ...validateRules(spec?.behavior?.scaleUp, 'spec.behavior.scaleUp'),
        ...validateRules(spec?.behavior?.scaleDown, 'spec.behavior.scaleDown'),
    ];
}

function validateRules(rules: Incomplete<V2HPAScalingRules> | undefined, path: string): FieldError[] {
    if (rules === undefined) return [];
    const { stabilizationWindowSeconds: window, policies } = rules;
    const errors = optionalOneOf(rules.selectPolicy, `${path}.selectPolicy`, ['Disabled', 'Max', 'Min']);
    const windowPath = `${path}.stabilizationWindowSeconds`;
    if (window !== undefined && window < 0) {
        errors.push(fieldErrors.invalid(windowPath, window, 'must be greater than or equal to zero'));
    }
    if (window !== undefined && window > stabilizationSecondsMax) {
        const detail = `must be less than or equal to ${stabilizationSecondsMax}`;
        errors.push(fieldErrors.invalid(windowPath, window, detail));
    }
    if (items(policies).length === 0) {
        errors.push(fieldErrors.required(`${path}.policies`, 'must specify at least one Policy'));
    }
    if (rules.tolerance !== undefined) errors.push(...validateQuantity(rules.tolerance, `${path}.tolerance`));
    return [
        ...errors,
        ...each(policies, `${path}.policies`, ({ type, value = 0, periodSeconds = 0 }, itemPath) => [
            ...oneOf(type, `${itemPath}.type`, ['Percent', 'Pods']),
            ...(value > 0
                ? []
                : [fieldErrors.invalid(`${itemPath}.value`, value, 'must be greater than zero')]),
            ...(periodSeconds > 0 && periodSeconds <= policyPeriodSecondsMax
                ? []
                : [
                      fieldErrors.invalid(
                          `${itemPath}.periodSeconds`,
                          periodSeconds,
                          periodSeconds > 0
                              ? `must be less than or equal to ${policyPeriodSecondsMax}`
                              : 'must be greater than zero',
                      ),
                  ]),
        ]),
    ];
}

export const horizontalPodAutoscalerStrategy: Strategy<Incomplete<V2HorizontalPodAutoscaler>> = withStatus<
    Incomplete<V2HorizontalPodAutoscaler>
>({
    defaults: defaultAutoscaler,
    prepareForCreate(autoscaler) {
        autoscaler.status = { desiredReplicas: 0 };
    },
    validate: validateAutoscaler,
    validateUpdate: (autoscaler) => validateAutoscaler(autoscaler),
    validateStatusUpdate: ({ status }) => nonNegativeCounts(status, ['currentReplicas', 'desiredReplicas']),
    columns: [
        nameColumn,
        column(
            'Reference',
            ({ spec }) => `${spec?.scaleTargetRef?.kind ?? ''}/${spec?.scaleTargetRef?.name ?? ''}`,
        ),
        column('Targets', ({ spec, status }) => metricsText(spec?.metrics, status?.currentMetrics)),
        column('MinPods', ({ spec }) => orUnset(spec?.minReplicas)),
        {
            ...integerColumn<Incomplete<V2HorizontalPodAutoscaler>>(
                'MaxPods',
                ({ spec }) => spec?.maxReplicas,
            ),
            type: 'string',
        },
        {
            ...integerColumn<Incomplete<V2HorizontalPodAutoscaler>>(
                'Replicas',
                ({ status }) => status?.currentReplicas,
            ),
            type: 'string',
        },
        ageColumn,
    ],
});
