import { type FieldError, fieldErrors } from '../../meta/field-error.ts';
import type { V1DaemonSet, V1DaemonSetSpec, V1DaemonSetUpdateStrategy } from '../../meta/object.ts';
import { formatLabelSelector } from '../../meta/selectors.ts';
import { ageColumn, column, formatLabels, integerColumn, nameColumn, wideColumn } from '../columns.ts';
import { defaultPodTemplate } from '../core/pod/defaults.ts';
import { podTemplateWarnings } from '../core/pod/warnings.ts';
import type { Strategy } from '../resource.ts';
import { withStatus } from '../strategy.ts';
import { isNewSpec } from '../workload-warnings.ts';
import { containerColumns } from '../template-columns.ts';
import { immutable, nonNegative, oneOf } from '../validation/basic.ts';
import { isZero, validateAtMost100Percent, validateIntOrPercent } from '../validation/int-or-percent.ts';
import { keptCollisions, nonNegativeCounts } from '../validation/status-counts.ts';
import { validateWorkload } from './workload.ts';
import type { Incomplete } from '../incomplete.ts';

function validateDaemonSet({ spec }: Incomplete<V1DaemonSet>): FieldError[] {
    return [
        ...validateWorkload(spec, 'daemonset'),
        ...nonNegative(spec?.minReadySeconds, 'spec.minReadySeconds'),
        ...validateUpdateStrategy(spec?.updateStrategy, 'spec.updateStrategy'),
        ...nonNegative(spec?.revisionHistoryLimit, 'spec.revisionHistoryLimit'),
    ];
}

/** Exactly one of the two bounds may be zero: pods are replaced before or after, not both, not never. */
function validateUpdateStrategy(
    strategy: Incomplete<V1DaemonSetUpdateStrategy> | undefined,
    path: string,
): FieldError[] {
    const { type, rollingUpdate } = strategy ?? {};
    if (type !== 'RollingUpdate') return oneOf(type, `${path}.type`, ['OnDelete', 'RollingUpdate']);
    if (rollingUpdate === undefined) return [fieldErrors.required(`${path}.rollingUpdate`)];
    const { maxUnavailable, maxSurge } = rollingUpdate;
    const unavailablePath = `${path}.rollingUpdate.maxUnavailable`;
    const surgePath = `${path}.rollingUpdate.maxSurge`;
    const errors = [
        ...validateIntOrPercent(maxUnavailable, unavailablePath),
        ...validateAtMost100Percent(maxUnavailable, unavailablePath),
        ...validateIntOrPercent(maxSurge, surgePath),
        ...validateAtMost100Percent(maxSurge, surgePath),
    ];
    if (!isZero(maxUnavailable) && !isZero(maxSurge)) {
        const detail = 'may not be set when maxUnavailable is non-zero';
        errors.push(fieldErrors.invalid(surgePath, maxSurge, detail));
    }
    if (isZero(maxUnavailable) && isZero(maxSurge)) {
        errors.push(fieldErrors.required(unavailablePath, 'cannot be 0 when maxSurge is 0'));
    }
    return errors;
}

const statusCounts = [
    'currentNumberScheduled',
    'numberMisscheduled',
    'desiredNumberScheduled',
    'numberReady',
    'observedGeneration',
    'updatedNumberScheduled',
    'numberAvailable',
    'numberUnavailable',
    'collisionCount',
];

export const daemonSetStrategy: Strategy<Incomplete<V1DaemonSet>> = withStatus<Incomplete<V1DaemonSet>>({
    hasGeneration: true,
    defaults(daemonSet) {
        const spec = (daemonSet.spec ??= {} as Incomplete<V1DaemonSetSpec>);
        defaultPodTemplate(spec.template);
        spec.updateStrategy ??= {};
        spec.updateStrategy.type ??= 'RollingUpdate';
        if (spec.updateStrategy.type === 'RollingUpdate') {
            spec.updateStrategy.rollingUpdate ??= {};
            spec.updateStrategy.rollingUpdate.maxUnavailable ??= 1;
            spec.updateStrategy.rollingUpdate.maxSurge ??= 0;
        }
        spec.revisionHistoryLimit ??= 10;
    },
    prepareForCreate(daemonSet) {
        daemonSet.status = {
            currentNumberScheduled: 0,
            desiredNumberScheduled: 0,
            numberMisscheduled: 0,
            numberReady: 0,
        };
    },
    validate: validateDaemonSet,
    validateUpdate: (daemonSet, old) => [
        ...validateDaemonSet(daemonSet),
        ...immutable(daemonSet.spec?.selector, old.spec?.selector, 'spec.selector'),
    ],
    validateStatusUpdate: ({ status }, old) => [
        ...nonNegativeCounts(status, statusCounts),
        ...keptCollisions(status, old.status),
    ],
    warnings: (daemonSet, old) =>
        isNewSpec(daemonSet, old) ? podTemplateWarnings(daemonSet.spec?.template, 'spec.template') : [],
    columns: [
        nameColumn,
        integerColumn<Incomplete<V1DaemonSet>>('Desired', ({ status }) => status?.desiredNumberScheduled),
        integerColumn<Incomplete<V1DaemonSet>>('Current', ({ status }) => status?.currentNumberScheduled),
        integerColumn<Incomplete<V1DaemonSet>>('Ready', ({ status }) => status?.numberReady),
        integerColumn<Incomplete<V1DaemonSet>>('Up-to-date', ({ status }) => status?.updatedNumberScheduled),
        integerColumn<Incomplete<V1DaemonSet>>('Available', ({ status }) => status?.numberAvailable),
        column('Node Selector', ({ spec }) => formatLabels(spec?.template?.spec?.nodeSelector)),
        ageColumn,
        ...containerColumns<Incomplete<V1DaemonSet>>(({ spec }) => spec?.template),
        wideColumn('Selector', ({ spec }) => formatLabelSelector(spec?.selector)),
    ],
});
