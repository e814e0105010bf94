import type { Stored, V1CronJob, V1Job } from '../../../api/meta/object.ts';
import { controllerRef } from '../../../api/meta/owner-references.ts';
import { rfc3339 } from '../../../util/clock.ts';
import { jobNameFor } from './job-name.ts';
import { ZonedTime } from './zoned-time.ts';

export const ownerKind = { apiVersion: 'batch/v1', kind: 'CronJob' };
const scheduledAnnotation = 'batch.kubernetes.io/cronjob-scheduled-timestamp';

/** The job for one time of the schedule. */
export function jobFor(cronJob: Stored<V1CronJob>, scheduledMs: number): V1Job {
    const { metadata, spec } = cronJob.spec.jobTemplate;
    const scheduled = zonedRfc3339(scheduledMs, cronJob.spec.timeZone);
    return {
        apiVersion: 'batch/v1',
        kind: 'Job',
        metadata: {
            name: jobNameFor(cronJob.metadata.name, scheduledMs),
            namespace: cronJob.metadata.namespace,
            labels: { ...metadata?.labels },
            annotations: { ...metadata?.annotations, [scheduledAnnotation]: scheduled },
            ownerReferences: [controllerRef(cronJob, ownerKind)],
            ...(metadata?.finalizers === undefined ? {} : { finalizers: metadata.finalizers }),
        },
        ...(spec === undefined ? {} : { spec }),
    };
}

/** "2024-07-01T08:00:00+02:00"; UTC without a zone. */
export function zonedRfc3339(ms: number, zone: string | undefined): string {
    const offsetMs = zone === undefined ? 0 : new ZonedTime(zone).offsetMs(ms);
    if (offsetMs === 0) return rfc3339(ms);
    const minutes = Math.abs(offsetMs) / 60_000;
    const pad = (value: number): string => String(value).padStart(2, '0');
    const offset = `${offsetMs < 0 ? '-' : '+'}${pad(Math.floor(minutes / 60))}:${pad(minutes % 60)}`;
    return rfc3339(ms + offsetMs).replace('Z', offset);
}
