import { type FieldError, fieldErrors } from '../../meta/field-error.ts';
import type { V1FlowSchema, V1PriorityLevelConfiguration } from '../../meta/object.ts';
import { ageColumn, column, nameColumn } from '../columns.ts';
import type { Strategy } from '../resource.ts';
import { withStatus } from '../strategy.ts';
import { inRange, oneOf, required } from '../validation/basic.ts';
import type { Incomplete } from '../incomplete.ts';

const precedenceDefault = 1000;
const precedenceMax = 10_000;

const flowSchemaStrategy: Strategy<Incomplete<V1FlowSchema>> = withStatus<Incomplete<V1FlowSchema>>({
    hasGeneration: true,
    defaults({ spec }) {
        if (spec !== undefined) spec.matchingPrecedence ??= precedenceDefault;
    },
    validate: ({ spec }) => [
        ...required(spec?.priorityLevelConfiguration?.name, 'spec.priorityLevelConfiguration.name'),
        ...inRange(spec?.matchingPrecedence, 'spec.matchingPrecedence', { low: 1, high: precedenceMax }),
    ],
    columns: [
        nameColumn,
        column('PriorityLevel', ({ spec }) => spec?.priorityLevelConfiguration?.name ?? ''),
        column('MatchingPrecedence', ({ spec }) => spec?.matchingPrecedence ?? 0),
        column('DistinguisherMethod', ({ spec }) => spec?.distinguisherMethod?.type ?? '<none>'),
        ageColumn,
        column(
            'MissingPL',
            ({ status }) => status?.conditions?.find(({ type }) => type === 'Dangling')?.status ?? '?',
        ),
    ],
});

function defaultLevel({ spec }: Incomplete<V1PriorityLevelConfiguration>): void {
    if (spec?.exempt !== undefined) {
        spec.exempt.nominalConcurrencyShares ??= 0;
        spec.exempt.lendablePercent ??= 0;
    }
    if (spec?.limited === undefined) return;
    spec.limited.nominalConcurrencyShares ??= 30;
    spec.limited.lendablePercent ??= 0;
    const queuing = spec.limited.limitResponse?.queuing;
    if (queuing === undefined) return;
    queuing.queues ??= 64;
    queuing.handSize ??= 8;
    queuing.queueLengthLimit ??= 50;
}

function validateLevel({ spec }: Incomplete<V1PriorityLevelConfiguration>): FieldError[] {
    const errors = oneOf(spec?.type, 'spec.type', ['Exempt', 'Limited']);
    if (spec?.type === 'Limited' && spec.limited === undefined) {
        errors.push(fieldErrors.required('spec.limited', 'must not be empty when type is Limited'));
    }
    if (spec?.type === 'Exempt' && spec.limited !== undefined) {
        errors.push(fieldErrors.forbidden('spec.limited', 'must be nil if the type is not Limited'));
    }
    return errors;
}

const priorityLevelStrategy: Strategy<Incomplete<V1PriorityLevelConfiguration>> = withStatus<
    Incomplete<V1PriorityLevelConfiguration>
>({
    hasGeneration: true,
    defaults: defaultLevel,
    validate: validateLevel,
    validateUpdate: (level) => validateLevel(level),
    columns: [
        nameColumn,
        column('Type', ({ spec }) => spec?.type ?? ''),
        column('NominalConcurrencyShares', ({ spec }) => spec?.limited?.nominalConcurrencyShares ?? '<none>'),
        column('Queues', ({ spec }) => spec?.limited?.limitResponse?.queuing?.queues ?? '<none>'),
        column('HandSize', ({ spec }) => spec?.limited?.limitResponse?.queuing?.handSize ?? '<none>'),
        column(
            'QueueLengthLimit',
            ({ spec }) => spec?.limited?.limitResponse?.queuing?.queueLengthLimit ?? '<none>',
        ),
        ageColumn,
    ],
});

export const flowControlStrategies: Readonly<Record<string, Strategy>> = {
    flowschemas: flowSchemaStrategy,
    prioritylevelconfigurations: priorityLevelStrategy,
};
