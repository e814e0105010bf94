import type { ApiObject } from '../../../src/api/meta/object.ts';
import { type ExampleKind, examples, withMember } from './objects.ts';
import { invalid, type Refusal, type WrongRequest } from './wrong-request.ts';

/** [kind, member of the valid object, value (undefined: without it), field errors or a pattern of the message] */
export type ValidationRow = readonly [ExampleKind, string, unknown, ...(string[] | [RegExp])];

export function qualifiedKind({ apiVersion = '', kind = '' }: ApiObject): string {
    const [group = '', version] = apiVersion.split('/');
    return version === undefined ? kind : `${kind}.${group}`;
}

function refusal(kind: string, name: string, [first, ...more]: readonly (string | RegExp)[]): Refusal {
    return first instanceof RegExp
        ? { code: 422, reason: 'Invalid', message: first }
        : invalid(kind, name, first!, ...(more as string[]));
}

const titleOf = (kind: string, member: string, value: unknown): string =>
    `${kind} ${member} = ${(value === undefined ? 'nothing' : JSON.stringify(value)).slice(0, 60)}`;

/** New objects that are as the valid ones but for one member. */
export function creations(rows: readonly ValidationRow[]): WrongRequest[] {
    return rows.map(([kind, member, value, ...errors]) => {
        const { collection, object } = examples[kind];
        const name = object.metadata.name.replace('right', 'wrong');
        return {
            name: titleOf(kind, member, value),
            method: 'POST',
            path: collection,
            body: withMember(withMember(object, 'metadata.name', name), member, value),
            expect: refusal(qualifiedKind(object), name, errors),
        };
    });
}

/** Updates of the valid objects that change one member. */
export function updates(rows: readonly ValidationRow[]): WrongRequest[] {
    return rows.map(([kind, member, value, ...errors]) => {
        const { collection, object } = examples[kind];
        const { name } = object.metadata;
        return {
            name: `changed: ${titleOf(kind, member, value)}`,
            method: 'PUT',
            path: `${collection}/${name}`,
            body: withMember(object, member, value),
            isVersioned: true,
            expect: refusal(qualifiedKind(object), name, errors),
        };
    });
}
