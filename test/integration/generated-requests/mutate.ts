import { type FieldType, schema, type TypeSchema } from '../../../src/api/schema/schema.ts';
import type { Draw } from './draw.ts';
import { type Json, type JsonObject, setMember, valueOf, wildValue } from './values.ts';

const isObject = (value: Json | undefined): value is JsonObject =>
    typeof value === 'object' && value !== null && !Array.isArray(value);

/** Changes an object in one place: mostly to something of the field's type, sometimes to anything. */
export function mutate(draw: Draw, object: JsonObject, type: TypeSchema | undefined): void {
    mutateObject(draw, object, type === undefined ? undefined : { kind: 'ref', type: type.name });
}

function mutateObject(draw: Draw, object: JsonObject, type: FieldType | undefined): void {
    const fields = type?.kind === 'ref' ? schema().type(type.type).fields : undefined;
    const present = Object.keys(object);
    // Down into what is there, or a field that is not there yet.
    const isNew = present.length === 0 || draw.chance(35);
    const known = fields === undefined ? [] : [...fields.keys()];
    const name = isNew
        ? draw.pick(known.length > 0 ? known : ['spec', 'a', '__proto__'])
        : draw.pick(present);
    const fieldType = fields?.get(name)?.type ?? (type?.kind === 'map' ? type.values : undefined);
    const value = Object.hasOwn(object, name) ? object[name] : undefined;
    if (isObject(value) && draw.chance(85)) mutateObject(draw, value, fieldType);
    else if (Array.isArray(value) && value.length > 0 && draw.chance(85)) mutateArray(draw, value, fieldType);
    else changeMember(draw, object, { name, type: fieldType });
}

function mutateArray(draw: Draw, list: Json[], type: FieldType | undefined): void {
    const items = type?.kind === 'array' ? type.items : undefined;
    const at = draw.below(list.length);
    const item = list[at]!;
    draw.oneOf([
        [
            5,
            () =>
                isObject(item) ? mutateObject(draw, item, items) : void (list[at] = generated(draw, items)),
        ],
        [2, () => void list.push(generated(draw, items))],
        [1, () => void list.push(structuredClone(item))],
        [1, () => void list.splice(at, 1)],
        [1, () => void list.reverse()],
        [1, () => void (list[at] = null)],
        [1, () => void list.push(...Array.from({ length: 300 }, () => structuredClone(item)))],
    ]);
}

function changeMember(
    draw: Draw,
    object: JsonObject,
    member: { name: string; type: FieldType | undefined },
): void {
    const { name, type } = member;
    draw.oneOf([
        [6, () => setMember(object, name, generated(draw, type))],
        [1, () => setMember(object, name, null)],
        [1, () => void Reflect.deleteProperty(object, name)],
        [1, () => setMember(object, name, wildValue(draw))],
        [1, () => setMember(object, `${name}x`, wildValue(draw))],
        [1, () => setMember(object, name, draw.chance(50) ? {} : [])],
    ]);
}

const generated = (draw: Draw, type: FieldType | undefined): Json =>
    type === undefined ? wildValue(draw) : valueOf(draw, type);

const deep = (depth: number): string => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;

/** Text that no object serialises to: doubled keys, numbers beyond double, half surrogates, deep nesting, cut off. */
export function spoil(draw: Draw, text: string): string | Buffer {
    const insert = (member: string): string =>
        text.replace('{', text.trim() === '{}' ? `{${member}` : `{${member},`);
    const replaceOne = (pattern: RegExp, by: string): string => {
        const found = [...text.matchAll(pattern)];
        if (found.length === 0) return text;
        const { index, 0: match } = draw.pick(found);
        return text.slice(0, index) + by + text.slice(index + match.length);
    };
    return draw.oneOf<string | Buffer>([
        [
            2,
            () =>
                insert(
                    draw.pick([
                        '"metadata":{"name":"gen-b"}',
                        '"kind":"Pod"',
                        '"spec":null',
                        '"data":{"a":"\\ud800"}',
                    ]),
                ),
        ],
        [1, () => insert(`"__proto__":${draw.pick(['{"name":"gen-a"}', 'null', '1'])}`)],
        [1, () => insert(`"spec":${deep(draw.pick([50, 500, 20_000]))}`)],
        [
            2,
            () =>
                replaceOne(
                    /(?<=[:,[])-?\d+/g,
                    draw.pick(['1e400', '-0', '1.0', '123456789012345678901234567890', '01', '1e2']),
                ),
        ],
        [
            2,
            () =>
                replaceOne(
                    /"[^"\\]*"/g,
                    draw.pick(['"\\ud800"', '"\\u0000"', '"\\udc00a"', 'null', '[]', '{}', '"\\x"']),
                ),
        ],
        [1, () => text.slice(0, draw.below(text.length))],
        [1, () => `${text}${draw.pick([' ', '\n\n', '{}', ']', 'x', '\u0000'])}`],
        [
            1,
            () =>
                draw.pick([
                    '',
                    'null',
                    '[]',
                    '1',
                    '"a"',
                    '{',
                    '\ufeff{}',
                    '[[[[',
                    'a: [',
                    '- a\n- b',
                    '&a [*a]',
                    '---\n---\n',
                ]),
        ],
        [1, () => Buffer.from(draw.some(40, () => draw.below(256)))],
    ]);
}
