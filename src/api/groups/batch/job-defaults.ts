import type { V1Job, V1JobSpec } from '../../meta/object.ts';
import { defaultPodTemplate } from '../core/pod/defaults.ts';
import { items } from '../validation/basic.ts';
import type { Incomplete } from '../incomplete.ts';

const backoffLimitDefault = 6;
/** No limit, for jobs that count failures per index. */
const backoffLimitUnlimited = 2_147_483_647;

export function defaultJob(job: Incomplete<V1Job>): void {
    const spec = (job.spec ??= {} as Incomplete<V1JobSpec>);
    defaultPodTemplate(spec.template);
    // Neither given means one pod that must succeed once.
    if (spec.completions === undefined && spec.parallelism === undefined) spec.completions = 1;
    spec.parallelism ??= 1;
    spec.backoffLimit ??=
        spec.backoffLimitPerIndex === undefined ? backoffLimitDefault : backoffLimitUnlimited;
    spec.completionMode ??= 'NonIndexed';
    spec.suspend ??= false;
    spec.podReplacementPolicy ??= spec.podFailurePolicy === undefined ? 'TerminatingOrFailed' : 'Failed';
    for (const rule of items(spec.podFailurePolicy?.rules)) {
        for (const pattern of items(rule.onPodConditions)) pattern.status ||= 'True';
    }
    defaultLabels(job);
}

/** A job without labels has those of its pods. */
function defaultLabels(job: Incomplete<V1Job>): void {
    const labels = job.spec?.template?.metadata?.labels;
    const metadata = (job.metadata ??= {});
    if (labels !== undefined && Object.keys(metadata.labels ?? {}).length === 0)
        metadata.labels = { ...labels };
}

/** Labels that tie pods to their job; the ones without prefix are for what was written before v1.27. */
const uidLabels = ['batch.kubernetes.io/controller-uid', 'controller-uid'] as const;
const nameLabels = ['batch.kubernetes.io/job-name', 'job-name'] as const;

/** Unless the client selects pods itself, a job selects those that carry its uid. */
export function generateSelector(job: Incomplete<V1Job>): void {
    const { spec, metadata } = job;
    if (spec?.template === undefined || spec.manualSelector === true) return;
    spec.template.metadata ??= {};
    const labels = (spec.template.metadata.labels ??= {});
    for (const label of uidLabels) labels[label] ??= metadata?.uid ?? '';
    for (const label of nameLabels) labels[label] ??= metadata?.name ?? '';
    spec.selector ??= {};
    spec.selector.matchLabels ??= {};
    spec.selector.matchLabels[uidLabels[0]] ??= metadata?.uid ?? '';
    // Upstream does so whenever it reads the job.
    defaultLabels(job);
}
