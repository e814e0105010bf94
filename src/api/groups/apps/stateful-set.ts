import { semanticEqual } from '../../meta/deep.ts';
import { type FieldError, fieldErrors } from '../../meta/field-error.ts';
import type { V1StatefulSet, V1StatefulSetSpec } from '../../meta/object.ts';
import { ageColumn, column, nameColumn } from '../columns.ts';
import { defaultPodTemplate } from '../core/pod/defaults.ts';
import { defaultClaimSpec } from '../core/pod/volume-defaults.ts';
import { podTemplateWarnings } from '../core/pod/warnings.ts';
import type { Strategy } from '../resource.ts';
import { withStatus } from '../strategy.ts';
import { claimSpecWarnings } from '../storage-warnings.ts';
import { workloadWarnings } from '../workload-warnings.ts';
import { containerColumns } from '../template-columns.ts';
import { isBlank, items, nonNegative, oneOf } from '../validation/basic.ts';
import { boundedCounts, keptCollisions, nonNegativeCounts } from '../validation/status-counts.ts';
import type { Incomplete } from '../incomplete.ts';
import { validateWorkload } from './workload.ts';

function defaultStatefulSet(statefulSet: V1StatefulSet): void {
    const spec = (statefulSet.spec ??= {} as V1StatefulSetSpec);
    defaultPodTemplate(spec.template);
    spec.podManagementPolicy ??= 'OrderedReady';
    spec.updateStrategy ??= {};
    spec.updateStrategy.type ??= 'RollingUpdate';
    if (spec.updateStrategy.type === 'RollingUpdate') {
        spec.updateStrategy.rollingUpdate ??= {};
        spec.updateStrategy.rollingUpdate.partition ??= 0;
    }
    spec.persistentVolumeClaimRetentionPolicy ??= {};
    spec.persistentVolumeClaimRetentionPolicy.whenDeleted ??= 'Retain';
    spec.persistentVolumeClaimRetentionPolicy.whenScaled ??= 'Retain';
    spec.replicas ??= 1;
    spec.revisionHistoryLimit ??= 10;
    for (const claim of items(spec.volumeClaimTemplates)) {
        claim.apiVersion ??= 'v1';
        claim.kind ??= 'PersistentVolumeClaim';
        defaultClaimSpec(claim.spec);
        claim.status ??= {};
        claim.status.phase ??= 'Pending';
    }
}

function validateStatefulSet({ spec }: V1StatefulSet): FieldError[] {
    const retention = spec?.persistentVolumeClaimRetentionPolicy;
    const retentionPath = 'spec.persistentVolumeClaimRetentionPolicy';
    return [
        ...oneOfTwo(spec?.podManagementPolicy, 'spec.podManagementPolicy', ['OrderedReady', 'Parallel']),
        ...validateUpdateStrategy(spec),
        ...oneOf(retention?.whenDeleted, `${retentionPath}.whenDeleted`, ['Delete', 'Retain']),
        ...oneOf(retention?.whenScaled, `${retentionPath}.whenScaled`, ['Delete', 'Retain']),
        ...nonNegative(spec?.replicas, 'spec.replicas'),
        ...nonNegative(spec?.minReadySeconds, 'spec.minReadySeconds'),
        ...nonNegative(spec?.ordinals?.start, 'spec.ordinals.start'),
        ...validateWorkload(withClaimVolumes(spec), 'statefulset'),
    ];
}

/** The template with the volumes that its claims become in each pod: containers may mount them by name. */
function withClaimVolumes(spec: V1StatefulSetSpec | undefined): V1StatefulSetSpec | undefined {
    const { template }: Incomplete<V1StatefulSetSpec> = spec ?? {};
    const podSpec = template?.spec;
    if (spec === undefined || podSpec === undefined) return spec;
    const own = items(podSpec.volumes);
    const names = items(spec.volumeClaimTemplates).map(({ metadata }) => metadata?.name ?? '');
    const claims = names
        .filter((name) => !own.some((volume) => volume.name === name))
        .map((name) => ({ name, persistentVolumeClaim: { claimName: name } }));
    const volumes = [...own, ...claims];
    return { ...spec, template: { ...spec.template, spec: { ...podSpec, volumes } } };
}

function validateUpdateStrategy(spec: V1StatefulSetSpec | undefined): FieldError[] {
    const path = 'spec.updateStrategy';
    const { type, rollingUpdate } = spec?.updateStrategy ?? {};
    if (type === 'RollingUpdate')
        return nonNegative(rollingUpdate?.partition, `${path}.rollingUpdate.partition`);
    if (type === 'OnDelete' && rollingUpdate !== undefined) {
        const detail = "only allowed for updateStrategy 'RollingUpdate'";
        return [fieldErrors.invalid(`${path}.rollingUpdate`, rollingUpdate, detail)];
    }
    return oneOfTwo(type, path, ['RollingUpdate', 'OnDelete'], spec?.updateStrategy);
}

/** As upstream words it here: "must be 'a' or 'b'". `shown` is what the error quotes. */
function oneOfTwo(
    value: string | undefined,
    path: string,
    supported: readonly [string, string],
    shown: unknown = value,
): FieldError[] {
    if (isBlank(value)) return [fieldErrors.required(path)];
    if (supported.includes(value ?? '')) return [];
    return [fieldErrors.invalid(path, shown, `must be '${supported[0]}' or '${supported[1]}'`)];
}

const updatable = [
    'replicas',
    'ordinals',
    'template',
    'updateStrategy',
    'revisionHistoryLimit',
    'persistentVolumeClaimRetentionPolicy',
    'minReadySeconds',
] as const;

function validateStatefulSetUpdate(statefulSet: V1StatefulSet, old: V1StatefulSet): FieldError[] {
    const withOld = { ...statefulSet.spec } as Record<string, unknown>;
    for (const field of updatable) withOld[field] = old.spec?.[field];
    const names = updatable.slice(0, -1).map((name) => `'${name}'`);
    const detail = `updates to statefulset spec for fields other than ${names.join(', ')} and 'minReadySeconds' are forbidden`;
    return [
        ...validateStatefulSet(statefulSet),
        ...(semanticEqual(withOld, old.spec) ? [] : [fieldErrors.forbidden('spec', detail)]),
    ];
}

const statusReplicas = ['readyReplicas', 'currentReplicas', 'updatedReplicas', 'availableReplicas'];

function validateStatus({ status }: V1StatefulSet, old: V1StatefulSet): FieldError[] {
    return [
        ...nonNegativeCounts(status, ['replicas', ...statusReplicas, 'observedGeneration', 'collisionCount']),
        ...boundedCounts(status, statusReplicas, { bound: 'replicas' }),
        ...boundedCounts(status, ['availableReplicas'], { bound: 'readyReplicas' }),
        ...keptCollisions(status, old.status),
    ];
}

function specWarnings(spec: V1StatefulSetSpec | undefined): string[] {
    return [
        ...podTemplateWarnings(spec?.template, 'spec.template'),
        ...items(spec?.volumeClaimTemplates).flatMap((claim, index) =>
            claimSpecWarnings(claim.spec, `spec.volumeClaimTemplates[${index}].spec`),
        ),
        ...((spec?.revisionHistoryLimit ?? 0) < 0
            ? [
                  'spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended',
              ]
            : []),
    ];
}

export const statefulSetStrategy: Strategy<V1StatefulSet> = withStatus<V1StatefulSet>({
    hasGeneration: true,
    defaults: defaultStatefulSet,
    prepareForCreate(statefulSet) {
        statefulSet.status = { replicas: 0, availableReplicas: 0 };
    },
    validate: validateStatefulSet,
    validateUpdate: validateStatefulSetUpdate,
    validateStatusUpdate: validateStatus,
    warnings: (statefulSet, old) => workloadWarnings(statefulSet, old, () => specWarnings(statefulSet.spec)),
    columns: [
        nameColumn,
        column('Ready', ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 0}`),
        ageColumn,
        ...containerColumns<V1StatefulSet>(({ spec }) => spec?.template),
    ],
});
