import { emptySet, isShared } from './shared-nodes.ts';
import type { FieldSet } from './field-set.ts';
import { remembered } from './remembered.ts';

/** Characters of the texts of one generation; what was not asked for while so many were new is forgotten. */
const generationChars = 256 * 1024;

let recent = new Map<FieldSet, string>();
let older = new Map<FieldSet, string>();
let recentChars = 0;

const quoted = remembered((element) => JSON.stringify(element));

/**
 * What `JSON.stringify` makes of FieldsV1. Of a set of shared nodes most is known from the objects before: it is the
 * larger part of many an object, and slow to write.
 */
export function fieldsText(fields: object): string {
    return isShared(fields as FieldSet) ? textOf(fields as FieldSet) : JSON.stringify(fields);
}

function textOf(node: FieldSet): string {
    if (node === emptySet) return '{}';
    const known = recent.get(node);
    if (known !== undefined) return known;
    const text = older.get(node) ?? written(node);
    if (recentChars > generationChars) {
        older = recent;
        recent = new Map();
        recentChars = 0;
    }
    recent.set(node, text);
    recentChars += text.length;
    return text;
}

function written(node: FieldSet): string {
    const members: string[] = [];
    for (const element in node) members.push(`${quoted(element)}:${textOf(node[element] ?? emptySet)}`);
    return `{${members.join(',')}}`;
}
