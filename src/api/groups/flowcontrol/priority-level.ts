import { semanticEqual } from '../../meta/deep.ts';
import { type FieldError, fieldErrors } from '../../meta/field-error.ts';
import type {
    V1ExemptPriorityLevelConfiguration,
    V1LimitedPriorityLevelConfiguration,
    V1LimitResponse,
    V1PriorityLevelConfiguration,
    V1QueuingConfiguration,
} from '../../schema/generated/types.ts';
import { ageColumn, column, nameColumn } from '../columns.ts';
import type { Incomplete } from '../incomplete.ts';
import type { Strategy } from '../resource.ts';
import { withStatus } from '../strategy.ts';
import { mandatoryFlowControl } from './bootstrap.ts';
import { conditionErrors } from './conditions.ts';

type Level = Incomplete<V1PriorityLevelConfiguration>;

const sharesDefault = 30;
const queuesMax = 10_000_000;
/** Bits that the hash of a flow gives for dealing hands of queues. */
const hashBitsMax = 60;

function setDefaults({ spec }: Level): void {
    if (spec === undefined) return;
    if (spec.type === 'Exempt') spec.exempt ??= {};
    if (spec.exempt !== undefined) {
        spec.exempt.nominalConcurrencyShares ??= 0;
        spec.exempt.lendablePercent ??= 0;
    }
    if (spec.limited === undefined) return;
    spec.limited.nominalConcurrencyShares ??= sharesDefault;
    spec.limited.lendablePercent ??= 0;
    const queuing = spec.limited.limitResponse?.queuing;
    if (queuing === undefined) return;
    queuing.queues ||= 64;
    queuing.handSize ||= 8;
    queuing.queueLengthLimit ||= 50;
}

function validate(level: Level): FieldError[] {
    const { spec = {}, metadata } = level;
    const name = metadata?.name ?? '';
    const errors: FieldError[] = [];
    if ((name === 'exempt') !== (spec.type === 'Exempt')) {
        const detail = "type must be 'Exempt' if and only if name is 'exempt'";
        errors.push(fieldErrors.invalid('spec.type', spec.type ?? '', detail));
    }
    errors.push(...typeErrors(spec));
    const mandatory = mandatoryFlowControl.priorityLevels.find((one) => one.metadata?.name === name);
    if (mandatory !== undefined && !semanticEqual(comparable(spec), comparable(mandatory.spec ?? {}))) {
        errors.push(fieldErrors.invalid('spec', spec, `spec of '${name}' must equal the fixed value`));
    }
    return [...errors, ...conditionErrors(level.status?.conditions)];
}

/** Shares and lending of the exempt level are an administrator's to choose. */
function comparable(spec: NonNullable<Level['spec']>): object {
    return spec.type === 'Exempt' ? { ...spec, exempt: undefined } : spec;
}

function typeErrors({ type = '', limited, exempt }: NonNullable<Level['spec']>): FieldError[] {
    switch (type) {
        case 'Exempt':
            return [
                ...(limited === undefined
                    ? []
                    : [fieldErrors.forbidden('spec.limited', 'must be nil if the type is not Limited')]),
                ...(exempt === undefined
                    ? [fieldErrors.required('spec.exempt', 'must not be empty when type is Exempt')]
                    : exemptErrors(exempt)),
            ];
        case 'Limited':
            return [
                ...(exempt === undefined
                    ? []
                    : [fieldErrors.forbidden('spec.exempt', 'must be nil if the type is Limited')]),
                ...(limited === undefined
                    ? [fieldErrors.required('spec.limited', 'must not be empty when type is Limited')]
                    : limitedErrors(limited)),
            ];
        default:
            return [fieldErrors.notSupported('spec.type', type, ['Exempt', 'Limited'])];
    }
}

function exemptErrors(exempt: Incomplete<V1ExemptPriorityLevelConfiguration>): FieldError[] {
    return [
        ...nonNegativeErrors(
            exempt.nominalConcurrencyShares,
            'spec.exempt.nominalConcurrencyShares',
            'must be a non-negative integer',
        ),
        ...percentErrors(exempt.lendablePercent, 'spec.exempt.lendablePercent'),
    ];
}

function limitedErrors(limited: Incomplete<V1LimitedPriorityLevelConfiguration>): FieldError[] {
    return [
        ...nonNegativeErrors(
            limited.nominalConcurrencyShares,
            'spec.limited.nominalConcurrencyShares',
            'must be a non-negative integer',
        ),
        ...responseErrors(limited.limitResponse ?? {}, 'spec.limited.limitResponse'),
        ...percentErrors(limited.lendablePercent, 'spec.limited.lendablePercent'),
        ...nonNegativeErrors(
            limited.borrowingLimitPercent,
            'spec.limited.borrowingLimitPercent',
            'if specified, must be a non-negative integer',
        ),
    ];
}

function nonNegativeErrors(value: number | undefined, path: string, detail: string): FieldError[] {
    return value !== undefined && value < 0 ? [fieldErrors.invalid(path, value, detail)] : [];
}

function percentErrors(value: number | undefined, path: string): FieldError[] {
    return value !== undefined && (value < 0 || value > 100)
        ? [fieldErrors.invalid(path, value, 'must be between 0 and 100, inclusive')]
        : [];
}

function responseErrors({ type = '', queuing }: Incomplete<V1LimitResponse>, path: string): FieldError[] {
    switch (type) {
        case 'Reject': {
            const detail = 'must be nil if limited.limitResponse.type is not Limited';
            return queuing === undefined ? [] : [fieldErrors.forbidden(`${path}.queuing`, detail)];
        }
        case 'Queue': {
            const detail = 'must not be empty if limited.limitResponse.type is Limited';
            return queuing === undefined
                ? [fieldErrors.required(`${path}.queuing`, detail)]
                : queuingErrors(queuing, `${path}.queuing`);
        }
        default:
            return [fieldErrors.notSupported(`${path}.type`, type, ['Queue', 'Reject'])];
    }
}

function queuingErrors(queuing: Incomplete<V1QueuingConfiguration>, path: string): FieldError[] {
    const { queueLengthLimit = 0, queues = 0, handSize = 0 } = queuing;
    const errors: FieldError[] = [];
    const invalid = (field: string, value: number, detail: string): void => {
        errors.push(fieldErrors.invalid(`${path}.${field}`, value, detail));
    };
    if (queueLengthLimit <= 0) invalid('queueLengthLimit', queueLengthLimit, 'must be positive');
    if (queues <= 0) invalid('queues', queues, 'must be positive');
    else if (queues > queuesMax) invalid('queues', queues, `must not be greater than ${queuesMax}`);
    if (handSize <= 0) invalid('handSize', handSize, 'must be positive');
    else if (handSize > queues) {
        invalid('handSize', handSize, `should not be greater than queues (${queues})`);
    } else {
        const bits = requiredEntropyBits(queues, handSize);
        if (bits > hashBitsMax) {
            const detail = `required entropy bits of deckSize ${queues} and handSize ${handSize} should not be greater than ${hashBitsMax}`;
            invalid('handSize', handSize, detail);
        }
    }
    return errors;
}

/** Bits that a number needs to tell all ordered hands of a deck apart. */
export function requiredEntropyBits(deckSize: number, handSize: number): number {
    let bits = 0;
    // Each card adds at least one bit but for the last two of a deck: more cards cannot pass.
    for (let i = 0; i < Math.min(handSize, 128); i++) bits += Math.log2(deckSize - i);
    return Math.ceil(bits);
}

const queuingOf = ({ spec }: Level): Incomplete<V1QueuingConfiguration> | undefined =>
    spec?.limited?.limitResponse?.queuing;

export const priorityLevelStrategy: Strategy<Level> = withStatus<Level>({
    hasGeneration: true,
    statusKeepsMetadata: true,
    defaults: setDefaults,
    validate,
    validateUpdate: (level) => validate(level),
    validateStatusUpdate: ({ status }) => conditionErrors(status?.conditions),
    columns: [
        nameColumn,
        column('Type', ({ spec }) => spec?.type ?? ''),
        column('NominalConcurrencyShares', ({ spec }) => spec?.limited?.nominalConcurrencyShares ?? '<none>'),
        column('Queues', (level) => queuingOf(level)?.queues ?? '<none>'),
        column('HandSize', (level) => queuingOf(level)?.handSize ?? '<none>'),
        column('QueueLengthLimit', (level) => queuingOf(level)?.queueLengthLimit ?? '<none>'),
        ageColumn,
    ],
});
