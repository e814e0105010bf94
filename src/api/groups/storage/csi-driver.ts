import { type FieldError, fieldErrors } from '../../meta/field-error.ts';
import type { V1CSIDriver } from '../../meta/object.ts';
import { ageColumn, column, nameColumn } from '../columns.ts';
import type { Incomplete } from '../incomplete.ts';
import type { Strategy } from '../resource.ts';
import { startsGeneration } from '../strategy.ts';
import { each, immutable, items, optionalOneOf } from '../validation/basic.ts';

type Driver = Incomplete<V1CSIDriver>;
type Spec = NonNullable<Driver['spec']>;

const tokenSecondsMin = 600;
const tokenSecondsMax = 2 ** 32;
const allocatablePeriodSecondsMin = 10;

/** Tokens for different audiences, of which one may be the API server by having no name. */
function validateTokenRequests(requests: Spec['tokenRequests']): FieldError[] {
    const audiences = new Set<string>();
    return each(requests, 'spec.tokenRequests', ({ audience = '', expirationSeconds: seconds }, path) => {
        if (audiences.has(audience)) return [fieldErrors.duplicate(`${path}.audience`, audience)];
        audiences.add(audience);
        const secondsPath = `${path}.expirationSeconds`;
        if (seconds === undefined) return [];
        if (seconds < tokenSecondsMin) {
            const detail = 'may not specify a duration less than 10 minutes';
            return [fieldErrors.invalid(secondsPath, seconds, detail)];
        }
        const detail = 'may not specify a duration larger than 2^32 seconds';
        return seconds > tokenSecondsMax ? [fieldErrors.invalid(secondsPath, seconds, detail)] : [];
    });
}

function validateDriver({ spec = {} }: Driver): FieldError[] {
    const { fsGroupPolicy, tokenRequests, nodeAllocatableUpdatePeriodSeconds: period } = spec;
    const { serviceAccountTokenInSecrets: inSecrets } = spec;
    const lifecycles = ['Persistent', 'Ephemeral'];
    const policies = ['File', 'None', 'ReadWriteOnceWithFSType'];
    const errors = [
        ...optionalOneOf(fsGroupPolicy, 'spec.fsGroupPolicy', policies),
        ...validateTokenRequests(tokenRequests),
        ...items(spec.volumeLifecycleModes).flatMap((mode) =>
            optionalOneOf(mode, 'spec.volumeLifecycleModes', lifecycles),
        ),
    ];
    if (period !== undefined && period < allocatablePeriodSecondsMin) {
        const detail = 'must be greater than or equal to 10 seconds';
        errors.push(fieldErrors.invalid('spec.nodeAllocatableUpdatePeriodSeconds', period, detail));
    }
    if (inSecrets !== undefined && items(tokenRequests).length === 0) {
        const detail = 'serviceAccountTokenInSecrets is set but no tokenRequests are specified';
        errors.push(fieldErrors.invalid('spec.serviceAccountTokenInSecrets', inSecrets, detail));
    }
    return errors;
}

export const csiDriverStrategy: Strategy<Driver> = {
    hasGeneration: true,
    allowUnconditionalUpdate: false,
    prepareForCreate: startsGeneration,
    defaults(driver) {
        driver.spec ??= {};
        const { spec } = driver;
        spec.attachRequired ??= true;
        spec.podInfoOnMount ??= false;
        spec.storageCapacity ??= false;
        spec.fsGroupPolicy ??= 'ReadWriteOnceWithFSType';
        if (items(spec.volumeLifecycleModes).length === 0) spec.volumeLifecycleModes = ['Persistent'];
        spec.requiresRepublish ??= false;
        spec.seLinuxMount ??= false;
    },
    validate: validateDriver,
    validateUpdate: (driver, old) => [
        ...validateDriver(driver),
        // The misspelt name is upstream's.
        ...immutable(driver.spec?.attachRequired, old.spec?.attachRequired, 'spec.attachedRequired'),
        ...immutable(
            driver.spec?.volumeLifecycleModes,
            old.spec?.volumeLifecycleModes,
            'spec.volumeLifecycleModes',
        ),
    ],
    columns: [
        nameColumn,
        column('AttachRequired', ({ spec }) => spec?.attachRequired ?? true, { type: 'boolean' }),
        column('PodInfoOnMount', ({ spec }) => spec?.podInfoOnMount ?? false, { type: 'boolean' }),
        column('StorageCapacity', ({ spec }) => spec?.storageCapacity ?? false, { type: 'boolean' }),
        column('TokenRequests', ({ spec }) =>
            spec?.tokenRequests === undefined
                ? '<unset>'
                : spec.tokenRequests.map(({ audience }) => audience).join(','),
        ),
        column('RequiresRepublish', ({ spec }) => spec?.requiresRepublish ?? false, { type: 'boolean' }),
        column('Modes', ({ spec }) => items(spec?.volumeLifecycleModes).join(',') || '<none>'),
        ageColumn,
    ],
};
