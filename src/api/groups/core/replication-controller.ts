import { type FieldError, fieldErrors } from '../../meta/field-error.ts';
import { validateLabels } from '../../meta/names.ts';
import type { V1PodTemplate, V1ReplicationController } from '../../meta/object.ts';
import { setMatcher } from '../../meta/selectors.ts';
import { ageColumn, column, formatLabels, integerColumn, nameColumn, wideColumn } from '../columns.ts';
import type { Strategy } from '../resource.ts';
import { startsGeneration, withStatus } from '../strategy.ts';
import { nonNegative } from '../validation/basic.ts';
import { validateReplicaCounts } from '../validation/status-counts.ts';
import { workloadWarnings } from '../workload-warnings.ts';
import { containerColumns, containerNames, images } from '../template-columns.ts';
import { defaultPodTemplate } from './pod/defaults.ts';
import { validatePodTemplate } from './pod/validation/pod-spec.ts';
import { podTemplateWarnings } from './pod/warnings.ts';

function validateController({ spec }: V1ReplicationController): FieldError[] {
    const selector = spec?.selector ?? {};
    const errors = nonNegative(spec?.replicas, 'spec.replicas');
    if (Object.keys(selector).length === 0) errors.push(fieldErrors.required('spec.selector'));
    else errors.push(...validateLabels(selector, 'spec.selector'));
    const template = spec?.template;
    if (template === undefined) return [...errors, fieldErrors.required('spec.template')];
    const labels = template.metadata?.labels ?? {};
    if (Object.keys(selector).length > 0 && !setMatcher(selector).matches(labels)) {
        const detail = '`selector` does not match template `labels`';
        errors.push(fieldErrors.invalid('spec.template.metadata.labels', labels, detail));
    }
    errors.push(...validatePodTemplate(template, 'spec.template'));
    if (template.spec?.restartPolicy !== 'Always') {
        errors.push(
            fieldErrors.notSupported('spec.template.spec.restartPolicy', template.spec?.restartPolicy, [
                'Always',
            ]),
        );
    }
    return errors;
}

export const replicationControllerStrategy: Strategy<V1ReplicationController> =
    withStatus<V1ReplicationController>({
        hasGeneration: true,
        defaultPropagation: 'orphan',
        defaults(controller) {
            controller.spec ??= {};
            const { spec } = controller;
            defaultPodTemplate(spec.template);
            spec.replicas ??= 1;
            const labels = spec.template?.metadata?.labels;
            if (labels === undefined || Object.keys(labels).length === 0) return;
            if (Object.keys(spec.selector ?? {}).length === 0) spec.selector = { ...labels };
            controller.metadata ??= {};
            if (Object.keys(controller.metadata.labels ?? {}).length === 0)
                controller.metadata.labels = { ...labels };
        },
        prepareForCreate(controller) {
            controller.status = { replicas: 0 };
        },
        validate: validateController,
        validateUpdate: (controller) => validateController(controller),
        validateStatusUpdate: ({ status }) => validateReplicaCounts(status),
        warnings: (controller, old) =>
            workloadWarnings(controller, old, () =>
                podTemplateWarnings(controller.spec?.template, 'spec.template'),
            ),
        selectableFields: ({ status }) => ({ 'status.replicas': String(status?.replicas ?? 0) }),
        columns: [
            nameColumn,
            integerColumn<V1ReplicationController>('Desired', ({ spec }) => spec?.replicas),
            integerColumn<V1ReplicationController>('Current', ({ status }) => status?.replicas),
            integerColumn<V1ReplicationController>('Ready', ({ status }) => status?.readyReplicas),
            ageColumn,
            ...containerColumns<V1ReplicationController>(({ spec }) => spec?.template),
            wideColumn('Selector', ({ spec }) => formatLabels(spec?.selector)),
        ],
    });

export const podTemplateStrategy: Strategy<V1PodTemplate> = {
    hasGeneration: true,
    prepareForCreate: startsGeneration,
    defaults: ({ template }) => defaultPodTemplate(template),
    validate: ({ template }) => validatePodTemplate(template, 'template'),
    validateUpdate: ({ template }) => validatePodTemplate(template, 'template'),
    columns: [
        nameColumn,
        column('Containers', ({ template }) => containerNames(template)),
        column('Images', ({ template }) => images(template)),
        column('Pod Labels', ({ template }) => formatLabels(template?.metadata?.labels)),
    ],
};
