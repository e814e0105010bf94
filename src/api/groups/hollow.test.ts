import { describe, expect, it } from '@jest/globals';
import type { ApiObject } from '../meta/object.ts';
import { schema, type FieldType } from '../schema/schema.ts';
import { resourceDefinitions } from './index.ts';

/**
 * Requests may leave out whatever they like. A hollow object has every object and list down to a depth,
 * and nothing in them: no hook may fail on it other than by returning errors.
 */
function hollow(typeName: string, depth: number): Record<string, unknown> {
    const object: Record<string, unknown> = {};
    if (depth === 0) return object;
    for (const [name, { type }] of schema().type(typeName).fields) {
        const value = hollowValue(type, depth);
        if (value !== undefined) object[name] = value;
    }
    return object;
}

function hollowValue(type: FieldType, depth: number): unknown {
    switch (type.kind) {
        case 'ref':
            return hollow(type.type, depth - 1);
        case 'array': {
            const item = hollowValue(type.items, depth);
            return item === undefined ? [] : depth > 3 ? [item, item] : [item];
        }
        case 'map':
            return {};
        default:
            return undefined;
    }
}

const context = { now: '2026-01-01T00:00:00Z' };

describe('an object that has nothing in it but empty objects', () => {
    const cases = resourceDefinitions().flatMap((definition) =>
        [0, 1, 2, 3, 4, 5, 6, 7].map((depth) => ({
            definition,
            depth,
            name: `${definition.group}/${definition.version} ${definition.kind}`,
        })),
    );
    it.each(cases)(
        '$name, $depth deep, is refused or accepted, but never breaks the rules',
        ({ definition, depth }) => {
            const { strategy, type } = definition;
            const make = () =>
                ({ ...structuredClone(hollow(type, depth)), metadata: { name: 'x' } }) as ApiObject;
            const object = make();
            const old = make();
            for (const one of [object, old]) {
                strategy.defaults?.(one);
                strategy.prepareForCreate?.(one, context);
            }
            strategy.prepareForUpdate?.(object, old, context);
            const errors = [
                ...(strategy.validate?.(object) ?? []),
                ...(strategy.validateUpdate?.(object, old) ?? []),
                ...(strategy.validateStatusUpdate?.(object, old) ?? []),
            ];
            strategy.warnings?.(object, old);
            strategy.selectableFields?.(object);
            strategy.gracePeriodSeconds?.(object, undefined);
            for (const column of strategy.columns ?? []) column.value(object, 0);
            expect(errors.every(({ message }) => message !== '')).toBe(true);
        },
    );
});
