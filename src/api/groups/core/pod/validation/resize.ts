import { semanticEqual } from '../../../../meta/deep.ts';
import { type FieldError, fieldErrors } from '../../../../meta/field-error.ts';
import type { V1Container, V1Pod, V1PodSpec } from '../../../../meta/object.ts';
import { items } from '../../../validation/basic.ts';
import { qosClassOf } from '../qos.ts';

const resizable = new Set(['cpu', 'memory']);

/** Rules of the `resize` subresource: only cpu and memory of containers change (ValidatePodResize). */
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
    items(old.spec?.containers).forEach((before, index) => {
        const after = items(pod.spec?.containers)[index];
        errors.push(...validateNothingRemoved(after, before, `spec.containers[${index}].resources`));
    });
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
    after: V1Container | undefined,
    before: V1Container,
    path: string,
): FieldError[] {
    return (['requests', 'limits'] as const).flatMap((field) => {
        const now = after?.resources?.[field] ?? {};
        const removed = Object.keys(before.resources?.[field] ?? {}).some(
            (name) => !Object.hasOwn(now, name),
        );
        const detail = `resource ${field} cannot be removed`;
        return removed ? [fieldErrors.forbidden(`${path}.${field}`, detail)] : [];
    });
}

function withoutResizable(spec: V1PodSpec | undefined): unknown {
    const strip = (list: Record<string, string> | undefined) =>
        Object.entries(list ?? {}).filter(([name]) => !resizable.has(name));
    const bare = (container: V1Container) => ({
        ...container,
        resizePolicy: undefined,
        resources: {
            claims: container.resources?.claims,
            requests: strip(container.resources?.requests),
            limits: strip(container.resources?.limits),
        },
    });
    return {
        ...spec,
        containers: items(spec?.containers).map(bare),
        initContainers: items(spec?.initContainers).map((container) =>
            container.restartPolicy === 'Always' ? bare(container) : container,
        ),
    };
}
