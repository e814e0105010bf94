/** Structural equality and freezing of JSON values. */

type JsonRecord = Readonly<Record<string, unknown>>;

function isRecord(value: unknown): value is JsonRecord {
    return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function equalArrays(
    a: readonly unknown[],
    b: readonly unknown[],
    equal: (x: unknown, y: unknown) => boolean,
): boolean {
    if (a.length !== b.length) return false;
    for (let i = 0; i < a.length; i++) if (!equal(a[i], b[i])) return false;
    return true;
}

/** A member of its own: every record inherits a "constructor". */
export function memberOf<T>(record: Readonly<Record<string, T>>, key: string): T | undefined {
    return Object.hasOwn(record, key) ? record[key] : undefined;
}

/** Equal as JSON: a property that is undefined counts as absent, the order of keys does not matter. */
export function deepEqual(a: unknown, b: unknown): boolean {
    if (a === b) return true;
    if (Array.isArray(a)) return Array.isArray(b) && equalArrays(a, b, deepEqual);
    if (!isRecord(a) || !isRecord(b)) return false;
    for (const key in a) if (!deepEqual(a[key], memberOf(b, key))) return false;
    for (const key in b) if (b[key] !== undefined && memberOf(a, key) === undefined) return false;
    return true;
}

/** Nothing in it: absent, null, or an array or map without (non-empty) members of its own. */
function isEmpty(value: unknown): boolean {
    if (value === undefined || value === null) return true;
    if (Array.isArray(value)) return value.length === 0;
    if (!isRecord(value)) return false;
    for (const key in value) if (value[key] !== undefined) return false;
    return true;
}

/**
 * Upstream's equality.Semantic.DeepEqual on JSON: an empty list or map equals an absent one. Scalars are
 * compared as they are: "" and 0 differ from absent.
 */
export function semanticEqual(a: unknown, b: unknown): boolean {
    if (a === b) return true;
    if (isEmpty(a) && isEmpty(b)) return true;
    if (Array.isArray(a)) return Array.isArray(b) && equalArrays(a, b, semanticEqual);
    if (!isRecord(a) || !isRecord(b)) return false;
    for (const key in a) if (!semanticEqual(a[key], memberOf(b, key))) return false;
    for (const key in b) if (memberOf(a, key) === undefined && !isEmpty(b[key])) return false;
    return true;
}

/** Freezes a value with all that is in it, and returns it. Stops at what is already frozen. */
export function deepFreeze<T>(value: T): T {
    if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
    Object.freeze(value);
    for (const member of Object.values(value)) deepFreeze(member);
    return value;
}

/** A copy of a JSON value; properties that are undefined are left out. Faster than structuredClone. */
export function deepClone<T>(value: T): T {
    return cloneJson(value) as T;
}

function cloneJson(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(cloneJson);
    if (!isRecord(value)) return value;
    const copy: Record<string, unknown> = {};
    for (const key in value) {
        const member = value[key];
        if (member === undefined) continue;
        if (key === '__proto__') defineOwn(copy, key, cloneJson(member));
        else copy[key] = cloneJson(member);
    }
    return copy;
}

/** Sets a property even where its name is that of the prototype accessor. */
export function defineOwn(target: object, key: string, value: unknown): void {
    Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
}
