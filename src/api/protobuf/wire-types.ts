import { wireFieldLines } from './wire-fields.ts';

/** A field of a message: its JSON name and what its value is. */
export interface WireFieldType {
    name: string;
    shape: 'single' | 'repeated' | 'map';
    /** Of the value, or of each element or map value. */
    value: 'integer' | 'boolean' | 'string' | 'bytes' | 'double' | { message: string };
}

const values = { i: 'integer', b: 'boolean', s: 'string', y: 'bytes', d: 'double' } as const;

let lines: Map<string, string> | undefined;
const messages = new Map<string, ReadonlyMap<number, WireFieldType>>();

const expand = (text: string): string =>
    text.replaceAll('@', 'k8s.io.api.').replaceAll('~', 'k8s.io.apimachinery.pkg.apis.meta.v1.');

/** Fields by number; undefined for a message whose numbers are not known. */
export function wireMessage(name: string): ReadonlyMap<number, WireFieldType> | undefined {
    const known = messages.get(name);
    if (known !== undefined) return known;
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
    if (line === undefined) return undefined;
    const message = parseMessage(line);
    messages.set(name, message);
    return message;
}

function parseMessage(line: string): Map<number, WireFieldType> {
    const fields = new Map<number, WireFieldType>();
    for (const field of line.split(',')) {
        const [number = '', name = '', type = ''] = field.split(' ');
        if (number !== '') fields.set(Number(number), { name, ...parseType(type) });
    }
    return fields;
}

function parseType(text: string): Pick<WireFieldType, 'shape' | 'value'> {
    const shape = text.startsWith('*') ? 'repeated' : text.startsWith('%') ? 'map' : 'single';
    const rest = shape === 'single' ? text : text.slice(1);
    if (rest.startsWith(':')) return { shape, value: { message: expand(rest.slice(1)) } };
    return { shape, value: values[rest as keyof typeof values] };
}
