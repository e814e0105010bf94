import type { FieldError } from '../../meta/field-error.ts';
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
import { validateReplicaCounts } from '../validation/status-counts.ts';
import { validateWorkload } from './workload.ts';

function validateReplicaSet({ spec }: V1ReplicaSet): FieldError[] {
    return [
        ...nonNegative(spec?.replicas, 'spec.replicas'),
        ...nonNegative(spec?.minReadySeconds, 'spec.minReadySeconds'),
        ...validateWorkload(spec, 'replica set'),
    ];
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
    validateStatusUpdate: ({ status }) => validateReplicaCounts(status),
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
