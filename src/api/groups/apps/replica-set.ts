import { type FieldError, fieldErrors } from '../../meta/field-error.ts';
import type { V1ReplicaSet, V1ReplicaSetSpec } from '../../meta/object.ts';
import { formatLabelSelector } from '../../meta/selectors.ts';
import { ageColumn, integerColumn, nameColumn, wideColumn } from '../columns.ts';
import { defaultPodTemplate } from '../core/pod/defaults.ts';
import { podTemplateWarnings } from '../core/pod/warnings.ts';
import type { Strategy } from '../resource.ts';
import { withStatus } from '../strategy.ts';
import { workloadWarnings } from '../workload-warnings.ts';
import { containerColumns } from '../template-columns.ts';
import { immutable, nonNegative } from '../validation/basic.ts';
import { validateWorkload } from './workload.ts';

function validateReplicaSet({ spec }: V1ReplicaSet): FieldError[] {
    return [
        ...nonNegative(spec?.replicas, 'spec.replicas'),
        ...nonNegative(spec?.minReadySeconds, 'spec.minReadySeconds'),
        ...validateWorkload(spec, 'replica set'),
    ];
}

const statusCounts = [
    'replicas',
    'fullyLabeledReplicas',
    'readyReplicas',
    'availableReplicas',
    'observedGeneration',
] as const;

function validateStatus({ status }: V1ReplicaSet): FieldError[] {
    const { replicas = 0, fullyLabeledReplicas = 0, readyReplicas = 0, availableReplicas = 0 } = status ?? {};
    const errors = statusCounts.flatMap((field) => nonNegative(status?.[field], `status.${field}`));
    const over = (field: string, value: number, limit: number, name: string) => {
        if (value <= limit) return;
        errors.push(fieldErrors.invalid(`status.${field}`, value, `cannot be greater than ${name}`));
    };
    over('fullyLabeledReplicas', fullyLabeledReplicas, replicas, 'status.replicas');
    over('readyReplicas', readyReplicas, replicas, 'status.replicas');
    over('availableReplicas', availableReplicas, replicas, 'status.replicas');
    over('availableReplicas', availableReplicas, readyReplicas, 'readyReplicas');
    return errors;
}

export const replicaSetStrategy: Strategy<V1ReplicaSet> = withStatus<V1ReplicaSet>({
    hasGeneration: true,
    defaults(replicaSet) {
        const spec = (replicaSet.spec ??= {} as V1ReplicaSetSpec);
        defaultPodTemplate(spec.template);
        spec.replicas ??= 1;
    },
    prepareForCreate(replicaSet) {
        replicaSet.status = { replicas: 0 };
    },
    validate: validateReplicaSet,
    validateUpdate: (replicaSet, old) => [
        ...validateReplicaSet(replicaSet),
        ...immutable(replicaSet.spec?.selector, old.spec?.selector, 'spec.selector'),
    ],
    validateStatusUpdate: validateStatus,
    warnings: (replicaSet, old) =>
        workloadWarnings(replicaSet, old, () =>
            podTemplateWarnings(replicaSet.spec?.template, 'spec.template'),
        ),
    selectableFields: ({ status }) => ({ 'status.replicas': String(status?.replicas ?? 0) }),
    columns: [
        nameColumn,
        integerColumn<V1ReplicaSet>('Desired', ({ spec }) => spec?.replicas),
        integerColumn<V1ReplicaSet>('Current', ({ status }) => status?.replicas),
        integerColumn<V1ReplicaSet>('Ready', ({ status }) => status?.readyReplicas),
        ageColumn,
        ...containerColumns<V1ReplicaSet>(({ spec }) => spec?.template),
        wideColumn('Selector', ({ spec }) => formatLabelSelector(spec?.selector)),
    ],
});
