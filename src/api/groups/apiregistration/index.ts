import { getCondition } from '../../meta/conditions.ts';
import { type FieldError, fieldErrors } from '../../meta/field-error.ts';
import type { V1APIService } from '../../meta/object.ts';
import { ageColumn, column, nameColumn } from '../columns.ts';
import type { Strategy } from '../resource.ts';
import { withStatus } from '../strategy.ts';
import { required } from '../validation/basic.ts';

const groupPriorityMax = 20_000;
const versionPriorityMax = 1_000;

/** The condition of an APIService whose group version this server answers itself. */
export const localCondition = {
    type: 'Available',
    status: 'True',
    reason: 'Local',
    message: 'Local APIServices are always available',
} as const;

const isBetween = (value: number | undefined, max: number): boolean =>
    value !== undefined && value > 0 && value <= max;

function validateApiService({ metadata, spec }: V1APIService): FieldError[] {
    const { group = '', version = '', groupPriorityMinimum, versionPriority } = spec ?? {};
    const expected = `${version}.${group}`;
    const errors: FieldError[] = [];
    if (metadata?.name !== expected) {
        errors.push(
            fieldErrors.invalid(
                'metadata.name',
                metadata?.name,
                `must be \`spec.version+"."+spec.group\`: ${JSON.stringify(expected)}`,
            ),
        );
    }
    if (group === '' && version !== 'v1') {
        const detail = 'only v1 may have an empty group and it better be legacy kube';
        errors.push(fieldErrors.required('spec.group', detail));
    }
    errors.push(...required(version, 'spec.version'));
    if (!isBetween(groupPriorityMinimum, groupPriorityMax)) {
        errors.push(
            fieldErrors.invalid(
                'spec.groupPriorityMinimum',
                groupPriorityMinimum ?? 0,
                'must be positive and less than 20000',
            ),
        );
    }
    if (!isBetween(versionPriority, versionPriorityMax)) {
        const detail = 'must be positive and less than 1000';
        errors.push(fieldErrors.invalid('spec.versionPriority', versionPriority ?? 0, detail));
    }
    return [...errors, ...validateBackend(spec ?? {})];
}

function validateBackend(spec: Partial<NonNullable<V1APIService['spec']>>): FieldError[] {
    const { service, caBundle = '', insecureSkipTLSVerify = false } = spec;
    const errors: FieldError[] = [];
    if (service === undefined) {
        if (caBundle !== '') {
            const size = `${Buffer.from(caBundle, 'base64').length} bytes`;
            const detail = 'local APIServices may not have a caBundle';
            errors.push(fieldErrors.invalid('spec.caBundle', size, detail));
        }
        if (insecureSkipTLSVerify) {
            const detail = 'local APIServices may not have insecureSkipTLSVerify';
            errors.push(fieldErrors.invalid('spec.insecureSkipTLSVerify', true, detail));
        }
        return errors;
    }
    errors.push(...required(service.namespace, 'spec.service.namespace'));
    errors.push(...required(service.name, 'spec.service.name'));
    const { port = 443 } = service;
    if (port < 1 || port > 65_535) {
        const detail = 'port is not valid: must be between 1 and 65535, inclusive';
        errors.push(fieldErrors.invalid('spec.service.port', port, detail));
    }
    if (insecureSkipTLSVerify && caBundle !== '') {
        const detail = 'may not be true if caBundle is present';
        errors.push(fieldErrors.invalid('spec.insecureSkipTLSVerify', true, detail));
    }
    return errors;
}

function availableText({ status }: V1APIService): string {
    const available = getCondition(status?.conditions, 'Available');
    if (available === undefined) return 'Unknown';
    return available.status === 'True' ? 'True' : `${available.status} (${available.reason ?? ''})`;
}

const apiServiceStrategy: Strategy<V1APIService> = withStatus<V1APIService>({
    allowUnconditionalUpdate: false,
    statusKeepsMetadata: true,
    nameFormat: 'pathSegment',
    defaults({ spec }) {
        if (spec?.service !== undefined) spec.service.port ??= 443;
    },
    prepareForCreate(object, { now }) {
        // Local ones are never checked.
        if (object.spec?.service !== undefined) return;
        const condition = { ...localCondition, lastTransitionTime: now };
        object.status = { conditions: [condition] };
    },
    validate: validateApiService,
    validateUpdate: (service) => validateApiService(service),
    columns: [
        nameColumn,
        column('Service', ({ spec }) =>
            spec?.service === undefined
                ? 'Local'
                : `${spec.service.namespace ?? ''}/${spec.service.name ?? ''}`,
        ),
        column('Available', availableText),
        ageColumn,
    ],
});

export const apiRegistrationStrategies: Readonly<Record<string, Strategy>> = {
    apiservices: apiServiceStrategy,
};
