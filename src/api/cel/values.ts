import type { CelType, ListIdentity } from './cel.ts';
import { adapt } from './adapt.ts';

/** Values while an expression is evaluated: int is bigint, double is number. */
export type Value =
    | null
    | boolean
    | bigint
    | number
    | string
    | Uint8Array
    | Uint
    | Timestamp
    | Duration
    | Optional
    | TypeValue
    | Opaque
    | List
    | JsonMap
    | EntryMap;

export type MapValue = JsonMap | EntryMap;

/** What an expression does wrong with its data: the error that `&&` and `||` may absorb. */
export class EvaluationError extends Error {}

/** The cost limit is reached: ends the evaluation whatever is around it. */
export class BudgetExceeded extends Error {}

/** Counts what an evaluation costs. */
export class Meter {
    cost = 0;
    readonly #limit: number;

    constructor(limit: number) {
        this.#limit = limit;
    }

    /** @throws BudgetExceeded */
    charge(units: number): void {
        this.cost += units;
        if (this.cost > this.#limit)
            throw new BudgetExceeded('operation cancelled: actual cost limit exceeded');
    }

    /** For what is walked element by element: ten cost one unit, as characters do. */
    visit(elements = 1): void {
        this.charge(elements / 10);
    }
}

export class Uint {
    readonly value: bigint;

    constructor(value: bigint) {
        this.value = value;
    }
}

/** Nanoseconds since 1970. */
export class Timestamp {
    readonly nanos: bigint;

    constructor(nanos: bigint) {
        this.nanos = nanos;
    }
}

/** Nanoseconds. */
export class Duration {
    readonly nanos: bigint;

    constructor(nanos: bigint) {
        this.nanos = nanos;
    }
}

export class Optional {
    static readonly none = new Optional(undefined);
    readonly value: Value | undefined;

    constructor(value: Value | undefined) {
        this.value = value;
    }
}

/** What `type(x)` gives; types are compared by name. */
export class TypeValue {
    readonly name: string;

    constructor(name: string) {
        this.name = name;
    }
}

/** A value of a library or of the host. Those with a text are equal when their texts are, others when identical. */
export class Opaque {
    readonly typeName: string;
    readonly value: unknown;
    readonly text: string | undefined;

    constructor(typeName: string, value: unknown, text?: string) {
        this.typeName = typeName;
        this.value = value;
        this.text = text;
    }
}

/** Elements are values, or JSON that becomes values of the element type as they are read. */
export class List {
    /** Of lists whose order does not count. */
    readonly identity: ListIdentity | undefined;
    readonly #items: readonly unknown[];
    readonly #element: CelType | undefined;

    private constructor(
        items: readonly unknown[],
        element: CelType | undefined,
        identity: ListIdentity | undefined,
    ) {
        this.#items = items;
        this.#element = element;
        this.identity = identity;
    }

    static of(values: readonly Value[], identity?: ListIdentity): List {
        return new List(values, undefined, identity);
    }

    static ofJson(items: readonly unknown[], element: CelType, identity?: ListIdentity): List {
        return new List(items, element, identity);
    }

    get size(): number {
        return this.#items.length;
    }

    /** The index must be within the list. */
    at(index: number): Value {
        const item = this.#items[index];
        return this.#element ? adapt(item, this.#element) : (item as Value);
    }

    *[Symbol.iterator](): Generator<Value> {
        for (let index = 0; index < this.size; index++) yield this.at(index);
    }
}

/** A JSON object: of a declared type, or a map with texts as keys. */
export class JsonMap {
    readonly json: Readonly<Record<string, unknown>>;
    readonly #typeOf: (key: string) => CelType | undefined;
    #keys: string[] | undefined;

    /** Keys without a type are not seen. */
    constructor(json: Readonly<Record<string, unknown>>, typeOf: (key: string) => CelType | undefined) {
        this.json = json;
        this.#typeOf = typeOf;
    }

    get size(): number {
        return this.keys().length;
    }

    keys(): readonly string[] {
        this.#keys ??= Object.keys(this.json).filter(
            (key) => this.json[key] !== undefined && this.#typeOf(key) !== undefined,
        );
        return this.#keys;
    }

    get(key: Value): Value | undefined {
        if (typeof key !== 'string' || !Object.hasOwn(this.json, key)) return undefined;
        const type = this.#typeOf(key);
        const value = this.json[key];
        return type && value !== undefined ? adapt(value, type) : undefined;
    }
}

/** What a map literal gives. Numbers of different types that are equal are the same key. */
export class EntryMap {
    readonly #entries = new Map<string | boolean | bigint | number, readonly [Value, Value]>();

    get size(): number {
        return this.#entries.size;
    }

    keys(): Value[] {
        return [...this.#entries.values()].map(([key]) => key);
    }

    get(key: Value): Value | undefined {
        const identity = keyIdentity(key);
        return identity === undefined ? undefined : this.#entries.get(identity)?.[1];
    }

    /** @throws EvaluationError for what cannot be a key, and for a key that is there. */
    add(key: Value, value: Value): void {
        const identity = keyIdentity(key);
        if (identity === undefined || typeof key === 'number')
            throw new EvaluationError(`unsupported key type: ${typeNameOf(key)}`);
        if (this.#entries.has(identity))
            throw new EvaluationError(`insert failed: key ${keyText(key)} already exists`);
        this.#entries.set(identity, [key, value]);
    }
}

function keyIdentity(key: Value): string | boolean | bigint | number | undefined {
    if (typeof key === 'string' || typeof key === 'boolean' || typeof key === 'bigint') return key;
    if (key instanceof Uint) return key.value;
    return typeof key === 'number' && Number.isInteger(key) ? BigInt(key) : undefined;
}

/** A key as messages show it. */
export function keyText(key: Value): string {
    if (key instanceof Uint) return String(key.value);
    return typeof key === 'object' ? typeNameOf(key) : String(key);
}

export function isMap(value: Value): value is MapValue {
    return value instanceof JsonMap || value instanceof EntryMap;
}

/** What `type()` calls the type of a value. */
export function typeNameOf(value: Value): string {
    switch (typeof value) {
        case 'boolean':
            return 'bool';
        case 'bigint':
            return 'int';
        case 'number':
            return 'double';
        case 'string':
            return 'string';
        default:
    }
    if (value === null) return 'null_type';
    if (value instanceof Uint) return 'uint';
    if (value instanceof Uint8Array) return 'bytes';
    if (value instanceof Timestamp) return 'google.protobuf.Timestamp';
    if (value instanceof Duration) return 'google.protobuf.Duration';
    if (value instanceof List) return 'list';
    if (value instanceof Optional) return 'optional_type';
    if (value instanceof TypeValue) return 'type';
    return value instanceof Opaque ? value.typeName : 'map';
}

/** What cel-go takes as the size of a value when it charges for it. */
export function sizeOf(value: Value): number {
    if (typeof value === 'string') return value.length;
    if (value instanceof Uint8Array) return value.length;
    return value instanceof List || isMap(value) ? value.size : 1;
}
