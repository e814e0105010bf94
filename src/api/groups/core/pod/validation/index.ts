import { type FieldError, fieldErrors } from '../../../../meta/field-error.ts';
import type { V1Pod } from '../../../../meta/object.ts';
import { each, items } from '../../../validation/basic.ts';
import { validateImagePadding, validatePodSpec } from './pod-spec.ts';
import { validatePodSpecUpdate } from './update.ts';

export { validateEphemeralContainersUpdate } from './ephemeral-containers.ts';
export { validatePodStatusUpdate } from './status.ts';
export { validateResize } from './resize.ts';

/** What holds for every pod, new or changed. */
export function validatePodAlways(pod: V1Pod): FieldError[] {
    const { spec } = pod;
    const errors = validatePodSpec(spec, 'spec', { isPod: true, podName: pod.metadata?.name });
    if (spec === undefined) return errors;
    return [
        ...errors,
        ...validateTokens(pod),
        ...validateImagePadding(items(spec.containers), 'spec.containers'),
        ...validateImagePadding(items(spec.initContainers), 'spec.initContainers'),
    ];
}

function validateTokens({ spec }: V1Pod): FieldError[] {
    if (spec?.serviceAccountName) return [];
    return each(spec?.volumes, 'spec.volumes', ({ projected }, path) =>
        each(projected?.sources, `${path}.projected.sources`, (source, sourcePath) =>
            source.serviceAccountToken === undefined
                ? []
                : [
                      fieldErrors.forbidden(
                          `${sourcePath}.serviceAccountToken`,
                          'must not be specified when serviceAccountName is not set',
                      ),
                  ],
        ),
    );
}

export function validatePodCreate(pod: V1Pod): FieldError[] {
    const errors = validatePodAlways(pod);
    if (items(pod.spec?.ephemeralContainers).length > 0) {
        errors.push(fieldErrors.forbidden('spec.ephemeralContainers', 'cannot be set on create'));
    }
    if (pod.spec?.nodeName && items(pod.spec.schedulingGates).length > 0) {
        const detail = 'cannot be set until all schedulingGates have been cleared';
        errors.push(fieldErrors.forbidden('spec.nodeName', detail));
    }
    return errors;
}

export function validatePodUpdate(pod: V1Pod, old: V1Pod): FieldError[] {
    return [...validatePodAlways(pod), ...validatePodSpecUpdate(pod, old)];
}
