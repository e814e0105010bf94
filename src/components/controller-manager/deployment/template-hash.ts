import { semanticEqual } from '../../../api/meta/deep.ts';
import type { V1PodTemplateSpec } from '../../../api/meta/object.ts';

export const podTemplateHashLabel = 'pod-template-hash';

/** Without vowels and characters that look alike, so that no words come out (upstream's rand.SafeEncodeString). */
const alphabet = 'bcdfghjklmnpqrstvwxz2456789';

/** FNV-1a with 32 bits: offset basis and prime (RFC 9923). */
const fnvOffset = 0x811c9dc5;
const fnvPrime = 0x01000193;

/**
 * The hash that names a template's ReplicaSet. It depends on content only: key order and fields that
 * are absent or empty do not count. `collisionCount` gives another hash for the same template.
 */
export function podTemplateHash(template: V1PodTemplateSpec, collisionCount: number | undefined): string {
    let hash = fnvOffset;
    const suffix = collisionCount === undefined ? '' : `#${collisionCount}`;
    for (const byte of Buffer.from(canonical(template) + suffix)) {
        hash = Math.imul(hash ^ byte, fnvPrime) >>> 0;
    }
    return safeEncode(String(hash));
}

/** Each character becomes one of the alphabet, by its code. */
export function safeEncode(text: string): string {
    return Array.from(text, (char) => alphabet[char.charCodeAt(0) % alphabet.length] ?? '').join('');
}

/** JSON with sorted keys, without what is null or empty. */
function canonical(value: unknown): string {
    if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
    if (typeof value !== 'object' || value === null) return JSON.stringify(value);
    const entries = Object.entries(value as Record<string, unknown>)
        .filter(([, v]) => !isEmpty(v))
        .sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${entries.map(([k, v]) => `${JSON.stringify(k)}:${canonical(v)}`).join(',')}}`;
}

function isEmpty(value: unknown): boolean {
    if (value === undefined || value === null) return true;
    if (Array.isArray(value)) return value.length === 0;
    return typeof value === 'object' && Object.keys(value).length === 0;
}

/** True when two templates differ in nothing but the hash label. */
export function sameTemplate(a: V1PodTemplateSpec | undefined, b: V1PodTemplateSpec | undefined): boolean {
    return semanticEqual(withoutHash(a), withoutHash(b));
}

function withoutHash(template: V1PodTemplateSpec | undefined): V1PodTemplateSpec | undefined {
    if (template?.metadata?.labels?.[podTemplateHashLabel] === undefined) return template;
    const { [podTemplateHashLabel]: _hash, ...labels } = template.metadata.labels;
    return { ...template, metadata: { ...template.metadata, labels } };
}
