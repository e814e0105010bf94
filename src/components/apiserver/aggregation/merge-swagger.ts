import { deepClone, deepEqual, defineOwn } from '../../../api/meta/deep.ts';
import { gvkExtension } from '../../../api/schema/openapi/definitions.ts';
import type { SwaggerDocument } from '../../../api/schema/openapi-v2.ts';
import type { ForeignSwagger } from './swagger.ts';

type Section = Record<string, object>;

/**
 * Adds another server's paths, and what they refer to, to `target`. A path that is there stays as it is. A
 * definition or parameter that has the name of another one, and differs from it in more than its texts and the
 * kinds it is for, becomes "<name>_v2", or the first such name that is free.
 */
export function mergeSwagger(target: SwaggerDocument, source: ForeignSwagger): void {
    const paths = Object.entries(source.paths).filter(([path]) => !Object.hasOwn(target.paths, path));
    if (paths.length === 0) return;
    const renames = new Map([
        ...renamesOf(target.definitions, source.definitions, '#/definitions/'),
        ...renamesOf(target.parameters, source.parameters, '#/parameters/'),
    ]);
    mergeSection(target.definitions, source.definitions, { prefix: '#/definitions/', renames });
    mergeSection(target.parameters, source.parameters, { prefix: '#/parameters/', renames });
    for (const [path, item] of paths) defineOwn(target.paths, path, renamed(item, renames));
}

/** New references by old ones. */
function renamesOf(target: Section, source: Section, prefix: string): [string, string][] {
    const taken = new Set([...Object.keys(target), ...Object.keys(source)]);
    const renames: [string, string][] = [];
    for (const [name, value] of Object.entries(source)) {
        if (!Object.hasOwn(target, name) || isSame(target[name], value)) continue;
        let index = 2;
        const candidate = (): string => `${name}_v${index}`;
        while (taken.has(candidate()) && !isSame(target[candidate()], value)) index++;
        taken.add(candidate());
        renames.push([prefix + name, prefix + candidate()]);
    }
    return renames;
}

function mergeSection(
    target: Section,
    source: Section,
    { prefix, renames }: { prefix: string; renames: ReadonlyMap<string, string> },
): void {
    for (const [name, value] of Object.entries(source)) {
        const newName = renames.get(prefix + name)?.slice(prefix.length) ?? name;
        const present = Object.hasOwn(target, newName) ? target[newName] : undefined;
        defineOwn(
            target,
            newName,
            present === undefined ? renamed(value, renames) : withKindsOf(present, value),
        );
    }
}

const kindsOf = (value: object): unknown => (value as Record<string, unknown>)[gvkExtension];

/** Equal but for texts and the kinds that the definition is for. */
function isSame(a: object | undefined, b: object): boolean {
    return a !== undefined && deepEqual(comparable(a), comparable(b));
}

function comparable(value: object): unknown {
    const text = JSON.stringify({ ...value, [gvkExtension]: undefined }, (key, member: unknown) =>
        key === 'description' && typeof member === 'string' ? undefined : member,
    );
    return JSON.parse(text);
}

function withKindsOf(present: object, added: object): object {
    const [before, more] = [kindsOf(present), kindsOf(added)];
    if (!Array.isArray(more)) return present;
    const known: unknown[] = Array.isArray(before) ? before : [];
    const isNew = (kind: unknown): boolean => !known.some((one) => deepEqual(one, kind));
    const kinds = [...known, ...(more as unknown[]).filter(isNew)];
    return kinds.length === known.length ? present : { ...present, [gvkExtension]: kinds };
}

/** A copy with references to what was renamed. */
function renamed<T extends object>(value: T, renames: ReadonlyMap<string, string>): T {
    const copy = deepClone(value);
    if (renames.size > 0) rename(copy, renames);
    return copy;
}

function rename(value: unknown, renames: ReadonlyMap<string, string>): void {
    if (Array.isArray(value)) {
        for (const item of value) rename(item, renames);
        return;
    }
    if (typeof value !== 'object' || value === null) return;
    const record = value as Record<string, unknown>;
    for (const [key, member] of Object.entries(record)) {
        if (key !== '$ref' || typeof member !== 'string') rename(member, renames);
        else record[key] = renames.get(member) ?? member;
    }
}
