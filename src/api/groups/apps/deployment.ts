import { type FieldError, fieldErrors } from '../../meta/field-error.ts';
import type { V1Deployment, V1DeploymentSpec, V1DeploymentStrategy } from '../../meta/object.ts';
import { formatLabelSelector } from '../../meta/selectors.ts';
import { ageColumn, column, integerColumn, nameColumn, wideColumn } from '../columns.ts';
import { defaultPodTemplate } from '../core/pod/defaults.ts';
import { podTemplateWarnings } from '../core/pod/warnings.ts';
import type { Strategy } from '../resource.ts';
import { withStatus } from '../strategy.ts';
import { workloadWarnings } from '../workload-warnings.ts';
import { containerColumns } from '../template-columns.ts';
import { immutable, nonNegative } from '../validation/basic.ts';
import { isZero, validateAtMost100Percent, validateIntOrPercent } from '../validation/int-or-percent.ts';
import { validateWorkload } from './workload.ts';

const progressDeadlineSecondsDefault = 600;
const revisionHistoryDefault = 10;

function defaultDeployment(deployment: V1Deployment): void {
    const spec = (deployment.spec ??= {} as V1DeploymentSpec);
    defaultPodTemplate(spec.template);
    spec.replicas ??= 1;
    spec.strategy ??= {};
    spec.strategy.type ??= 'RollingUpdate';
    if (spec.strategy.type === 'RollingUpdate') {
        spec.strategy.rollingUpdate ??= {};
        spec.strategy.rollingUpdate.maxUnavailable ??= '25%';
        spec.strategy.rollingUpdate.maxSurge ??= '25%';
    }
    spec.revisionHistoryLimit ??= revisionHistoryDefault;
    spec.progressDeadlineSeconds ??= progressDeadlineSecondsDefault;
}

function validateDeployment({ spec }: V1Deployment): FieldError[] {
    const { progressDeadlineSeconds, minReadySeconds = 0 } = spec ?? {};
    const errors = [
        ...nonNegative(spec?.replicas, 'spec.replicas'),
        ...validateWorkload(spec, 'deployment'),
        ...validateStrategy(spec?.strategy, 'spec.strategy'),
        ...nonNegative(spec?.minReadySeconds, 'spec.minReadySeconds'),
        ...nonNegative(spec?.revisionHistoryLimit, 'spec.revisionHistoryLimit'),
        ...nonNegative(progressDeadlineSeconds, 'spec.progressDeadlineSeconds'),
    ];
    if (progressDeadlineSeconds !== undefined && progressDeadlineSeconds <= minReadySeconds) {
        const detail = 'must be greater than minReadySeconds';
        errors.push(fieldErrors.invalid('spec.progressDeadlineSeconds', progressDeadlineSeconds, detail));
    }
    return errors;
}

function validateStrategy(strategy: V1DeploymentStrategy | undefined, path: string): FieldError[] {
    const { type, rollingUpdate } = strategy ?? {};
    if (type === 'Recreate') {
        return rollingUpdate === undefined
            ? []
            : [
                  fieldErrors.forbidden(
                      `${path}.rollingUpdate`,
                      "may not be specified when strategy `type` is 'Recreate'",
                  ),
              ];
    }
    if (type !== 'RollingUpdate') {
        return [fieldErrors.notSupported(path, strategy, ['Recreate', 'RollingUpdate'])];
    }
    const { maxUnavailable, maxSurge } = rollingUpdate ?? {};
    const unavailablePath = `${path}.rollingUpdate.maxUnavailable`;
    return [
        ...validateIntOrPercent(maxUnavailable, unavailablePath),
        ...validateIntOrPercent(maxSurge, `${path}.rollingUpdate.maxSurge`),
        ...(isZero(maxUnavailable) && isZero(maxSurge)
            ? [fieldErrors.invalid(unavailablePath, maxUnavailable, 'may not be 0 when `maxSurge` is 0')]
            : []),
        ...validateAtMost100Percent(maxUnavailable, unavailablePath),
    ];
}

function validateDeploymentUpdate(deployment: V1Deployment, old: V1Deployment): FieldError[] {
    return [
        ...validateDeployment(deployment),
        ...immutable(deployment.spec?.selector, old.spec?.selector, 'spec.selector'),
    ];
}

const statusCounts = [
    'observedGeneration',
    'replicas',
    'updatedReplicas',
    'readyReplicas',
    'availableReplicas',
    'unavailableReplicas',
    'collisionCount',
] as const;

function validateStatus({ status }: V1Deployment, old: V1Deployment): FieldError[] {
    const { replicas = 0, updatedReplicas = 0, readyReplicas = 0, availableReplicas = 0 } = status ?? {};
    const errors = statusCounts.flatMap((field) => nonNegative(status?.[field], `status.${field}`));
    const exceeds = (field: string, value: number, detail: string) =>
        errors.push(fieldErrors.invalid(`status.${field}`, value, detail));
    const overall = 'cannot be greater than status.replicas';
    if (updatedReplicas > replicas) exceeds('updatedReplicas', updatedReplicas, overall);
    if (readyReplicas > replicas) exceeds('readyReplicas', readyReplicas, overall);
    if (availableReplicas > replicas) exceeds('availableReplicas', availableReplicas, overall);
    if (availableReplicas > readyReplicas) {
        exceeds('availableReplicas', availableReplicas, 'cannot be greater than readyReplicas');
    }
    const collisions = status?.collisionCount ?? 0;
    if (collisions < (old.status?.collisionCount ?? 0))
        exceeds('collisionCount', collisions, 'cannot be decremented');
    return errors;
}

export const deploymentStrategy: Strategy<V1Deployment> = withStatus<V1Deployment>({
    hasGeneration: true,
    statusKeeps: ['labels'],
    defaults: defaultDeployment,
    validate: validateDeployment,
    validateUpdate: validateDeploymentUpdate,
    validateStatusUpdate: validateStatus,
    warnings: (deployment, old) =>
        workloadWarnings(deployment, old, () =>
            podTemplateWarnings(deployment.spec?.template, 'spec.template'),
        ),
    columns: [
        nameColumn,
        column('Ready', ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 0}`),
        {
            ...integerColumn<V1Deployment>('Up-to-date', ({ status }) => status?.updatedReplicas),
            type: 'string',
        },
        {
            ...integerColumn<V1Deployment>('Available', ({ status }) => status?.availableReplicas),
            type: 'string',
        },
        ageColumn,
        ...containerColumns<V1Deployment>(({ spec }) => spec?.template),
        wideColumn('Selector', ({ spec }) => formatLabelSelector(spec?.selector)),
    ],
});
