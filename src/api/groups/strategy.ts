import type { ApiObject } from '../meta/object.ts';
import { deepEqual } from '../meta/deep.ts';
import type { Strategy, WriteContext } from './resource.ts';

interface WithStatus extends ApiObject {
    status?: unknown;
}

/**
 * Adds to a strategy what kinds with a status have in common: a create starts with an empty status, and
 * a write to the main resource keeps the stored one. The strategy's own hooks run after that.
 */
export function withStatus<T extends WithStatus>(strategy: Strategy<T>): Strategy<T> {
    return {
        ...strategy,
        prepareForCreate(object, context) {
            if (strategy.hasGeneration === true) setGeneration(object, 1);
            object.status = {};
            strategy.prepareForCreate?.(object, context);
        },
        prepareForUpdate(object, old, context) {
            if (context.subresource === undefined) keepStatus(object, old);
            strategy.prepareForUpdate?.(object, old, context);
        },
    };
}

function keepStatus(object: WithStatus, old: WithStatus): void {
    if (old.status === undefined) delete object.status;
    else object.status = old.status;
}

export function setGeneration(object: ApiObject, generation: number): void {
    object.metadata ??= {};
    object.metadata.generation = generation;
}

/**
 * For kinds without `spec` whose generation moves all the same: hooks that increment it when one of
 * these top-level fields has changed.
 */
export function generationOf<T extends ApiObject>(
    ...fields: (keyof T & string)[]
): Required<Pick<Strategy<T>, 'prepareForCreate' | 'prepareForUpdate'>> {
    return {
        prepareForCreate(object: T, _context: WriteContext) {
            setGeneration(object, 1);
        },
        prepareForUpdate(object: T, old: T, _context: WriteContext) {
            const before = old.metadata?.generation ?? 1;
            const changed = fields.some((field) => !deepEqual(object[field], old[field]));
            setGeneration(object, changed ? before + 1 : before);
        },
    };
}

/** Hooks of kinds that have a `spec` and a generation but no status. */
export function startsGeneration(object: ApiObject, _context: WriteContext): void {
    setGeneration(object, 1);
}
