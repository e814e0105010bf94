import { formatAddress, isMappedV4, maskAddress, parseAddress } from '../../cel/library/ip-address.ts';
import { type FieldError, fieldErrors } from '../../meta/field-error.ts';
import { formatErrors } from './basic.ts';
import { specialIpMessages } from './formats.ts';

const addressMessage = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)';
const cidrMessage = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)';

/** Decimal parts as who does not take a leading zero for octal reads them: 010.0.0.1 is 10.0.0.1. */
export function withoutLeadingZeros(text: string): string {
    const start = text.lastIndexOf(':') + 1;
    const decimal = text.slice(start);
    if (!decimal.includes('.')) return text;
    const parts = decimal.split('.').map((part) => part.replace(/^0+(?=\d)/, ''));
    return text.slice(0, start) + parts.join('.');
}

/** What is wrong with an address (apimachinery IsValidIPForLegacyField): it need not be in canonical form. */
export function ipMessages(value: string): string[] {
    const plain = withoutLeadingZeros(value);
    const address = parseAddress(plain);
    if (address === undefined) return [addressMessage];
    if (plain !== value) return ['must not have leading 0s'];
    return isMappedV4(address) ? ['must not be an IPv4-mapped IPv6 address'] : [];
}

/** What is wrong with an address in a newer field: it must be in canonical form (apimachinery IsValidIP). */
export function canonicalIpMessages(value: string): string[] {
    const messages = ipMessages(value);
    const address = parseAddress(value);
    if (messages.length > 0 || address === undefined) return messages;
    const canonical = formatAddress(address);
    return value === canonical ? [] : [`must be in canonical form (${JSON.stringify(canonical)})`];
}

/** What is wrong with a network (apimachinery IsValidCIDRForLegacyField). */
export function cidrMessages(value: string): string[] {
    const [, host = '', digits = ''] = /^([^/]+)\/(\d{1,9})$/.exec(value) ?? [];
    const plain = withoutLeadingZeros(host);
    const address = parseAddress(plain);
    const length = Number(digits);
    if (address === undefined || digits === '' || length > address.bits) return [cidrMessage];
    if (plain !== host || digits !== String(length)) {
        return ['must not have leading 0s in IP or prefix length'];
    }
    if (isMappedV4(address)) return ['must not have an IPv4-mapped IPv6 address'];
    return maskAddress(address, length).value === address.value
        ? []
        : ['must not have bits set beyond the prefix length'];
}

/** `kept`: what the object has had in the field already, and may keep however it is written. */
export function ipAddress(given: string | undefined, path: string, kept?: readonly string[]): FieldError[] {
    const value = given ?? '';
    return kept?.includes(value) === true ? [] : formatErrors(value, path, ipMessages(value));
}

/** As `ipAddress`, for networks. */
export function cidr(given: string | undefined, path: string, kept?: readonly string[]): FieldError[] {
    const value = given ?? '';
    return kept?.includes(value) === true ? [] : formatErrors(value, path, cidrMessages(value));
}

/** An address that others can reach. */
export function reachableIp(value: string, path: string, kept?: readonly string[]): FieldError[] {
    const errors = ipAddress(value, path, kept);
    return errors.length > 0 ? errors : formatErrors(value, path, specialIpMessages(value));
}

/** A network as newer fields have it: in its canonical form alone (apimachinery IsValidCIDR). */
export function canonicalCidr(value: string, path: string): FieldError[] {
    const errors = cidr(value, path);
    const [host = '', digits = ''] = value.split('/');
    const address = parseAddress(host);
    if (errors.length > 0 || address === undefined) return errors;
    const canonical = `${formatAddress(address)}/${digits}`;
    return value === canonical
        ? []
        : [fieldErrors.invalid(path, value, `must be in canonical form (${JSON.stringify(canonical)})`)];
}

/** What is wrong with an address of an interface, such as 10.9.8.7/24: it must be in canonical form. */
export function interfaceAddressMessages(value: string): string[] {
    const [, host = '', digits = ''] = /^([^/]+)\/(\d{1,9})$/.exec(value) ?? [];
    const address = parseAddress(withoutLeadingZeros(host));
    if (address === undefined || digits === '' || Number(digits) > address.bits) {
        return ['must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)'];
    }
    const canonical = `${formatAddress(address)}/${Number(digits)}`;
    return value === canonical ? [] : [`must be in canonical form ("${canonical}")`];
}
