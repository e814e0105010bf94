import type { V1Job } from '../../meta/object.ts';
import { formatLabelSelector } from '../../meta/selectors.ts';
import { ageColumn, column, duration, nameColumn, wideColumn } from '../columns.ts';
import type { Strategy } from '../resource.ts';
import { withStatus } from '../strategy.ts';
import { workloadWarnings } from '../workload-warnings.ts';
import { containerColumns } from '../template-columns.ts';
import { defaultJob, generateSelector } from './job-defaults.ts';
import { jobSpecWarnings, orphaningWarning } from './job-warnings.ts';
import { validateJobStatusUpdate } from './job-status-validation.ts';
import { validateJob, validateJobUpdate } from './job-validation.ts';
import type { Incomplete } from '../incomplete.ts';

function statusText({ metadata, status }: Incomplete<V1Job>): string {
    const has = (wanted: string) =>
        status?.conditions?.find(({ type }) => type === wanted)?.status === 'True';
    if (has('Complete')) return 'Complete';
    if (has('Failed')) return 'Failed';
    if (metadata?.deletionTimestamp !== undefined) return 'Terminating';
    if (has('Suspended')) return 'Suspended';
    if (has('FailureTarget')) return 'FailureTarget';
    if (has('SuccessCriteriaMet')) return 'SuccessCriteriaMet';
    return 'Running';
}

function completionsText({ spec, status }: Incomplete<V1Job>): string {
    const succeeded = status?.succeeded ?? 0;
    if (spec?.completions !== undefined) return `${succeeded}/${spec.completions}`;
    const parallelism = spec?.parallelism ?? 0;
    return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`;
}

function durationText({ status }: Incomplete<V1Job>, nowMs: number): string {
    if (status?.startTime === undefined) return '';
    const endMs = status.completionTime === undefined ? nowMs : Date.parse(status.completionTime);
    return duration(endMs - Date.parse(status.startTime));
}

export const jobStrategy: Strategy<Incomplete<V1Job>> = withStatus<Incomplete<V1Job>>({
    hasGeneration: true,
    defaultPropagation: 'orphan',
    defaults: defaultJob,
    prepareForCreate: generateSelector,
    validate: validateJob,
    validateUpdate: validateJobUpdate,
    validateStatusUpdate: validateJobStatusUpdate,
    warnings: (job, old) => workloadWarnings(job, old, () => jobSpecWarnings(job.spec, 'spec')),
    orphaningWarning,
    selectableFields: ({ status }) => ({ 'status.successful': String(status?.succeeded ?? 0) }),
    columns: [
        nameColumn,
        column('Status', statusText),
        column('Completions', completionsText),
        column('Duration', durationText),
        ageColumn,
        ...containerColumns<Incomplete<V1Job>>(({ spec }) => spec?.template),
        wideColumn('Selector', ({ spec }) => formatLabelSelector(spec?.selector)),
    ],
});
