import { type FieldError, fieldErrors } from '../../../../api/meta/field-error.ts';
import { parseCertificates } from '../../../../pki/certificate-check.ts';
import type { IssuerConfiguration } from './configuration.ts';

/** What is wrong with an issuer, in upstream's words. */
export function validateIssuer(
    issuer: IssuerConfiguration,
    path: string,
    disallowed: readonly string[],
): FieldError[] {
    const { url, discoveryURL, certificateAuthority, egressSelectorType } = issuer;
    return [
        ...(url === ''
            ? [fieldErrors.required(`${path}.url`)]
            : [...disallowedErrors(url, `${path}.url`, disallowed), ...urlErrors(url, `${path}.url`)]),
        ...discoveryErrors(url, discoveryURL, `${path}.discoveryURL`),
        ...audienceErrors(issuer, path),
        ...authorityErrors(certificateAuthority, `${path}.certificateAuthority`),
        ...egressErrors(egressSelectorType, `${path}.egressSelectorType`),
    ];
}

function disallowedErrors(url: string, path: string, disallowed: readonly string[]): FieldError[] {
    if (!disallowed.includes(url)) return [];
    const list = [...disallowed].sort().join(' ');
    return [fieldErrors.invalid(path, url, `URL must not overlap with disallowed issuers: [${list}]`)];
}

function discoveryErrors(url: string, discoveryUrl: string, path: string): FieldError[] {
    if (discoveryUrl === '') return [];
    const trimmed = (text: string): string => text.replace(/\/+$/, '');
    const isSame = url !== '' && trimmed(url) === trimmed(discoveryUrl);
    return [
        ...(isSame
            ? [fieldErrors.invalid(path, discoveryUrl, 'discoveryURL must be different from URL')]
            : []),
        ...urlErrors(discoveryUrl, path),
    ];
}

function urlErrors(url: string, path: string): FieldError[] {
    const [, scheme = '', rest = ''] = /^(?:([a-z][a-z0-9+.-]*):)?(.*)$/is.exec(url) ?? [];
    const isHttps = scheme.toLowerCase() === 'https';
    if (isHttps && !URL.canParse(url)) {
        return [fieldErrors.invalid(path, url, `parse ${JSON.stringify(url)}: invalid URL`)];
    }
    const [, authority = '', , query = '', , fragment = ''] =
        /^(?:\/\/([^/?#]*))?[^?#]*(\?([^#]*))?(#(.*))?$/s.exec(rest) ?? [];
    const faults: [boolean, string][] = [
        [!isHttps, 'URL scheme must be https'],
        [authority.includes('@'), 'URL must not contain a username or password'],
        [query !== '', 'URL must not contain a query'],
        [fragment !== '', 'URL must not contain a fragment'],
    ];
    return faults.flatMap(([isWrong, why]) => (isWrong ? [fieldErrors.invalid(path, url, why)] : []));
}

function audienceErrors({ audiences, audienceMatchPolicy }: IssuerConfiguration, path: string): FieldError[] {
    const field = `${path}.audiences`;
    if (audiences.length === 0) return [fieldErrors.required(field, `at least one ${field} is required`)];
    const errors = audiences.flatMap((audience, index) => [
        ...(audience === '' ? [fieldErrors.required(`${field}[${index}]`)] : []),
        ...(audiences.indexOf(audience) < index
            ? [fieldErrors.duplicate(`${field}[${index}]`, audience)]
            : []),
    ]);
    const isAny = audienceMatchPolicy === 'MatchAny';
    const refuse = (why: string): void => {
        errors.push(fieldErrors.invalid(`${path}.audienceMatchPolicy`, audienceMatchPolicy, why));
    };
    if (audiences.length > 1 && !isAny) refuse('audienceMatchPolicy must be MatchAny for multiple audiences');
    if (audiences.length === 1 && audienceMatchPolicy !== '' && !isAny) {
        refuse('audienceMatchPolicy must be empty or MatchAny for single audience');
    }
    return errors;
}

function authorityErrors(bundle: string, path: string): FieldError[] {
    if (bundle === '') return [];
    let why = 'data does not contain any valid RSA or ECDSA certificates';
    try {
        if (parseCertificates(bundle).length > 0) return [];
    } catch (error) {
        why = error instanceof Error ? error.message : String(error);
    }
    return [fieldErrors.invalid(path, '<omitted>', why)];
}

/** Connections all leave this server the same way. */
function egressErrors(type: string, path: string): FieldError[] {
    if (type === '') return [];
    const why =
        'egress selector is not supported when StructuredAuthenticationConfigurationEgressSelector feature gate is disabled';
    const isKnown = type === 'controlplane' || type === 'cluster';
    return [
        fieldErrors.invalid(path, type, why),
        ...(isKnown
            ? []
            : [fieldErrors.invalid(path, type, 'egress selector must be either controlplane or cluster')]),
    ];
}
