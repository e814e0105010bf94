import { objectKey, type Stored, type V1Job, type V1Pod } from '../../../api/meta/object.ts';
import { controllerOf } from '../../../api/meta/owner-references.ts';
import type { InformerHandler, Lister } from '../../../client/informer.ts';
import { isTracked } from './pod-state.ts';
import { isFinished } from './job-spec.ts';

/** The job that manages a pod, if it is still the same one. */
export function jobOf(pod: V1Pod, jobs: Lister<V1Job>): Stored<V1Job> | undefined {
    const reference = controllerOf(pod);
    if (reference?.kind !== 'Job') return undefined;
    const job = jobs.get(`${pod.metadata?.namespace ?? ''}/${reference.name}`);
    return job?.metadata.uid === reference.uid ? job : undefined;
}

/** True for pods that still wait to be counted, though no job will count them. */
export function isLeftBehind(pod: V1Pod, jobs: Lister<V1Job>): boolean {
    if (!isTracked(pod)) return false;
    const job = jobOf(pod, jobs);
    return job === undefined || isFinished(job);
}

/** Calls back with pods that nobody counts any more. */
export function leftBehindEvents(
    jobs: Lister<V1Job>,
    enqueue: (podKey: string) => void,
): InformerHandler<V1Pod> {
    const check = (pod: Stored<V1Pod>): void => {
        if (isLeftBehind(pod, jobs)) enqueue(objectKey(pod));
    };
    return { added: check, updated: check };
}
