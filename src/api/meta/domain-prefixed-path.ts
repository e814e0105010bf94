import { type FieldError, fieldErrors } from './field-error.ts';
import { isDns1123Subdomain } from './name-formats.ts';

const pathFormat = "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+";
const path = new RegExp(`^${pathFormat}$`);

/** "acme.io/foo": keys that belong to whoever owns the domain (apimachinery, IsDomainPrefixedPath). */
export function domainPrefixedPathErrors(field: string, value: string): FieldError[] {
    if (value === '') return [fieldErrors.required(field)];
    const slash = value.indexOf('/');
    const [host, rest] = [value.slice(0, Math.max(slash, 0)), value.slice(slash + 1)];
    if (slash < 0 || host === '' || rest === '') {
        const why = 'must be a domain-prefixed path (such as "acme.io/foo")';
        return [fieldErrors.invalid(field, value, why)];
    }
    const errors = isDns1123Subdomain(host).map((why) => fieldErrors.invalid(field, host, why));
    if (!path.test(rest)) {
        const why = `Invalid path (regex used for validation is '${pathFormat}')`;
        errors.push(fieldErrors.invalid(field, rest, why));
    }
    return errors;
}
