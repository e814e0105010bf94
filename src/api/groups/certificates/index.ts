import { type FieldError, fieldErrors } from '../../meta/field-error.ts';
import type { V1CertificateSigningRequest } from '../../meta/object.ts';
import { ageColumn, column, duration, nameColumn, orNone } from '../columns.ts';
import { stampConditions } from './condition-times.ts';
import { deepEqual } from '../../meta/deep.ts';
import type { Strategy, WritingUser } from '../resource.ts';
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

type Request = Incomplete<V1CertificateSigningRequest>;
/** Decisions: made through the subresource "approval" alone, and final. */
const decisions: readonly string[] = ['Approved', 'Denied'];

/** Who signs must know who asked: what a client says of itself does not count. */
function recordRequester(request: Request, user: WritingUser | undefined): void {
    const { username: _u, uid: _i, groups: _g, extra: _e, ...spec } = request.spec ?? {};
    if (user === undefined) {
        request.spec = spec;
        return;
    }
    const { username, uid, groups, extra } = user;
    request.spec = {
        ...spec,
        username,
        ...(uid === '' ? {} : { uid }),
        groups: [...groups],
        ...(Object.keys(extra).length === 0
            ? {}
            : {
                  extra: Object.fromEntries(
                      Object.entries(extra).map(([key, values]) => [key, [...values]] as const),
                  ),
              }),
    };
}

/** Approval changes conditions alone: a certificate is put there by who may sign. */
function keepCertificate(request: Request, old: Request): void {
    const { certificate } = old.status ?? {};
    const conditions = request.status?.conditions;
    request.status = {
        ...(certificate === undefined ? {} : { certificate }),
        ...(conditions === undefined ? {} : { conditions }),
    };
}

function validateDecisions(request: Request, old: Request, mayDecide: boolean): FieldError[] {
    const path = 'status.conditions';
    const forbid = (what: string, type: string): FieldError[] => [
        fieldErrors.forbidden(path, `updates may not ${what} a condition of type "${type}"`),
    ];
    return decisions.flatMap((type) => {
        const of = ({ status }: Request) => items(status?.conditions).find((each) => each.type === type);
        const [before, after] = [of(old), of(request)];
        if (before === undefined) return after === undefined || mayDecide ? [] : forbid('add', type);
        if (after === undefined) return forbid('remove', type);
        const { lastUpdateTime: _b, lastTransitionTime: _t, ...said } = before;
        const { lastUpdateTime: _c, lastTransitionTime: _u, ...says } = after;
        return deepEqual(said, says) ? [] : forbid('modify', type);
    });
}

function validateCertificate(request: Request, old: Request): FieldError[] {
    const before = old.status?.certificate;
    if (isBlank(before) || before === request.status?.certificate) return [];
    const detail = 'updates may not modify existing certificate content';
    return [fieldErrors.forbidden('status.certificate', detail)];
}

const certificateSigningRequestStrategy: Strategy<Request> = withStatus<Request>({
    nameFormat: 'pathSegment',
    prepareForCreate(request, { user }) {
        recordRequester(request, user);
    },
    prepareForUpdate(request, old, { now, subresource }) {
        // Every write keeps the request itself: who asked for what is not to be changed afterwards.
        request.spec = old.spec;
        if (subresource === 'approval') keepCertificate(request, old);
        stampConditions(request, old, now);
    },
    validate: validateRequest,
    validateUpdate: () => [],
    validateStatusUpdate: (request, old) => [
        ...validateConditions(request),
        ...validateDecisions(request, old, false),
        ...validateCertificate(request, old),
    ],
    validateSubresourceUpdate: (request, old) => [
        ...validateConditions(request),
        ...validateDecisions(request, old, true),
    ],
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
