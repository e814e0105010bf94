import { semanticEqual } from '../../../../meta/deep.ts';
import { type FieldError, fieldErrors } from '../../../../meta/field-error.ts';
import type { V1EphemeralContainer, V1Pod, V1PodSpec } from '../../../../meta/object.ts';
import { each, items } from '../../../validation/basic.ts';
import { type PodFacts, validateContainerCommon } from './container.ts';

/** What a container for debugging may not have, since nothing waits for it or relies on it. */
const forbiddenFields = [
    'lifecycle',
    'livenessProbe',
    'ports',
    'readinessProbe',
    'resizePolicy',
    'restartPolicy',
    'startupProbe',
] as const;
const forbiddenMessage = 'cannot be set for an Ephemeral Container';

export function validateEphemeralContainers(spec: V1PodSpec, path: string, pod: PodFacts): FieldError[] {
    const others = new Set(
        [...items(spec.containers), ...items(spec.initContainers)].map(({ name }) => name),
    );
    const names = new Set(others);
    return each(spec.ephemeralContainers, path, (container, itemPath) => {
        const errors = validateContainerCommon(container, itemPath, pod);
        if (names.has(container.name)) errors.push(fieldErrors.duplicate(`${itemPath}.name`, container.name));
        names.add(container.name);
        const target = container.targetContainerName;
        if (target && !others.has(target)) {
            errors.push(fieldErrors.notFound(`${itemPath}.targetContainerName`, target));
        }
        return [...errors, ...validateForbidden(container, itemPath)];
    });
}

function validateForbidden(container: V1EphemeralContainer, path: string): FieldError[] {
    const set = forbiddenFields.filter((field) => !semanticEqual(container[field], undefined));
    const { requests, limits } = container.resources ?? {};
    const fields: string[] = [...set];
    if (requests !== undefined || limits !== undefined) fields.push('resources');
    return [
        ...fields.map((field) => fieldErrors.forbidden(`${path}.${field}`, forbiddenMessage)),
        ...each(container.volumeMounts, `${path}.volumeMounts`, (mount, mountPath) =>
            (['subPath', 'subPathExpr'] as const)
                .filter((field) => mount[field])
                .map((field) => fieldErrors.forbidden(`${mountPath}.${field}`, forbiddenMessage)),
        ),
    ];
}

/** Rules of the `ephemeralcontainers` subresource: containers may come, not go or change. */
export function validateEphemeralContainersUpdate(pod: V1Pod, old: V1Pod): FieldError[] {
    if (old.metadata?.annotations?.['kubernetes.io/config.mirror'] !== undefined) {
        return [fieldErrors.forbidden('', 'static pods do not support ephemeral containers')];
    }
    const path = 'spec.ephemeralContainers';
    const now = new Map(items(pod.spec?.ephemeralContainers).map((one) => [one.name, one]));
    return items(old.spec?.ephemeralContainers).flatMap((before) => {
        const after = now.get(before.name);
        const subject = `existing ephemeral containers ${JSON.stringify(before.name)}`;
        if (after === undefined) return [fieldErrors.forbidden(path, `${subject} may not be removed\n`)];
        return semanticEqual(before, after)
            ? []
            : [fieldErrors.forbidden(path, `${subject} may not be changed\n`)];
    });
}
