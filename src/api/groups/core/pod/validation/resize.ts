import { semanticEqual } from '../../../../meta/deep.ts';
import { type FieldError, fieldErrors } from '../../../../meta/field-error.ts';
import type { V1Container, V1Pod, V1PodSpec, V1ResourceRequirements } from '../../../../meta/object.ts';
import { items } from '../../../validation/basic.ts';
import { qosClassOf } from '../qos.ts';

const resizable = new Set(['cpu', 'memory']);

/** Rules of the `resize` subresource: only cpu and memory change, of the pod and its containers (ValidatePodResize). */
export function validateResize(pod: V1Pod, old: V1Pod): FieldError[] {
    if (old.metadata?.annotations?.['kubernetes.io/config.mirror'] !== undefined) {
        return [fieldErrors.forbidden('', 'static pods cannot be resized')];
    }
    const errors: FieldError[] = [];
    if ((old.status?.qosClass ?? qosClassOf(old)) !== qosClassOf(pod)) {
        const detail = 'Pod QOS Class may not change as a result of resizing';
        errors.push(fieldErrors.invalid('spec', pod.status?.qosClass, detail));
    }
    const order = validateOrder(pod, old);
    if (order.length > 0) return [...errors, ...order];
    for (const field of ['containers', 'initContainers'] as const) {
        items(old.spec?.[field]).forEach((before, index) => {
            const after = items(pod.spec?.[field])[index];
            const path = `spec.${field}[${index}].resources`;
            errors.push(...validateNothingRemoved(after?.resources, before.resources, path));
        });
    }
    errors.push(...validateNothingRemoved(pod.spec?.resources, old.spec?.resources, 'spec.resources'));
    if (!semanticEqual(withoutResizable(pod.spec), withoutResizable(old.spec))) {
        errors.push(fieldErrors.forbidden('spec', 'only cpu and memory resources are mutable'));
    }
    return errors;
}

function validateOrder(pod: V1Pod, old: V1Pod): FieldError[] {
    return (['containers', 'initContainers'] as const).flatMap((field) => {
        const now = items(pod.spec?.[field]);
        const before = items(old.spec?.[field]);
        const path = `spec.${field}`;
        if (now.length !== before.length) {
            return [fieldErrors.forbidden(path, `${field} may not be added or removed on resize`)];
        }
        const detail = `${field} may not be renamed or reordered on resize`;
        return now.flatMap(({ name }, index) =>
            before[index]?.name === name ? [] : [fieldErrors.forbidden(`${path}[${index}].name`, detail)],
        );
    });
}

function validateNothingRemoved(
    after: V1ResourceRequirements | undefined,
    before: V1ResourceRequirements | undefined,
    path: string,
): FieldError[] {
    return (['requests', 'limits'] as const).flatMap((field) => {
        const now = after?.[field] ?? {};
        const removed = Object.keys(before?.[field] ?? {}).some((name) => !Object.hasOwn(now, name));
        const detail = `resource ${field} cannot be removed`;
        return removed ? [fieldErrors.forbidden(`${path}.${field}`, detail)] : [];
    });
}

/** What a resize may not touch: two specs that differ in it are too different. */
function withoutResizable(spec: V1PodSpec | undefined): unknown {
    const strip = (list: Record<string, string> | undefined) =>
        Object.entries(list ?? {}).filter(([name]) => !resizable.has(name));
    const rest = (resources: V1ResourceRequirements | undefined) => ({
        claims: resources?.claims,
        requests: strip(resources?.requests),
        limits: strip(resources?.limits),
    });
    const bare = (container: V1Container) => ({
        ...container,
        resizePolicy: undefined,
        resources: rest(container.resources),
    });
    return {
        ...spec,
        resources: rest(spec?.resources),
        containers: items(spec?.containers).map(bare),
        initContainers: items(spec?.initContainers).map(bare),
    };
}
