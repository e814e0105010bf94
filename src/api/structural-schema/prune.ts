import {
    isEmbedded,
    isRecord,
    joinPath,
    type JsonRecord,
    memberSchema,
    preservesUnknown,
    type StructuralSchema,
} from './schema.ts';

/** Paths of removed fields that are remembered. */
const prunedPathsMax = 100;
/** What every object has, whatever its schema says. */
const objectFields = ['apiVersion', 'kind', 'metadata'];

class Pruning {
    readonly paths: string[] = [];
    count = 0;

    removed(path: string): void {
        this.count++;
        if (this.paths.length < prunedPathsMax) this.paths.push(path);
    }
}

export interface Pruned {
    /** "spec.containers[0].foo", the first hundred. */
    paths: string[];
    /** Number of fields that were removed. */
    count: number;
}

/**
 * Removes in place what the schema does not specify (structural-schema pruning of apiextensions-apiserver).
 * The value is an object of its own: apiVersion, kind and metadata stay. Below
 * `x-kubernetes-preserve-unknown-fields` only what is specified again is pruned.
 */
export function prune(value: unknown, schema: StructuralSchema): Pruned {
    const pruning = new Pruning();
    pruneValue(value, schema, { pruning, path: '', isObject: true });
    return pruning;
}

interface At {
    pruning: Pruning;
    path: string;
    /** A Kubernetes object stands here: the root, or an embedded resource. */
    isObject: boolean;
}

function pruneValue(value: unknown, schema: StructuralSchema, at: At): void {
    const { pruning, path } = at;
    if (Array.isArray(value)) {
        const { items } = schema;
        if (items === undefined) {
            if (!preservesUnknown(schema)) pruneListOfAnything(value, at);
            return;
        }
        for (const [index, item] of value.entries())
            pruneValue(item, items, { pruning, path: joinPath(path, index), isObject: isEmbedded(items) });
    } else if (isRecord(value)) pruneRecord(value, schema, at);
}

/** A list whose items the schema does not describe: what is in them is unknown. */
function pruneListOfAnything(list: unknown[], { pruning, path }: At): void {
    for (const [index, item] of list.entries())
        pruneValue(item, {}, { pruning, path: joinPath(path, index), isObject: false });
}

function pruneRecord(value: JsonRecord, schema: StructuralSchema, { pruning, path, isObject }: At): void {
    const keeps = preservesUnknown(schema) || schema.additionalProperties === true;
    for (const name of Object.keys(value)) {
        if (isObject && objectFields.includes(name)) continue;
        const member = memberSchema(schema, name);
        const memberPath = joinPath(path, name);
        if (member !== undefined)
            pruneValue(value[name], member, { pruning, path: memberPath, isObject: isEmbedded(member) });
        else if (!keeps) {
            Reflect.deleteProperty(value, name);
            pruning.removed(memberPath);
        }
    }
}
