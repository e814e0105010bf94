import { type FieldError, fieldErrors } from '../../meta/field-error.ts';
import type {
    V1DeviceClaim,
    V1DeviceClaimConfiguration,
    V1DeviceConstraint,
    V1DeviceRequest,
    V1DeviceSelector,
    V1DeviceSubRequest,
    V1ExactDeviceRequest,
} from '../../meta/object.ts';
import type { Incomplete } from '../incomplete.ts';
import { dnsLabel, items } from '../validation/basic.ts';
import { boundedList, boundedSet } from './bounded.ts';
import { limits } from './limits.ts';
import { deviceClassName, driverName, fullAttributeName, opaqueObject, tooLong } from './names.ts';
import { validateTolerations } from './taints.ts';

type Claim = Incomplete<V1DeviceClaim>;
type Request = Incomplete<V1DeviceRequest>;
type Configuration = Incomplete<V1DeviceClaimConfiguration>;

/** What `spec.devices` of a claim asks for. Selectors are compiled elsewhere. */
export function validateDeviceClaim(claim: Claim, path: string): FieldError[] {
    const names = requestNames(claim);
    return [
        ...boundedSet(claim.requests, `${path}.requests`, {
            max: limits.requestsMax,
            check: validateRequest,
            key: ({ name = '' }) => name,
        }),
        ...boundedList(claim.constraints, `${path}.constraints`, {
            max: limits.constraintsMax,
            check: (constraint, itemPath) => validateConstraint(constraint, itemPath, names),
        }),
        ...boundedList(claim.config, `${path}.config`, {
            max: limits.configsMax,
            check: (config, itemPath) => [
                ...validateRequestReferences(config.requests, `${itemPath}.requests`, names),
                ...validateConfiguration(config, itemPath, { isStored: false }),
            ],
        }),
    ];
}

/** The names by which a claim's requests are referred to: "gpu", and "gpu/large" of what is in `firstAvailable`. */
export function requestNames({ requests }: Claim): ReadonlySet<string> {
    return new Set(
        items(requests).flatMap(({ name = '', firstAvailable }) => [
            name,
            ...items(firstAvailable).map((sub) => `${name}/${sub.name ?? ''}`),
        ]),
    );
}

function validateRequest({ name, exactly, firstAvailable }: Request, path: string): FieldError[] {
    const errors = dnsLabel(name, `${path}.name`);
    const hasSubRequests = items(firstAvailable).length > 0;
    const rule = 'exactly one of `exactly` or `firstAvailable` is required';
    if (hasSubRequests && exactly !== undefined) {
        return [...errors, fieldErrors.invalid(path, null, `${rule}, but multiple fields are set`)];
    }
    if (exactly !== undefined) return [...errors, ...validateDevices(exactly, `${path}.exactly`)];
    if (!hasSubRequests) return [...errors, fieldErrors.required(path, rule)];
    const subRequests = boundedSet(firstAvailable, `${path}.firstAvailable`, {
        max: limits.subRequestsMax,
        check: (sub, itemPath) => [
            ...dnsLabel(sub.name, `${itemPath}.name`),
            ...validateDevices(sub, itemPath),
        ],
        key: (sub) => sub.name ?? '',
    });
    return [...errors, ...subRequests];
}

/** What an exact request and one of several have in common. */
function validateDevices(
    request: Incomplete<V1ExactDeviceRequest> | Incomplete<V1DeviceSubRequest>,
    path: string,
): FieldError[] {
    return [
        ...deviceClassName(request.deviceClassName, `${path}.deviceClassName`),
        ...validateSelectors(request.selectors, `${path}.selectors`, { isStored: false }),
        ...validateAllocationMode(request, path),
        ...validateTolerations(request.tolerations, `${path}.tolerations`),
    ];
}

function validateAllocationMode(
    { allocationMode, count = 0 }: Incomplete<V1ExactDeviceRequest>,
    path: string,
): FieldError[] {
    switch (allocationMode) {
        case 'All': {
            const detail = "must not be specified when allocationMode is 'All'";
            return count === 0 ? [] : [fieldErrors.invalid(`${path}.count`, count, detail)];
        }
        case 'ExactCount':
            return count > 0
                ? []
                : [fieldErrors.invalid(`${path}.count`, count, 'must be greater than zero')];
        default: {
            const modes = ['All', 'ExactCount'];
            return [fieldErrors.notSupported(`${path}.allocationMode`, allocationMode ?? '', modes)];
        }
    }
}

/** `isStored`: they were accepted before, and may be longer than new ones. */
export function validateSelectors(
    selectors: readonly Incomplete<V1DeviceSelector>[] | undefined,
    path: string,
    { isStored }: { isStored: boolean },
): FieldError[] {
    return boundedList(selectors, path, {
        max: limits.selectorsMax,
        check: ({ cel }, itemPath) => {
            if (cel === undefined) return [fieldErrors.required(`${itemPath}.cel`)];
            if (isStored) return [];
            return tooLong(cel.expression ?? '', `${itemPath}.cel.expression`, limits.selectorBytesMax);
        },
    });
}

function validateConstraint(
    { requests, matchAttribute, distinctAttribute }: Incomplete<V1DeviceConstraint>,
    path: string,
    names: ReadonlySet<string>,
): FieldError[] {
    const errors = validateRequestReferences(requests, `${path}.requests`, names);
    if (matchAttribute !== undefined) {
        return [...errors, ...fullAttributeName(matchAttribute, `${path}.matchAttribute`)];
    }
    if (distinctAttribute !== undefined) {
        return [...errors, ...fullAttributeName(distinctAttribute, `${path}.distinctAttribute`)];
    }
    const detail =
        'exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set';
    return [...errors, fieldErrors.required(path, detail)];
}

export function validateRequestReferences(
    references: readonly string[] | undefined,
    path: string,
    names: ReadonlySet<string>,
): FieldError[] {
    return boundedSet(references, path, {
        max: limits.requestsMax,
        check: (name, itemPath) => validateRequestReference(name, itemPath, names),
        key: (name) => name,
    });
}

/** "request" or "request/subrequest" of the claim. */
export function validateRequestReference(
    name: string,
    path: string,
    names: ReadonlySet<string>,
): FieldError[] {
    const detail =
        "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'";
    const parts = name.split('/');
    if (parts.length > 2) return [fieldErrors.invalid(path, name, detail)];
    const errors = parts.flatMap((part) => dnsLabel(part, path));
    return names.has(name) ? errors : [...errors, fieldErrors.invalid(path, name, detail)];
}

export function validateConfiguration(
    { opaque }: Configuration,
    path: string,
    { isStored }: { isStored: boolean },
): FieldError[] {
    const opaquePath = `${path}.opaque`;
    if (opaque === undefined) return [fieldErrors.required(opaquePath)];
    return [
        ...driverName(opaque.driver, `${opaquePath}.driver`),
        ...opaqueObject(opaque.parameters, `${opaquePath}.parameters`, {
            bytesMax: limits.parametersBytesMax,
            isStored,
        }),
    ];
}
