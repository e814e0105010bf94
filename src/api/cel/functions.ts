import type { CelType } from './cel.ts';
import { readSignature, type Signature } from './types.ts';
import {
    isMap,
    JsonMap,
    List,
    Opaque,
    Optional,
    type Meter,
    Timestamp,
    TypeValue,
    Uint,
    type Value,
} from './values.ts';
import { Duration } from './values.ts';

/** One way to call a function. */
export interface Overload extends Signature {
    /** Charged before the call, in cel-go's units. */
    cost: (...args: readonly Value[]) => number;
    call: (...args: readonly (Value | Meter)[]) => Value;
}

const nominalCost = () => 1;

/**
 * An overload, from its signature: `string.charAt(int) string` is called with a string and a bigint, and with the
 * meter behind them. `cost` gets the arguments; without it, a call costs 1.
 */
export function define(
    signature: string,
    call: (...args: never[]) => Value,
    cost: (...args: never[]) => number = nominalCost,
): Overload {
    return {
        ...readSignature(signature),
        call: call as Overload['call'],
        cost: cost as Overload['cost'],
    };
}

/** Whether a value may be an argument of this type; what is inside of lists and maps is not looked at. */
export function accepts(type: CelType, value: Value): boolean {
    switch (type.kind) {
        case 'dyn':
        case 'parameter':
            return true;
        case 'null':
            return value === null;
        case 'bool':
            return typeof value === 'boolean';
        case 'int':
            return typeof value === 'bigint';
        case 'uint':
            return value instanceof Uint;
        case 'double':
            return typeof value === 'number';
        case 'string':
            return typeof value === 'string';
        case 'bytes':
            return value instanceof Uint8Array;
        case 'timestamp':
            return value instanceof Timestamp;
        case 'duration':
            return value instanceof Duration;
        case 'list':
            return value instanceof List;
        case 'map':
            return typeof value === 'object' && isMap(value);
        case 'object':
            return value instanceof JsonMap;
        case 'type':
            return value instanceof TypeValue;
        case 'opaque':
            return type.name === 'optional_type'
                ? value instanceof Optional
                : value instanceof Opaque && value.typeName === type.name;
    }
}

/** Functions by name. */
export class FunctionTable {
    readonly #overloads: Map<string, Overload[]>;

    constructor(overloads: readonly Overload[], base?: FunctionTable) {
        this.#overloads = new Map(base ? base.#overloads : []);
        for (const overload of overloads)
            this.#overloads.set(overload.name, [...(this.#overloads.get(overload.name) ?? []), overload]);
    }

    /** Every overload of a name, members and others; undefined for a name that is none. */
    find(name: string): readonly Overload[] | undefined {
        return this.#overloads.get(name);
    }
}
