import { compareQuantity } from '../../../../meta/quantity.ts';
import { type FieldError, fieldErrors } from '../../../../meta/field-error.ts';
import type { V1PodSpec } from '../../../../meta/object.ts';
import { each } from '../../../validation/basic.ts';
import { isHugePages, validateRequirements, validateResourceName } from '../../../validation/resources.ts';
import { aggregateResources, isPodLevelResource } from '../aggregate-resources.ts';

function validatePodResourceName(name: string, path: string): FieldError[] {
    const errors = validateResourceName(name, path);
    if (errors.length > 0 || isPodLevelResource(name)) return errors;
    return [fieldErrors.notSupported(path, name, ['cpu', 'hugepages-', 'memory'])];
}

/** What a pod asks for as a whole (core/validation validatePodResources); `path` is that of its spec. */
export function validatePodResources(spec: V1PodSpec, path: string): FieldError[] {
    const { resources } = spec;
    if (resources === undefined) return [];
    const resourcesPath = `${path}.resources`;
    if (spec.os?.name === 'windows') {
        return [fieldErrors.forbidden(resourcesPath, 'may not be set for a windows pod')];
    }
    return [
        ...(resources.claims ?? []).slice(0, 1).map(() => claimsForbidden(resourcesPath)),
        ...validateRequirements(resources, resourcesPath, validatePodResourceName),
        ...validateCovered(spec, resourcesPath, 'requests', () => true),
        ...validateCovered(spec, resourcesPath, 'limits', isHugePages),
        ...validateContainerLimits(spec, resourcesPath),
    ];
}

function claimsForbidden(path: string): FieldError {
    return fieldErrors.forbidden(`${path}.claims`, 'claims cannot be set for Resources at pod-level');
}

/** The pod has what its containers need together. */
function validateCovered(
    spec: V1PodSpec,
    path: string,
    which: 'requests' | 'limits',
    isCounted: (name: string) => boolean,
): FieldError[] {
    const own = spec.resources?.[which];
    if (own === undefined) return [];
    return Object.entries(aggregateResources(spec, which)).flatMap(([name, aggregate]) => {
        const quantity = Object.hasOwn(own, name) ? own[name] : undefined;
        if (quantity === undefined || !isCounted(name) || compareQuantity(aggregate, quantity) <= 0)
            return [];
        const detail = `must be greater than or equal to aggregate container ${which} of ${aggregate}`;
        return [fieldErrors.invalid(`${path}.${which}[${name}]`, quantity, detail)];
    });
}

/** No container may use more than its pod. Upstream builds the paths from that of the pod's resources. */
function validateContainerLimits(spec: V1PodSpec, path: string): FieldError[] {
    const own = spec.resources?.limits;
    if (own === undefined) return [];
    return each(spec.containers, `${path}.containers`, ({ resources }, containerPath) =>
        Object.entries(resources?.limits ?? {}).flatMap(([name, limit]) => {
            const quantity = Object.hasOwn(own, name) ? own[name] : undefined;
            if (quantity === undefined || compareQuantity(limit, quantity) <= 0) return [];
            const detail = `must be less than or equal to pod limits of ${quantity}`;
            return [fieldErrors.invalid(`${containerPath}[${name}].limits`, limit, detail)];
        }),
    );
}
