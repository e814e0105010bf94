import type { ApiObject } from '../meta/object.ts';
import type { Strategy, VersionConversion } from './resource.ts';

/**
 * The strategy of a version that is stored as another: every hook sees the object in the stored version,
 * and what it changes comes back in this one. So the rules exist once.
 */
export function convertedStrategy<T extends ApiObject, S extends ApiObject>(
    strategy: Strategy<S>,
    conversion: VersionConversion<T>,
): Strategy<T> {
    const to = (object: T) => conversion.toStored(object) as S;
    const write = (target: T, stored: S) => {
        const result = conversion.fromStored(stored) as Record<string, unknown>;
        const record = target as Record<string, unknown>;
        for (const key of Object.keys(record)) if (!(key in result)) Reflect.deleteProperty(record, key);
        Object.assign(record, result);
    };
    const change = (target: T, hook: (stored: S) => void) => {
        const stored = to(target);
        hook(stored);
        write(target, stored);
    };
    const result: Strategy<T> = {
        defaults: (object) => change(object, (stored) => strategy.defaults?.(stored)),
        prepareForCreate: (object, context) =>
            change(object, (stored) => strategy.prepareForCreate?.(stored, context)),
        prepareForUpdate: (object, old, context) =>
            change(object, (stored) => strategy.prepareForUpdate?.(stored, to(old), context)),
        validate: (object) => strategy.validate?.(to(object)) ?? [],
        validateUpdate: (object, old) => strategy.validateUpdate?.(to(object), to(old)) ?? [],
        validateStatusUpdate: (object, old) => strategy.validateStatusUpdate?.(to(object), to(old)) ?? [],
        selectableFields: (object) => strategy.selectableFields?.(to(object)) ?? {},
    };
    if (strategy.columns !== undefined) {
        result.columns = strategy.columns.map((column) => ({
            ...column,
            value: (object: T, nowMs: number) => column.value(to(object), nowMs),
        }));
    }
    const { allowCreateOnUpdate, hasGeneration, nameFormat } = strategy;
    return {
        ...result,
        ...(allowCreateOnUpdate === undefined ? {} : { allowCreateOnUpdate }),
        ...(hasGeneration === undefined ? {} : { hasGeneration }),
        ...(nameFormat === undefined ? {} : { nameFormat }),
    };
}
