import { wireFieldLines } from './wire-fields.ts';

/**
 * What a zero ("", 0, false) means in a field of a Go struct: it was said (a pointer), it is nothing (plain,
 * and left out when zero), or it is what stands there when nothing was said (plain, and always written).
 */
export type Presence = 'said' | 'nothing-when-zero' | 'always';

/** A field of a message: its JSON name and what its value is. */
export interface WireFieldType {
    /** Of the field in JSON; `embedded` for a message whose fields stand in the outer object. */
    name: string;
    shape: 'single' | 'repeated' | 'map';
    /** Of the value, or of each element or map value. */
    value: 'integer' | 'boolean' | 'string' | 'bytes' | 'double' | { message: string };
    /** Set for single scalars. */
    presence: Presence | undefined;
}

export const embedded = '.';

const values = { i: 'integer', b: 'boolean', s: 'string', y: 'bytes', d: 'double' } as const;
const presences: Readonly<Record<string, Presence>> = { '?': 'said', '-': 'nothing-when-zero', '': 'always' };

let lines: Map<string, string> | undefined;
const messages = new Map<string, ReadonlyMap<number, WireFieldType>>();

const expand = (text: string): string =>
    text
        .replaceAll('@', 'k8s.io.api.')
        .replaceAll('~', 'k8s.io.apimachinery.pkg.apis.meta.v1.')
        .replaceAll('^', 'k8s.io.apiextensions-apiserver.pkg.apis.apiextensions.v1.');

/** The message of a type that OpenAPI calls "io.k8s.api.core.v1.Pod": "k8s.io.api.core.v1.Pod". */
export function messageNameOf(openapiName: string): string {
    return openapiName.replace(/^io\.k8s\./, 'k8s.io.');
}

/** Fields by number; undefined for a message whose numbers are not known. */
export function wireMessage(name: string): ReadonlyMap<number, WireFieldType> | undefined {
    const known = messages.get(name);
    if (known !== undefined) return known;
    const message = readMessage(name);
    if (message !== undefined) messages.set(name, message);
    return message;
}

/** Presence of each scalar field by its JSON name, those of embedded structs included. */
export function scalarPresence(name: string): Map<string, Presence> {
    const found = new Map<string, Presence>();
    for (const field of readMessage(name)?.values() ?? []) {
        if (field.name === embedded && typeof field.value === 'object')
            for (const [inner, presence] of scalarPresence(field.value.message)) found.set(inner, presence);
        else if (field.presence !== undefined) found.set(field.name, field.presence);
    }
    return found;
}

function readMessage(name: string): Map<number, WireFieldType> | undefined {
    lines ??= new Map(
        wireFieldLines
            .split('\n')
            .filter((line) => line !== '')
            .map((line) => {
                const equals = line.indexOf('=');
                return [expand(line.slice(0, equals)), line.slice(equals + 1)];
            }),
    );
    const line = lines.get(name);
    return line === undefined ? undefined : parseMessage(line);
}

function parseMessage(line: string): Map<number, WireFieldType> {
    const fields = new Map<number, WireFieldType>();
    for (const field of line.split(',')) {
        const [number = '', name = '', type = ''] = field.split(' ');
        if (number !== '') fields.set(Number(number), { name, ...parseType(type) });
    }
    return fields;
}

function parseType(text: string): Omit<WireFieldType, 'name'> {
    const shape = text.startsWith('*') ? 'repeated' : text.startsWith('%') ? 'map' : 'single';
    const rest = shape === 'single' ? text : text.slice(1);
    if (rest.startsWith(':')) {
        return { shape, value: { message: expand(rest.slice(1)) }, presence: undefined };
    }
    const value = values[rest.charAt(0) as keyof typeof values];
    return { shape, value, presence: shape === 'single' ? presences[rest.slice(1)] : undefined };
}
