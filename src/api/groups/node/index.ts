import type { V1RuntimeClass } from '../../meta/object.ts';
import { ageColumn, column, nameColumn } from '../columns.ts';
import { deprecatedNodeLabel } from '../node-label-warnings.ts';
import type { Strategy } from '../resource.ts';
import { dnsLabel, immutable, isBlank } from '../validation/basic.ts';
import { fieldErrors } from '../../meta/field-error.ts';

/** Pods of the class are sent to nodes by labels that may be of the past. */
function runtimeClassWarnings({ scheduling }: V1RuntimeClass): string[] {
    return Object.keys(scheduling?.nodeSelector ?? {}).flatMap((key) => {
        const deprecated = deprecatedNodeLabel(key);
        return deprecated === undefined ? [] : [`scheduling.nodeSelector: ${deprecated}`];
    });
}

const runtimeClassStrategy: Strategy<V1RuntimeClass> = {
    validate: ({ handler }) =>
        isBlank(handler) ? [fieldErrors.required('handler')] : dnsLabel(handler, 'handler'),
    validateUpdate: (runtimeClass, old) => immutable(runtimeClass.handler, old.handler, 'handler'),
    warnings: runtimeClassWarnings,
    columns: [nameColumn, column('Handler', ({ handler }) => handler), ageColumn],
};

export const nodeStrategies: Readonly<Record<string, Strategy>> = { runtimeclasses: runtimeClassStrategy };
