import { type FieldError, fieldErrors } from '../../../meta/field-error.ts';
import type { V1ServiceSpec } from '../../../meta/object.ts';
import { each, items, optionalOneOf } from '../../validation/basic.ts';
import { ipFamilyOf } from '../../validation/formats.ts';
import { ipAddress } from '../../validation/ip-fields.ts';

const familyPolicies = ['PreferDualStack', 'RequireDualStack', 'SingleStack'];
const families = ['IPv4', 'IPv6'];

/** Addresses and families of a Service, as far as they can be checked before they are allocated. */
export function validateClusterIps(spec: V1ServiceSpec, before?: V1ServiceSpec): FieldError[] {
    if (spec.type === 'ExternalName') return [];
    return [
        ...each(spec.ipFamilies, 'spec.ipFamilies', (family, path) => optionalOneOf(family, path, families)),
        ...validateFamilyCount(spec),
        ...optionalOneOf(spec.ipFamilyPolicy, 'spec.ipFamilyPolicy', familyPolicies),
        ...validateAddresses(spec, items(before?.clusterIPs)),
    ];
}

function validateFamilyCount({ ipFamilies }: V1ServiceSpec): FieldError[] {
    const list = items(ipFamilies);
    const second = list[1];
    return second !== undefined && list[0] === second
        ? [fieldErrors.duplicate('spec.ipFamilies[1]', second)]
        : [];
}

function validateAddresses(spec: V1ServiceSpec, kept: readonly string[]): FieldError[] {
    const addresses = items(spec.clusterIPs);
    const path = 'spec.clusterIPs';
    const first = addresses[0];
    const errors: FieldError[] = [];
    if (first === undefined) {
        const detail = 'must be empty when `clusterIPs` is not specified';
        return spec.clusterIP ? [fieldErrors.invalid('spec.clusterIP', spec.clusterIP, detail)] : [];
    }
    if (spec.clusterIP !== first) {
        const detail = 'first value must match `clusterIP`';
        errors.push(fieldErrors.invalid(path, addresses, detail));
    }
    if (first === 'None') {
        if (addresses.length > 1) {
            const detail = "'None' must be the first and only value";
            errors.push(fieldErrors.invalid(path, addresses, detail));
        }
        return errors;
    }
    addresses.forEach((address, index) => {
        errors.push(...validateAddress(address, `${path}[${index}]`, kept));
    });
    if (addresses.length > 2) {
        const detail = 'may only hold up to 2 values';
        errors.push(fieldErrors.invalid(path, addresses, detail));
    }
    if (addresses.length === 2 && ipFamilyOf(first) === ipFamilyOf(addresses[1] ?? '')) {
        const detail = 'may specify no more than one IP for each IP family';
        errors.push(fieldErrors.invalid(path, addresses, detail));
    }
    return errors;
}

function validateAddress(address: string, path: string, kept: readonly string[]): FieldError[] {
    if (address === 'None') {
        return [fieldErrors.invalid(path, address, "'None' must be the first and only value")];
    }
    return ipAddress(address, path, kept);
}
