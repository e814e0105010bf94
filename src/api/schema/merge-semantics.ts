import { assert } from '../../util/assert.ts';
import { mergeSemanticsTable } from './merge-semantics-table.ts';

export type ListType = 'atomic' | 'set' | 'map';

/** How one field merges. What is absent has upstream's default: lists are atomic, maps granular. */
export interface FieldMerge {
    listType?: ListType;
    /** Keys of a list of type 'map'. */
    listMapKeys?: readonly string[];
    mapType?: 'atomic' | 'granular';
    patchStrategy?: readonly ('merge' | 'replace' | 'retainKeys')[];
    patchMergeKey?: string;
}

export interface TypeMerge {
    /** True when server-side apply takes values of this type as a whole. */
    atomic: boolean;
    fields: ReadonlyMap<string, FieldMerge>;
}

const fieldPattern = /^([\w-]+)(?::(\w+-map|\w*)(?:\(([\w,]+)\))?)?(?:\/([\w,]+)(?:\((\w+)\))?)?$/;

function parseField(text: string): [string, FieldMerge] {
    const match = fieldPattern.exec(text);
    assert(match, 'a field of the merge table is readable', { text });
    const [, name = '', kind = text.includes(':') ? '' : 'atomic', keys, strategy, key] = match;
    const merge: FieldMerge = {};
    if (kind.endsWith('-map')) merge.mapType = kind === 'atomic-map' ? 'atomic' : 'granular';
    else if (kind !== '') merge.listType = kind as ListType;
    if (keys !== undefined) merge.listMapKeys = keys.split(',');
    if (strategy !== undefined) merge.patchStrategy = strategy.split(',') as ('merge' | 'replace')[];
    if (key !== undefined) merge.patchMergeKey = key;
    return [name, merge];
}

function parseType(words: readonly string[]): TypeMerge {
    const fields = words.filter((word) => !word.startsWith('!')).map(parseField);
    return { atomic: words.includes('!atomic'), fields: new Map(fields) };
}

const unmarked: TypeMerge = { atomic: false, fields: new Map() };
let byType: Map<string, string> | undefined;
const parsed = new Map<string, TypeMerge>();

/** Each type's words, by published name; cheap to hold, and parsed per type on first use. */
function index(): Map<string, string> {
    const result = new Map<string, string>();
    for (const [pkg, text] of Object.entries(mergeSemanticsTable)) {
        for (const record of text.split(/\n\s+(?=[A-Z])/)) {
            const [kind, ...words] = record.trim().split(/\s+/);
            if (kind) result.set(`${pkg}.${kind}`, words.join(' '));
        }
    }
    return result;
}

/** The markers of a type, by its published name ("io.k8s.api.core.v1.PodSpec"). */
export function mergeSemantics(openapiName: string): TypeMerge {
    const known = parsed.get(openapiName);
    if (known) return known;
    byType ??= index();
    const words = byType.get(openapiName);
    if (words === undefined) return unmarked;
    const merge = parseType(words === '' ? [] : words.split(' '));
    parsed.set(openapiName, merge);
    return merge;
}
