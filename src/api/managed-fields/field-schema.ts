/**
 * What field management must know of a value's type: which parts of it are owned one by one. Types refer to
 * themselves, so members are asked for, not held.
 */
export type FieldSchema = ScalarSchema | MapSchema | ListSchema | UntypedSchema;

export interface ScalarSchema {
    readonly kind: 'scalar';
    readonly type: 'string' | 'numeric' | 'boolean' | 'untyped';
}

/** Structs and maps. */
export interface MapSchema {
    readonly kind: 'map';
    /** True: owned as a whole. */
    readonly atomic: boolean;
    /** A declared field. */
    field(name: string): FieldOfMap | undefined;
    /** What undeclared members are; undefined where there must be none. */
    readonly element: FieldSchema | undefined;
    /** Names of the fields that have `zero`. */
    readonly present: readonly string[];
    /** True where an empty one is not written: it disappears with its last member. */
    readonly omitEmpty?: boolean;
}

export interface FieldOfMap {
    readonly schema: FieldSchema;
    /** Stands for an absent key in a list that goes by this field. */
    readonly default?: unknown;
    /**
     * Set for a field that is always there, empty if nothing else: a struct that is no pointer ('struct') or a
     * list that is written even when it is null ('null').
     */
    readonly zero?: 'struct' | 'null' | undefined;
}

export interface ListSchema {
    readonly kind: 'list';
    readonly type: 'atomic' | 'set' | 'map';
    /** Of a list of type 'map'. */
    readonly keys: readonly string[];
    readonly items: FieldSchema;
    /** True where an empty one is not written: it disappears with its last item. */
    readonly omitEmpty?: boolean;
}

/** Any JSON: maps are owned by member, lists as a whole. */
export interface UntypedSchema {
    readonly kind: 'untyped';
}

export const untyped: UntypedSchema = { kind: 'untyped' };
export const untypedScalar: ScalarSchema = { kind: 'scalar', type: 'untyped' };
const untypedMap: MapSchema = {
    kind: 'map',
    atomic: false,
    field: () => undefined,
    element: untyped,
    present: [],
};
const untypedList: ListSchema = { kind: 'list', type: 'atomic', keys: [], items: untyped };

export type ConcreteSchema = ScalarSchema | MapSchema | ListSchema;
export type JsonMap = Readonly<Record<string, unknown>>;

export function isMap(value: unknown): value is JsonMap {
    return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What an untyped value turns out to be. */
export function concrete(schema: FieldSchema, value: unknown): ConcreteSchema {
    if (schema.kind !== 'untyped') return schema;
    if (Array.isArray(value)) return untypedList;
    return isMap(value) ? untypedMap : untypedScalar;
}

export function memberSchema(schema: MapSchema, name: string): FieldSchema | undefined {
    return schema.field(name)?.schema ?? schema.element;
}

/** Parts of a struct with these fields, for those who write a schema by hand or translate one. */
export interface MapParts {
    atomic?: boolean;
    fields?: Readonly<Record<string, FieldOfMap>> | ReadonlyMap<string, FieldOfMap>;
    element?: FieldSchema;
}

export function mapSchema({ atomic = false, fields = {}, element }: MapParts): MapSchema {
    const known: ReadonlyMap<string, FieldOfMap> =
        fields instanceof Map ? fields : new Map(Object.entries(fields));
    const present = [...known].filter(([, { zero }]) => zero !== undefined).map(([name]) => name);
    return { kind: 'map', atomic, field: (name) => known.get(name), element, present };
}

export function listSchema(
    items: FieldSchema,
    type: ListSchema['type'] = 'atomic',
    keys: readonly string[] = [],
): ListSchema {
    return { kind: 'list', type, keys, items };
}
