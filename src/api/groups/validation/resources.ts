import { memberOf } from '../../meta/deep.ts';
import { compareQuantity, quantityToMilli } from '../../meta/quantity.ts';
import { type FieldError, fieldErrors } from '../../meta/field-error.ts';
import type { V1ResourceRequirements } from '../../meta/object.ts';
import { formatErrors, items, nonNegativeMessage, qualifiedName, required } from './basic.ts';
import { isQualifiedName } from '../../meta/names.ts';

const standardContainerResources = new Set(['cpu', 'memory', 'ephemeral-storage']);
const hugePagesPrefix = 'hugepages-';

export function isHugePages(name: string): boolean {
    return name.startsWith(hugePagesPrefix);
}

/** Resources of Kubernetes itself: without a domain, or of a kubernetes.io domain. */
export function isNativeResource(name: string): boolean {
    return !name.includes('/') || name.includes('kubernetes.io/');
}

/** Resources of devices and the like: in somebody else's domain. */
export function isExtendedResource(name: string): boolean {
    return (
        !isNativeResource(name) &&
        !name.startsWith('requests.') &&
        isQualifiedName(`requests.${name}`).length === 0
    );
}

/** Only what is counted in whole units may not be shared: extended resources and huge pages. */
export function allowsOvercommit(name: string): boolean {
    return isNativeResource(name) && !isHugePages(name);
}

/** Integers only, for resources that are not divisible. */
function isInteger(quantity: string): boolean {
    return quantityToMilli(quantity) % 1000 === 0;
}

export function validateQuantity(quantity: string, path: string): FieldError[] {
    return compareQuantity(quantity, '0') < 0
        ? [fieldErrors.invalid(path, quantity, nonNegativeMessage)]
        : [];
}

/** A quantity of a named resource: not negative, and whole where the resource is not divisible. */
export function validateResourceQuantity(name: string, quantity: string, path: string): FieldError[] {
    const errors = validateQuantity(quantity, path);
    return (isExtendedResource(name) || isCountable(name)) && !isInteger(quantity)
        ? [...errors, fieldErrors.invalid(path, quantity, 'must be an integer')]
        : errors;
}

const countable = new Set([
    'pods',
    'services',
    'replicationcontrollers',
    'resourcequotas',
    'secrets',
    'configmaps',
    'persistentvolumeclaims',
    'services.nodeports',
    'services.loadbalancers',
]);

function isCountable(name: string): boolean {
    return countable.has(name) || name.startsWith('count/');
}

export function validateContainerResourceName(name: string, path: string): FieldError[] {
    const errors = qualifiedName(name, path);
    if (errors.length > 0) return errors;
    if (!name.includes('/')) {
        if (standardContainerResources.has(name) || isHugePages(name)) return [];
        return [
            ...validateResourceName(name, path),
            fieldErrors.invalid(path, name, 'must be a standard resource for containers'),
        ];
    }
    if (!isNativeResource(name) && !isExtendedResource(name)) {
        return [fieldErrors.invalid(path, name, "doesn't follow extended resource name standard")];
    }
    return [];
}

/** Requests and limits of a container (core/validation ValidateContainerResourceRequirements). */
export function validateResources(
    resources: V1ResourceRequirements | undefined,
    path: string,
    claimNames: ReadonlySet<string> = new Set(),
): FieldError[] {
    if (resources === undefined) return [];
    return [
        ...validateRequirements(resources, path, validateContainerResourceName),
        ...validateClaims(resources, `${path}.claims`, claimNames),
    ];
}

/** Requests and limits of a container or of a pod: which names they may have is not the same. */
export function validateRequirements(
    resources: V1ResourceRequirements,
    path: string,
    validateName: (name: string, path: string) => FieldError[],
): FieldError[] {
    const limits = resources.limits ?? {};
    const requests = resources.requests ?? {};
    return [
        ...Object.entries(limits).flatMap(([name, quantity]) => [
            ...validateName(name, `${path}.limits[${name}]`),
            ...validateResourceQuantity(name, quantity, `${path}.limits[${name}]`),
        ]),
        ...Object.entries(requests).flatMap(([name, quantity]) => [
            ...validateName(name, `${path}.requests[${name}]`),
            ...validateResourceQuantity(name, quantity, `${path}.requests[${name}]`),
            ...validateRequestAgainstLimit(name, quantity, memberOf(limits, name), path),
        ]),
        ...validateHugePagesCompany(requests, limits, path),
    ];
}

function validateRequestAgainstLimit(
    name: string,
    request: string,
    limit: string | undefined,
    path: string,
): FieldError[] {
    const requestsPath = `${path}.requests`;
    if (limit === undefined) {
        return allowsOvercommit(name)
            ? []
            : [fieldErrors.required(`${path}.limits`, 'Limit must be set for non overcommitable resources')];
    }
    const order = compareQuantity(request, limit);
    if (order !== 0 && !allowsOvercommit(name)) {
        return [fieldErrors.invalid(requestsPath, request, `must be equal to ${name} limit of ${limit}`)];
    }
    return order > 0
        ? [
              fieldErrors.invalid(
                  requestsPath,
                  request,
                  `must be less than or equal to ${name} limit of ${limit}`,
              ),
          ]
        : [];
}

function validateHugePagesCompany(
    requests: Record<string, string>,
    limits: Record<string, string>,
    path: string,
): FieldError[] {
    const names = [...Object.keys(requests), ...Object.keys(limits)];
    if (!names.some(isHugePages) || names.some((name) => name === 'cpu' || name === 'memory')) return [];
    return [fieldErrors.forbidden(path, 'HugePages require cpu or memory')];
}

function validateClaims(
    { claims }: V1ResourceRequirements,
    path: string,
    claimNames: ReadonlySet<string>,
): FieldError[] {
    const seen = new Set<string>();
    return items(claims).flatMap((claim, index) => {
        const errors = required(claim.name, `${path}[${index}].name`);
        if (errors.length > 0) return errors;
        const key = `${claim.name}/${claim.request ?? ''}`;
        if (seen.has(key)) return [fieldErrors.duplicate(`${path}[${index}]`, claim.name)];
        seen.add(key);
        return claimNames.has(claim.name) ? [] : [fieldErrors.notFound(`${path}[${index}].name`, claim.name)];
    });
}

const standardQuotaResources = new Set([
    ...countable,
    ...['', 'requests.', 'limits.'].flatMap((prefix) =>
        [...standardContainerResources].map((name) => `${prefix}${name}`),
    ),
    'requests.storage',
]);

/** What quotas count without being told more: "pods", "limits.cpu", "requests.hugepages-2Mi". */
export function isStandardQuotaResource(name: string): boolean {
    return (
        standardQuotaResources.has(name) || isHugePages(name) || isHugePages(name.replace(/^requests\./, ''))
    );
}

/** A name for a resource in limit ranges, quotas and the like: Kubernetes' own, or with a domain. */
export function validateResourceName(name: string, path: string): FieldError[] {
    const errors = formatErrors(name, path, isQualifiedName(name));
    if (errors.length > 0 || name.includes('/') || name === 'storage' || isStandardQuotaResource(name)) {
        return errors;
    }
    return [fieldErrors.invalid(path, name, 'must be a standard resource type or fully qualified')];
}

/** A name for what a quota limits. */
export function validateQuotaResourceName(name: string, path: string): FieldError[] {
    const errors = validateResourceName(name, path);
    return name.includes('/') || isStandardQuotaResource(name)
        ? errors
        : [...errors, fieldErrors.invalid(path, name, 'must be a standard resource for quota')];
}
