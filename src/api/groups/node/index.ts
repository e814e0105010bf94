import { semanticEqual } from '../../meta/deep.ts';
import { type FieldError, fieldErrors } from '../../meta/field-error.ts';
import { validateLabels } from '../../meta/names.ts';
import type { V1RuntimeClass, V1Toleration } from '../../meta/object.ts';
import { ageColumn, column, nameColumn } from '../columns.ts';
import { validateTolerations } from '../core/pod/validation/scheduling.ts';
import type { Incomplete } from '../incomplete.ts';
import { deprecatedNodeLabel } from '../node-label-warnings.ts';
import type { Strategy } from '../resource.ts';
import { dnsLabel, each, immutable, isBlank, items } from '../validation/basic.ts';
import { validateResources } from '../validation/resources.ts';

/** Pods of the class are sent to nodes by labels that may be of the past. */
function runtimeClassWarnings({ scheduling }: V1RuntimeClass): string[] {
    return Object.keys(scheduling?.nodeSelector ?? {}).flatMap((key) => {
        const deprecated = deprecatedNodeLabel(key);
        return deprecated === undefined ? [] : [`scheduling.nodeSelector: ${deprecated}`];
    });
}

/** What pods of the class cost besides their containers; upstream checks it as limits of a container. */
function validateOverhead({ overhead }: Incomplete<V1RuntimeClass>): FieldError[] {
    const limits = overhead?.podFixed;
    return limits === undefined ? [] : validateResources({ limits }, 'overhead');
}

function validateScheduling({ scheduling }: Incomplete<V1RuntimeClass>): FieldError[] {
    const tolerations = scheduling?.tolerations as V1Toleration[] | undefined;
    const path = 'scheduling.tolerations';
    const isRepeated = (toleration: V1Toleration, index: number) =>
        items(tolerations)
            .slice(0, index)
            .some((earlier) => semanticEqual(earlier, toleration));
    return [
        ...validateLabels(scheduling?.nodeSelector, 'scheduling.nodeSelector'),
        ...validateTolerations(tolerations, path),
        ...each(tolerations, path, (toleration, itemPath, index) =>
            isRepeated(toleration, index) ? [fieldErrors.duplicate(itemPath, toleration)] : [],
        ),
    ];
}

function validateRuntimeClass(runtimeClass: V1RuntimeClass): FieldError[] {
    const { handler } = runtimeClass;
    return [
        ...(isBlank(handler) ? [fieldErrors.required('handler')] : dnsLabel(handler, 'handler')),
        ...validateOverhead(runtimeClass),
        ...validateScheduling(runtimeClass),
    ];
}

const runtimeClassStrategy: Strategy<V1RuntimeClass> = {
    allowUnconditionalUpdate: false,
    validate: validateRuntimeClass,
    validateUpdate: (runtimeClass, old) => immutable(runtimeClass.handler, old.handler, 'handler'),
    warnings: runtimeClassWarnings,
    columns: [nameColumn, column('Handler', ({ handler }) => handler), ageColumn],
};

export const nodeStrategies: Readonly<Record<string, Strategy>> = { runtimeclasses: runtimeClassStrategy };
