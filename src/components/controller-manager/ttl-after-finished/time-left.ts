import type { V1Job } from '../../../api/meta/object.ts';

/**
 * Milliseconds until a finished job is to be deleted, at most 0 when that is now; undefined for a job
 * that is not finished, is being deleted already, or stays for ever.
 */
export function timeLeftMs({ metadata, spec, status }: V1Job, nowMs: number): number | undefined {
    const ttlSeconds = spec?.ttlSecondsAfterFinished;
    if (ttlSeconds === undefined || metadata?.deletionTimestamp !== undefined) return undefined;
    const finished = status?.conditions?.find(
        (c) => (c.type === 'Complete' || c.type === 'Failed') && c.status === 'True',
    );
    if (finished?.lastTransitionTime === undefined) return undefined;
    return Date.parse(finished.lastTransitionTime) + ttlSeconds * 1000 - nowMs;
}
