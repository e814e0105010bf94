import { deepClone } from '../meta/deep.ts';
import type { ApiObject } from '../meta/object.ts';
import { compare } from './compare.ts';
import { extractSet } from './extract-set.ts';
import { difference, emptySet, type FieldSet, union } from './field-set.ts';
import type { WriteRules } from './updater.ts';

/** Where client-side `kubectl apply` keeps what it has applied. */
export const lastAppliedAnnotation = 'kubectl.kubernetes.io/last-applied-configuration';
/** The manager name of `kubectl apply --server-side`, which takes over from the annotation. */
export const kubectlManager = 'kubectl';
/** Of all annotations together. */
const annotationBytesMax = 256 * 1024;

export function lastAppliedOf(object: ApiObject): string | undefined {
    return object.metadata?.annotations?.[lastAppliedAnnotation];
}

/** What client-side apply has set and nobody has changed since: kubectl may take it without force. */
export function unchangedSinceLastApplied(rules: WriteRules, live: ApiObject, apiVersion: string): FieldSet {
    const text = lastAppliedOf(live);
    const applied = text === undefined ? undefined : parseObject(text);
    if (applied === undefined) return emptySet;
    const from = applied.apiVersion ?? apiVersion;
    const object = from === apiVersion ? applied : rules.typing.convert(applied, apiVersion);
    const schema = rules.typing.schemaOf(apiVersion);
    if (object === undefined || schema === undefined) return emptySet;
    const { added, modified, removed } = compare(schema, object, live);
    return difference(extractSet(schema, object), union(union(added, modified), removed));
}

function parseObject(text: string): ApiObject | undefined {
    try {
        const value = JSON.parse(text) as unknown;
        return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
    } catch {
        return undefined;
    }
}

/** The object with its annotation brought up to what was applied; without it where it grew too large. */
export function withLastApplied<T extends ApiObject>(object: T, applied: ApiObject): T {
    const configuration = deepClone(applied);
    if (configuration.metadata?.annotations !== undefined) {
        Reflect.deleteProperty(configuration.metadata.annotations, lastAppliedAnnotation);
        if (Object.keys(configuration.metadata.annotations).length === 0) {
            delete configuration.metadata.annotations;
        }
    }
    const annotations: Record<string, string> = {
        ...object.metadata?.annotations,
        [lastAppliedAnnotation]: `${JSON.stringify(sortKeys(configuration))}\n`,
    };
    const bytes = Object.entries(annotations).reduce(
        (sum, [name, value]) => sum + Buffer.byteLength(name) + Buffer.byteLength(value),
        0,
    );
    if (bytes > annotationBytesMax) Reflect.deleteProperty(annotations, lastAppliedAnnotation);
    return { ...object, metadata: { ...object.metadata, annotations } };
}

function sortKeys(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(sortKeys);
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return Object.fromEntries(entries.map(([key, member]) => [key, sortKeys(member)]));
}
