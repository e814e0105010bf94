import type { V1RuntimeClass } from '../../meta/object.ts';
import { ageColumn, column, nameColumn } from '../columns.ts';
import type { Strategy } from '../resource.ts';
import { dnsLabel, immutable, isBlank } from '../validation/basic.ts';
import { fieldErrors } from '../../meta/field-error.ts';

const runtimeClassStrategy: Strategy<V1RuntimeClass> = {
    validate: ({ handler }) =>
        isBlank(handler) ? [fieldErrors.required('handler')] : dnsLabel(handler, 'handler'),
    validateUpdate: (runtimeClass, old) => immutable(runtimeClass.handler, old.handler, 'handler'),
    columns: [nameColumn, column('Handler', ({ handler }) => handler), ageColumn],
};

export const nodeStrategies: Readonly<Record<string, Strategy>> = { runtimeclasses: runtimeClassStrategy };
