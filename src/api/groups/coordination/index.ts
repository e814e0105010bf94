import { type FieldError, fieldErrors } from '../../meta/field-error.ts';
import type { V1Lease } from '../../meta/object.ts';
import { ageColumn, column, nameColumn } from '../columns.ts';
import type { Strategy } from '../resource.ts';
import { nonNegative } from '../validation/basic.ts';

function validateLease({ spec }: V1Lease): FieldError[] {
    const seconds = spec?.leaseDurationSeconds;
    const errors: FieldError[] = [];
    if (seconds !== undefined && seconds <= 0) {
        errors.push(fieldErrors.invalid('spec.leaseDurationSeconds', seconds, 'must be greater than 0'));
    }
    return [...errors, ...nonNegative(spec?.leaseTransitions, 'spec.leaseTransitions')];
}

const leaseStrategy: Strategy<V1Lease> = {
    allowCreateOnUpdate: true,
    allowUnconditionalUpdate: false,
    defaults(lease) {
        lease.spec ??= {};
    },
    validate: validateLease,
    validateUpdate: (lease) => validateLease(lease),
    columns: [nameColumn, column('Holder', ({ spec }) => spec?.holderIdentity ?? ''), ageColumn],
};

export const coordinationStrategies: Readonly<Record<string, Strategy>> = { leases: leaseStrategy };
