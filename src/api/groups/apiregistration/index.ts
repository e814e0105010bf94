import { getCondition } from '../../meta/conditions.ts';
import { type FieldError, fieldErrors } from '../../meta/field-error.ts';
import type { V1APIService } from '../../meta/object.ts';
import { ageColumn, column, nameColumn } from '../columns.ts';
import type { Strategy } from '../resource.ts';
import { withStatus } from '../strategy.ts';
import { required } from '../validation/basic.ts';

function validateService({ metadata, spec }: V1APIService): FieldError[] {
    const expected = `${spec?.version ?? ''}.${spec?.group ?? ''}`;
    return [
        ...(metadata?.name === expected || metadata?.name === `${expected}.`
            ? []
            : [
                  fieldErrors.invalid(
                      'metadata.name',
                      metadata?.name,
                      `must be \`spec.version+"."+spec.group\`: ${JSON.stringify(expected)}`,
                  ),
              ]),
        ...required(spec?.version, 'spec.version'),
        ...(spec?.service === undefined
            ? []
            : [
                  ...required(spec.service.namespace, 'spec.service.namespace'),
                  ...required(spec.service.name, 'spec.service.name'),
              ]),
    ];
}

function availableText({ status }: V1APIService): string {
    const available = getCondition(status?.conditions, 'Available');
    if (available === undefined) return 'Unknown';
    return available.status === 'True' ? 'True' : `${available.status} (${available.reason ?? ''})`;
}

const apiServiceStrategy: Strategy<V1APIService> = withStatus<V1APIService>({
    nameFormat: 'pathSegment',
    defaults({ spec }) {
        if (spec?.service !== undefined) spec.service.port ??= 443;
    },
    validate: validateService,
    validateUpdate: (service) => validateService(service),
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
