import { type FieldError, fieldErrors } from '../../meta/field-error.ts';
import { dnsLabelCharactersMax, dnsSubdomainCharactersMax } from '../../meta/name-formats.ts';
import { isDns1123Label, isDns1123Subdomain, type NameValidator } from '../../meta/names.ts';
import { formatErrors, isBlank } from './basic.ts';

/** "<domain>/<name>": a domain, a slash, and a subdomain that may have a label before it. */
const signerNameCharactersMax = dnsSubdomainCharactersMax * 2 + dnsLabelCharactersMax + 2;

/** "example.com/signer": who signs certificates (certificates/validation ValidateSignerName). */
export function validateSignerName(name: string | undefined, path: string): FieldError[] {
    const text = name ?? '';
    const errors = isBlank(name) ? [fieldErrors.required(path)] : [];
    const [domain = '', signer, ...others] = text.split('/', 3);
    if (signer === undefined || others.length > 0) {
        const detail = "must be a fully qualified domain and path of the form 'example.com/signer-name'";
        return [...errors, fieldErrors.invalid(path, text, detail)];
    }
    if (domain.length > dnsSubdomainCharactersMax) {
        errors.push(fieldErrors.tooLong(path, dnsSubdomainCharactersMax));
    }
    errors.push(...validateParts(domain, path, isDns1123Label));
    if (!domain.includes('.')) {
        const detail = 'should be a domain with at least two segments separated by dots';
        errors.push(fieldErrors.invalid(path, domain, detail));
    }
    errors.push(...validateParts(signer, path, isDns1123Subdomain));
    if (text.length > signerNameCharactersMax) {
        errors.push(fieldErrors.tooLong(path, signerNameCharactersMax));
    }
    return errors;
}

/** What is wrong with the first part between dots that is not sound. */
function validateParts(text: string, path: string, check: NameValidator): FieldError[] {
    const part = text.split('.').find((one) => check(one).length > 0);
    if (part === undefined) return [];
    const shown = JSON.stringify(part);
    return check(part).map((message) =>
        fieldErrors.invalid(path, text, `validating label ${shown}: ${message}`),
    );
}

/**
 * Name of a ClusterTrustBundle: an object's name, behind the signer's name with colons in it where the
 * bundle is of a signer.
 */
export function validateTrustBundleName(name: string, path: string): FieldError[] {
    const signerEnd = name.lastIndexOf(':');
    const own = name.slice(signerEnd + 1);
    return formatErrors(
        name,
        path,
        isDns1123Subdomain(own).map((message) => `not a valid clustertrustbundlename: ${message}`),
    );
}
