import type { Draw } from './draw.ts';
import { mutate } from './mutate.ts';
import type { ServedResource } from './resources.ts';
import { type Json, type JsonObject, setMember, wildValue } from './values.ts';

export type PatchKind = 'json' | 'merge' | 'strategic';

export const patchTypes: Readonly<Record<PatchKind, string>> = {
    json: 'application/json-patch+json',
    merge: 'application/merge-patch+json',
    strategic: 'application/strategic-merge-patch+json',
};

/** The document of a patch for an object like `object`. */
export function patchOf(
    draw: Draw,
    kind: PatchKind,
    of: { object: JsonObject; resource: ServedResource },
): Json {
    if (kind === 'json') return jsonPatch(draw, of.object);
    const patch = draw.chance(30) ? structuredClone(of.object) : partOf(draw, of.object);
    for (let i = draw.below(3); i > 0; i--) mutate(draw, patch, of.resource.type);
    if (kind === 'strategic') for (let i = draw.below(3); i > 0; i--) addDirective(draw, patch);
    return patch;
}

const isObject = (value: Json | undefined): value is JsonObject =>
    typeof value === 'object' && value !== null && !Array.isArray(value);

/** Some of the members, and of those that are objects again some. */
function partOf(draw: Draw, object: JsonObject): JsonObject {
    const part: JsonObject = {};
    for (const [name, value] of Object.entries(object)) {
        if (!draw.chance(50)) continue;
        setMember(
            part,
            name,
            isObject(value) && draw.chance(70) ? partOf(draw, value) : structuredClone(value),
        );
    }
    return part;
}

const escape = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1');

/** A pointer into the object, mostly to what is there. */
function pointer(draw: Draw, object: JsonObject): string {
    if (draw.chance(8))
        return draw.pick([
            '',
            '/',
            'a',
            '/a/b/c',
            '/metadata/labels/~2',
            '/__proto__/x',
            '/constructor/prototype/x',
            '/metadata/annotations/a~1b',
        ]);
    let at: Json = object;
    let path = '';
    for (;;) {
        const steps: string[] = Array.isArray(at)
            ? [...at.map((_item, index) => String(index)), '-', '99', '-1', '01', 'x']
            : isObject(at)
              ? [...Object.keys(at), 'new']
              : [];
        if (steps.length === 0 || (path !== '' && draw.chance(25))) return path;
        const step = draw.pick(steps);
        path += `/${escape(step)}`;
        at = (at as Record<string, Json>)[step] ?? null;
    }
}

function jsonPatch(draw: Draw, object: JsonObject): Json {
    const operations = draw.some(4, (): Json => {
        const op = draw.pick(['add', 'replace', 'remove', 'test', 'copy', 'move', 'none']);
        const operation: JsonObject = { op, path: pointer(draw, object) };
        if (op === 'copy' || op === 'move') operation['from'] = pointer(draw, object);
        else if (op !== 'remove' && !draw.chance(5)) operation['value'] = wildValue(draw);
        if (draw.chance(4)) Reflect.deleteProperty(operation, draw.pick(['op', 'path', 'from', 'value']));
        return operation;
    });
    if (draw.chance(5)) return draw.pick<Json>([{}, null, [null], [1], [[]]]);
    // Doubles the object in itself again and again: bounded, or memory goes.
    if (draw.chance(2))
        return Array.from({ length: 60 }, () => ({ op: 'copy', from: '/metadata', path: '/metadata/x' }));
    return operations;
}

/** A directive of strategic merge patches somewhere in the patch, in a form that may be right. */
function addDirective(draw: Draw, patch: JsonObject): void {
    const inside = Object.entries(patch).filter(
        ([, value]) => isObject(value) || (Array.isArray(value) && value.some(isObject)),
    );
    if (inside.length > 0 && draw.chance(75)) {
        const value = draw.pick(inside)[1];
        const next = Array.isArray(value) ? draw.pick(value.filter(isObject)) : value;
        addDirective(draw, next as JsonObject);
        return;
    }
    const field = draw.pick([...Object.keys(patch), 'finalizers', 'containers', 'ports', 'none']);
    draw.oneOf([
        [
            3,
            () =>
                setMember(patch, '$patch', draw.pick<Json>(['replace', 'delete', 'merge', 'none', 1, null])),
        ],
        [
            2,
            () =>
                setMember(
                    patch,
                    '$retainKeys',
                    draw.pick<Json>([[field], [], null, 'a', [1], [{}], [field, 'none']]),
                ),
        ],
        [
            3,
            () =>
                setMember(
                    patch,
                    `$setElementOrder/${field}`,
                    draw.pick<Json>([[], null, [{ name: 'web' }], ['a', 'a'], [1], {}, [{}], [null]]),
                ),
        ],
        [
            2,
            () =>
                setMember(
                    patch,
                    `$deleteFromPrimitiveList/${field}`,
                    draw.pick<Json>([['a'], [], null, 'a', [{}], [1]]),
                ),
        ],
        [
            1,
            () =>
                setMember(
                    patch,
                    draw.pick(['$', '$none', '$setElementOrder', '$setElementOrder/', '$retainKeys/a']),
                    wildValue(draw),
                ),
        ],
    ]);
}
