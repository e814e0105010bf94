import type { ApiObject, V1Deployment, V1ReplicaSet } from '../../../api/meta/object.ts';
import { maxSurge, replicasOf } from './rolling-math.ts';

export const revisionAnnotation = 'deployment.kubernetes.io/revision';
const revisionHistoryAnnotation = 'deployment.kubernetes.io/revision-history';
export const desiredReplicasAnnotation = 'deployment.kubernetes.io/desired-replicas';
export const maxReplicasAnnotation = 'deployment.kubernetes.io/max-replicas';

/** Annotations of a deployment that its sets do not take over. */
const ownAnnotations: ReadonlySet<string> = new Set([
    'kubectl.kubernetes.io/last-applied-configuration',
    revisionAnnotation,
    revisionHistoryAnnotation,
    desiredReplicasAnnotation,
    maxReplicasAnnotation,
    'deprecated.deployment.rollback.to',
]);

const revisionHistoryCharsMax = 2000;

/** The value of an annotation that holds a number; undefined when it is absent or no integer. */
export function numberAnnotation(object: ApiObject, name: string): number | undefined {
    const text = object.metadata?.annotations?.[name];
    return text !== undefined && /^-?\d+$/.test(text) ? Number(text) : undefined;
}

/** 64 bits: a set that somebody else made may have any number. What is no number counts as 0. */
export function revisionOf(object: ApiObject): bigint {
    return int64(object.metadata?.annotations?.[revisionAnnotation]) ?? 0n;
}

function int64(text: string | undefined): bigint | undefined {
    return text !== undefined && /^-?\d{1,19}$/.test(text) ? BigInt.asIntN(64, BigInt(text)) : undefined;
}

/** The revision that the new set is to have: one more than the highest of the old ones. */
export function nextRevision(oldSets: readonly V1ReplicaSet[]): bigint {
    return oldSets.map(revisionOf).reduce((highest, one) => (one > highest ? one : highest), 0n) + 1n;
}

/** The new set's annotations: those of the deployment, and its revision if that has grown. */
export function newSetAnnotations(
    deployment: V1Deployment,
    current: Readonly<Record<string, string>> | undefined,
    revision: bigint,
): Record<string, string> {
    const annotations: Record<string, string> = { ...current };
    for (const [key, value] of Object.entries(deployment.metadata?.annotations ?? {})) {
        if (!ownAnnotations.has(key)) annotations[key] = value;
    }
    const old = annotations[revisionAnnotation];
    const before = old === undefined || old === '' ? 0n : int64(old);
    if (before === undefined || before >= revision) return annotations;
    annotations[revisionAnnotation] = String(revision);
    if (old !== undefined && old !== '') {
        annotations[revisionHistoryAnnotation] = withHistory(annotations[revisionHistoryAnnotation], old);
    }
    return annotations;
}

/** Appends a revision; the oldest are dropped when the text would become too long. */
function withHistory(history: string | undefined, revision: string): string {
    const revisions = history ? [...history.split(','), revision] : [revision];
    while (revisions.length > 1 && revisions.join(',').length > revisionHistoryCharsMax) revisions.shift();
    return revisions.join(',');
}

/** What proportional scaling later starts from. */
export function scaleAnnotations(deployment: V1Deployment): Record<string, string> {
    const replicas = replicasOf(deployment);
    return {
        [desiredReplicasAnnotation]: String(replicas),
        [maxReplicasAnnotation]: String(replicas + maxSurge(deployment)),
    };
}
