import type { CelType } from './cel.ts';

/** Types while an expression is checked: their names, their signatures, what may stand for what. */

export const dyn: CelType = { kind: 'dyn' };

export function listOf(of: CelType): CelType {
    return { kind: 'list', of };
}

export function mapOf(keys: CelType, of: CelType): CelType {
    return { kind: 'map', keys, of };
}

export function optionalOf(of: CelType): CelType {
    return { kind: 'opaque', name: 'optional_type', of };
}

/** What is inside of an optional type; undefined for other types. */
export function optionalContent(type: CelType): CelType | undefined {
    return type.kind === 'opaque' && type.name === 'optional_type' ? (type.of ?? dyn) : undefined;
}

/** The name of a type in messages. */
export function typeName(type: CelType): string {
    switch (type.kind) {
        case 'list':
            return `list(${typeName(type.of)})`;
        case 'map':
            return `map(${typeName(type.keys)}, ${typeName(type.of)})`;
        case 'object':
            return type.name ?? 'object';
        case 'opaque':
            return type.of ? `${type.name}(${typeName(type.of)})` : type.name;
        case 'type':
            return type.of ? `type(${typeName(type.of)})` : 'type';
        case 'parameter':
            return type.name;
        default:
            return type.kind;
    }
}

const opaqueNames: Readonly<Record<string, string>> = {
    Quantity: 'kubernetes.Quantity',
    URL: 'kubernetes.URL',
    IP: 'net.IP',
    CIDR: 'net.CIDR',
    Semver: 'kubernetes.Semver',
    Format: 'kubernetes.NamedFormat',
};

/** Reads types such as "map(string, list(T))"; one capital letter is a parameter. */
function readType(text: string): CelType {
    const [, head = '', , inner] = /^(\w+)(\((.*)\))?$/.exec(text) ?? [];
    const [first = dyn, second = dyn] = inner === undefined ? [] : splitTypes(inner).map(readType);
    const opaque = opaqueNames[head];
    if (opaque !== undefined) return { kind: 'opaque', name: opaque };
    if (/^[A-Z]$/.test(head)) return { kind: 'parameter', name: head };
    switch (head) {
        case 'list':
            return listOf(first);
        case 'map':
            return mapOf(first, second);
        case 'optional':
            return optionalOf(first);
        case 'type':
            return { kind: 'type', of: first };
        case 'dyn':
        case 'null':
        case 'bool':
        case 'int':
        case 'uint':
        case 'double':
        case 'string':
        case 'bytes':
        case 'timestamp':
        case 'duration':
            return { kind: head };
        default:
            throw new Error(`no type: ${text}`);
    }
}

function splitTypes(text: string): string[] {
    const parts: string[] = [];
    let depth = 0;
    let part = '';
    for (const char of text) {
        if (char === '(') depth++;
        if (char === ')') depth--;
        if (char === ',' && depth === 0) {
            parts.push(part.trim());
            part = '';
        } else part += char;
    }
    if (part.trim() !== '') parts.push(part.trim());
    return parts;
}

export interface Signature {
    name: string;
    /** The first parameter stands before the dot. */
    member: boolean;
    parameters: CelType[];
    result: CelType;
}

/** Reads "list(T).indexOf(T) int" and "sets.contains(list(T), list(T)) bool" (told apart by `member`). */
export function readSignature(text: string): Signature {
    const split = text.lastIndexOf(') ');
    const result = readType(text.slice(split + 2));
    const call = text.slice(0, split + 1);
    let depth = 0;
    let open = call.length - 1;
    for (; open >= 0; open--) {
        if (call.charAt(open) === ')') depth++;
        if (call.charAt(open) === '(' && --depth === 0) break;
    }
    const parameters = splitTypes(call.slice(open + 1, -1)).map(readType);
    const head = call.slice(0, open);
    const dot = head.lastIndexOf('.');
    const receiver =
        /^(?:[A-Z]\w*|(?:list|map|optional)\(.*\)|int|uint|double|string|bytes|timestamp|duration)$/;
    const before = head.slice(0, dot);
    if (dot > 0 && receiver.test(before))
        return {
            name: head.slice(dot + 1),
            member: true,
            parameters: [readType(before), ...parameters],
            result,
        };
    return { name: head, member: false, parameters, result };
}

/** Bindings of type parameters, made while the types of arguments are compared with a signature. */
export class Bindings {
    readonly #bound: Map<string, CelType>;

    constructor(bound?: Bindings) {
        this.#bound = new Map(bound ? bound.#bound : []);
    }

    /** The type with its parameters replaced; `free` stands for those that are bound to nothing. */
    resolve(type: CelType, free?: CelType): CelType {
        switch (type.kind) {
            case 'parameter': {
                const bound = this.#bound.get(type.name);
                return bound ? this.resolve(bound, free) : (free ?? type);
            }
            case 'list':
                return listOf(this.resolve(type.of, free));
            case 'map':
                return mapOf(this.resolve(type.keys, free), this.resolve(type.of, free));
            case 'opaque':
            case 'type':
                return type.of ? { ...type, of: this.resolve(type.of, free) } : type;
            default:
                return type;
        }
    }

    /** Whether a value of type `from` may stand where `to` is asked for; binds parameters of both. */
    assign(to: CelType, from: CelType): boolean {
        if (to.kind === 'parameter') return this.#assignParameter(to, from);
        if (from.kind === 'parameter') {
            const bound = this.#bound.get(from.name);
            if (bound) return this.assign(to, bound);
            if (!mentions(this.resolve(to), from.name)) this.#bound.set(from.name, to);
            return true;
        }
        if (to.kind === 'dyn' || from.kind === 'dyn') return true;
        if (from.kind === 'null') return isNullable(to);
        return this.#assignSame(to, from);
    }

    #assignParameter(to: Extract<CelType, { kind: 'parameter' }>, from: CelType): boolean {
        const known = this.resolve(from);
        if (known.kind === 'parameter' && known.name === to.name) return true;
        const bound = this.#bound.get(to.name);
        if (bound) {
            if (!this.assign(bound, from)) {
                // `null` first, something nullable behind it.
                if (bound.kind !== 'null' || !isNullable(known)) return false;
                this.#bound.set(to.name, from);
                return true;
            }
            if (isMoreGeneral(known, this.resolve(bound))) this.#bound.set(to.name, known);
            return true;
        }
        if (mentions(known, to.name)) return false;
        this.#bound.set(to.name, from);
        return true;
    }

    #assignSame(to: CelType, from: CelType): boolean {
        if (to.kind === 'list' && from.kind === 'list') return this.assign(to.of, from.of);
        if (to.kind === 'map' && from.kind === 'map')
            return this.assign(to.keys, from.keys) && this.assign(to.of, from.of);
        if (to.kind === 'opaque' && from.kind === 'opaque')
            return to.name === from.name && (!to.of || !from.of || this.assign(to.of, from.of));
        if (to.kind === 'object' && from.kind === 'object') return sameObject(to, from);
        return to.kind === from.kind;
    }
}

function mentions(type: CelType, parameter: string): boolean {
    if (type.kind === 'parameter') return type.name === parameter;
    if (type.kind === 'map') return mentions(type.keys, parameter) || mentions(type.of, parameter);
    if (type.kind === 'list') return mentions(type.of, parameter);
    return (type.kind === 'opaque' || type.kind === 'type') && !!type.of && mentions(type.of, parameter);
}

function isNullable({ kind }: CelType): boolean {
    return ['null', 'object', 'opaque', 'timestamp', 'duration', 'dyn'].includes(kind);
}

function isMoreGeneral(a: CelType, b: CelType): boolean {
    if (a.kind === 'dyn') return b.kind !== 'dyn';
    if (a.kind === 'list' && b.kind === 'list') return isMoreGeneral(a.of, b.of);
    if (a.kind === 'map' && b.kind === 'map')
        return isMoreGeneral(a.keys, b.keys) || isMoreGeneral(a.of, b.of);
    if (a.kind === 'opaque' && b.kind === 'opaque') return !!a.of && !!b.of && isMoreGeneral(a.of, b.of);
    return false;
}

type ObjectType = Extract<CelType, { kind: 'object' }>;

const comparedMax = 32;

/** By name where both have one, else field by field. */
function sameObject(a: ObjectType, b: ObjectType, depth = 0): boolean {
    if (a === b || depth > comparedMax) return true;
    if (a.name !== undefined && b.name !== undefined) return a.name === b.name;
    const names = Object.keys(a.fields);
    return (
        names.length === Object.keys(b.fields).length &&
        names.every((name) => {
            const [first, second] = [a.fields[name], b.fields[name]];
            return !!first && !!second && sameType(first, second, depth + 1);
        })
    );
}

/** Whether two types are one and the same. */
export function sameType(a: CelType, b: CelType, depth = 0): boolean {
    if (a === b) return true;
    if (a.kind === 'object' && b.kind === 'object') return sameObject(a, b, depth);
    if (a.kind === 'list' && b.kind === 'list') return sameType(a.of, b.of, depth);
    if (a.kind === 'map' && b.kind === 'map')
        return sameType(a.keys, b.keys, depth) && sameType(a.of, b.of, depth);
    if (a.kind === 'opaque' && b.kind === 'opaque')
        return a.name === b.name && sameType(a.of ?? dyn, b.of ?? dyn, depth);
    if (a.kind === 'parameter' && b.kind === 'parameter') return a.name === b.name;
    return a.kind === b.kind;
}
