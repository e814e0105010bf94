import { type FieldError, fieldErrors } from '../../meta/field-error.ts';
import type { V1CertificateSigningRequest } from '../../meta/object.ts';
import { ageColumn, column, duration, nameColumn, orNone } from '../columns.ts';
import { stampConditions } from './condition-times.ts';
import type { Strategy } from '../resource.ts';
import { withStatus } from '../strategy.ts';
import { each, isBlank, items, oneOf } from '../validation/basic.ts';
import type { Incomplete } from '../incomplete.ts';

const expirationSecondsMin = 600;

function validateRequest({ spec }: Incomplete<V1CertificateSigningRequest>): FieldError[] {
    const { request, signerName = '', usages, expirationSeconds } = spec ?? {};
    const errors: FieldError[] = [];
    if (isBlank(request)) errors.push(fieldErrors.required('spec.request'));
    else if (!isPemRequest(request ?? '')) {
        const detail = 'PEM block type must be CERTIFICATE REQUEST';
        errors.push(fieldErrors.invalid('spec.request', '<request>', detail));
    }
    if (items(usages).length === 0)
        errors.push(fieldErrors.required('spec.usages', 'usages must be provided'));
    if (expirationSeconds !== undefined && expirationSeconds < expirationSecondsMin) {
        const detail = 'may not specify a duration less than 600 seconds (10 minutes)';
        errors.push(fieldErrors.invalid('spec.expirationSeconds', expirationSeconds, detail));
    }
    return [...errors, ...validateSignerName(signerName)];
}

/** The request is base64 of PEM in JSON. */
function isPemRequest(base64: string): boolean {
    return Buffer.from(base64, 'base64').toString('latin1').includes('-----BEGIN CERTIFICATE REQUEST-----');
}

function validateSignerName(name: string): FieldError[] {
    const path = 'spec.signerName';
    if (name === '') return [fieldErrors.required(path)];
    const [domain = '', ...rest] = name.split('/');
    if (rest.length !== 1 || rest[0] === '') {
        const detail = "must be a fully qualified domain and path of the form 'example.com/signer-name'";
        return [fieldErrors.invalid(path, name, detail)];
    }
    return domain.includes('.')
        ? []
        : [
              fieldErrors.invalid(
                  path,
                  domain,
                  'should be a domain with at least two segments separated by dots',
              ),
          ];
}

/** "Approved,Issued" */
function conditionText({ status }: Incomplete<V1CertificateSigningRequest>): string {
    const has = (type: string) => items(status?.conditions).some((condition) => condition.type === type);
    const words = [has('Denied') ? 'Denied' : has('Approved') ? 'Approved' : 'Pending'];
    if (has('Failed')) words.push('Failed');
    if (status?.certificate) words.push('Issued');
    return words.join(',');
}

function validateConditions(request: Incomplete<V1CertificateSigningRequest>): FieldError[] {
    const errors = each(request.status?.conditions, 'status.conditions', ({ status, type }, path) => [
        ...(isBlank(type) ? [fieldErrors.required(`${path}.type`)] : []),
        ...oneOf(status, `${path}.status`, ['False', 'True', 'Unknown']),
    ]);
    const has = (wanted: string) => items(request.status?.conditions).some(({ type }) => type === wanted);
    if (has('Approved') && has('Denied')) {
        const detail = 'Approved and Denied conditions are mutually exclusive';
        errors.push(fieldErrors.invalid('status.conditions', 'Denied', detail));
    }
    return errors;
}

const certificateSigningRequestStrategy: Strategy<Incomplete<V1CertificateSigningRequest>> = withStatus<
    Incomplete<V1CertificateSigningRequest>
>({
    nameFormat: 'pathSegment',
    prepareForUpdate(request, old, { now }) {
        // Every write keeps the request itself: who asked for what is not to be changed afterwards.
        request.spec = old.spec;
        stampConditions(request, old, now);
    },
    validate: validateRequest,
    validateUpdate: () => [],
    validateStatusUpdate: validateConditions,
    validateSubresourceUpdate: validateConditions,
    selectableFields: ({ spec }) => ({ 'spec.signerName': spec?.signerName ?? '' }),
    columns: [
        nameColumn,
        ageColumn,
        column('SignerName', ({ spec }) => orNone(spec?.signerName)),
        column('Requestor', ({ spec }) => spec?.username ?? ''),
        column('RequestedDuration', ({ spec }) =>
            spec?.expirationSeconds === undefined ? '<none>' : duration(spec.expirationSeconds * 1000),
        ),
        column('Condition', conditionText),
    ],
});

export const certificatesStrategies: Readonly<Record<string, Strategy>> = {
    certificatesigningrequests: certificateSigningRequestStrategy,
};
