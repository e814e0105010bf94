import { isDeepStrictEqual } from 'node:util';
import { statusReasonCodes } from '../../../src/api/meta/status-error.ts';
import { collectionOf, type ServedResource } from './resources.ts';
import type { Step } from './scenario.ts';
import type { GeneratedAnswer } from './target.ts';

/** An object as the server gives it. */
export interface ServedObject {
    kind?: string;
    apiVersion?: string;
    metadata: {
        name: string;
        uid: string;
        resourceVersion: string;
        finalizers?: string[];
        deletionTimestamp?: string;
        managedFields?: unknown;
    };
    [member: string]: unknown;
}

/** What of a resource there is, by name. */
export type State = ReadonlyMap<string, ServedObject>;

/** Answers of 500 and above that upstream gives too, and why. */
const upstreamsOwn: readonly { matches: RegExp; why: string }[] = [
    {
        matches: /failed to create typed patch object/,
        why: 'server-side apply passes on errors of the typed value as they are',
    },
    {
        matches: /failed to create manager for existing fields/,
        why: 'managed fields are decoded before anything is validated',
    },
    {
        matches: /the spec replicas field ".*" does not exist/,
        why: 'a custom resource has a scale only while it has replicas',
    },
];

/** Written to by the server itself, at a time of its own. */
const settling = new Set([
    'CustomResourceDefinition',
    'FlowSchema',
    'PriorityLevelConfiguration',
    'ServiceCIDR',
]);

export const isSettling = ({ kind }: ServedResource): boolean => settling.has(kind);

/** Objects without what the answer to a request need not agree about with a later read. */
export function comparable(resource: ServedResource, object: ServedObject): object {
    const { kind: _kind, apiVersion: _apiVersion, ...rest } = object;
    if (!isSettling(resource)) return rest;
    const { name, uid } = object.metadata;
    return { ...rest, status: undefined, metadata: { name, uid } };
}

export function sameState(resource: ServedResource, left: State, right: State): boolean {
    if (left.size !== right.size) return false;
    for (const [name, object] of left) {
        const other = right.get(name);
        if (other === undefined) return false;
        if (!isDeepStrictEqual(comparable(resource, object), comparable(resource, other))) return false;
    }
    return true;
}

export function parseJson(text: string): unknown {
    try {
        return JSON.parse(text);
    } catch {
        return undefined;
    }
}

const isJson = ({ headers }: GeneratedAnswer): boolean =>
    /^application\/json/.test(String(headers['content-type'] ?? ''));

/** Of every answer: its code, and the form of its Status or object. */
export function complaintsAboutForm(step: Step, answer: GeneratedAnswer): string[] {
    const { code, text } = answer;
    if (code >= 500 && !upstreamsOwn.some(({ matches }) => matches.test(text)))
        return [`answered ${code}: ${text.slice(0, 600)}`];
    if (step.method === 'HEAD' || !/^\/apis?\//.test(step.path) || !isJson(answer)) return [];
    if (/[?&]watch=|\/watch\//.test(step.path) && code === 200) return [];
    const body = parseJson(text);
    if (typeof body !== 'object' || body === null)
        return [`answered ${code} and no JSON object: ${text.slice(0, 300)}`];
    const { kind, apiVersion } = body as Record<string, unknown>;
    if (typeof kind !== 'string' || typeof apiVersion !== 'string')
        return [`answered ${code} without a kind: ${text.slice(0, 300)}`];
    return code < 400 ? [] : complaintsAboutStatus(code, body as Record<string, unknown>);
}

function complaintsAboutStatus(code: number, status: Record<string, unknown>): string[] {
    const complaints: string[] = [];
    if (status['kind'] !== 'Status' || status['status'] !== 'Failure')
        complaints.push('a refusal is no Status of a Failure');
    if (status['code'] !== code) complaints.push(`the Status of a ${code} says ${String(status['code'])}`);
    const reason = status['reason'] ?? '';
    if (typeof reason !== 'string' || !Object.hasOwn(statusReasonCodes, reason))
        complaints.push('the reason of a Status is unknown');
    if (typeof status['message'] !== 'string') complaints.push('a Status has no message');
    return complaints;
}

function isDryRun({ method, path, body }: Step): boolean {
    if (method === 'DELETE' && body !== undefined) {
        const options = parseJson(body.toString()) as { dryRun?: unknown } | null | undefined;
        return Array.isArray(options?.dryRun) && options.dryRun.includes('All');
    }
    return path.includes('dryRun=All');
}

/** Of a write: nothing is half done, and what is answered is what is there. */
export function complaintsAboutWrite(
    resource: ServedResource,
    step: Step,
    seen: { answer: GeneratedAnswer; before: State; after: State },
): string[] {
    const { answer, before, after } = seen;
    const isRead = step.method === 'GET' || step.method === 'HEAD' || step.method === 'OPTIONS';
    const changed = !sameState(resource, before, after);
    if (isRead) return changed ? ['a read changed something'] : [];
    // One by one: those before the one that is refused are gone.
    const isCollection = step.method === 'DELETE' && step.name === undefined;
    if (answer.code >= 400)
        return changed && !isCollection ? [`refused with ${answer.code}, and something was written`] : [];
    if (isDryRun(step)) return changed ? ['a dry run changed something'] : [];
    if (!['POST', 'PUT', 'PATCH'].includes(step.method) || !isJson(answer)) return [];
    const answered = parseJson(answer.text) as ServedObject | undefined;
    if (answered?.kind !== resource.kind || !hasObjects(resource)) return [];
    if (!isOf(resource, step.path)) return [];
    const stored = after.get(answered.metadata.name);
    if (stored === undefined)
        return answered.metadata.deletionTimestamp === undefined ? ['what was accepted is not there'] : [];
    return isDeepStrictEqual(comparable(resource, answered), comparable(resource, stored))
        ? []
        : [`an accepted write reads back otherwise: answered ${shown(answered)}, stored ${shown(stored)}`];
}

/** True where an object is stored, and not only answered. */
export const hasObjects = ({ verbs }: ServedResource): boolean =>
    verbs.includes('get') && verbs.includes('list');

/** The collection itself, an object in it, or the object's status. */
function isOf(resource: ServedResource, path: string): boolean {
    const rest = path.split('?')[0]!.slice(collectionOf(resource).length);
    return path.startsWith(collectionOf(resource)) && /^(?:\/[^/]+(?:\/status)?)?$/.test(rest);
}

export const shown = (object: unknown): string => JSON.stringify(object).slice(0, 1500);
