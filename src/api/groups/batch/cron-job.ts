import { type FieldError, fieldErrors } from '../../meta/field-error.ts';
import type { V1CronJob, V1CronJobSpec } from '../../meta/object.ts';
import { formatLabelSelector } from '../../meta/selectors.ts';
import { ageColumn, column, integerColumn, nameColumn, orNone, since, wideColumn } from '../columns.ts';
import { defaultPodTemplate } from '../core/pod/defaults.ts';
import type { Strategy } from '../resource.ts';
import { withStatus } from '../strategy.ts';
import { workloadWarnings } from '../workload-warnings.ts';
import { containerColumns } from '../template-columns.ts';
import { isBlank, nonNegative, oneOf } from '../validation/basic.ts';
import { cronScheduleProblem } from './cron-schedule.ts';
import { jobSpecWarnings } from './job-warnings.ts';
import { validateJobSpec } from './job-validation.ts';
import type { Incomplete } from '../incomplete.ts';

/** Jobs are named after their cron job, with up to 11 characters of their time behind it. */
const nameCharactersMax = 52;

function defaultCronJob(cronJob: Incomplete<V1CronJob>): void {
    const spec = (cronJob.spec ??= {} as Incomplete<V1CronJobSpec>);
    defaultPodTemplate(spec.jobTemplate?.spec?.template);
    spec.concurrencyPolicy ??= 'Allow';
    spec.suspend ??= false;
    spec.successfulJobsHistoryLimit ??= 3;
    spec.failedJobsHistoryLimit ??= 1;
}

function validateCronJob({ metadata, spec }: Incomplete<V1CronJob>): FieldError[] {
    const name = metadata?.name ?? '';
    return [
        ...(name.length > nameCharactersMax
            ? [
                  fieldErrors.invalid(
                      'metadata.name',
                      name,
                      `must be no more than ${nameCharactersMax} characters`,
                  ),
              ]
            : []),
        ...validateSchedule(spec),
        ...nonNegative(spec?.startingDeadlineSeconds, 'spec.startingDeadlineSeconds'),
        ...oneOf(spec?.concurrencyPolicy, 'spec.concurrencyPolicy', ['Allow', 'Forbid', 'Replace']),
        ...nonNegative(spec?.successfulJobsHistoryLimit, 'spec.successfulJobsHistoryLimit'),
        ...nonNegative(spec?.failedJobsHistoryLimit, 'spec.failedJobsHistoryLimit'),
        ...validateTemplate(spec),
    ];
}

function validateSchedule(spec: Incomplete<V1CronJobSpec> | undefined): FieldError[] {
    const { schedule = '', timeZone } = spec ?? {};
    const path = 'spec.schedule';
    if (isBlank(schedule)) return [fieldErrors.required(path)];
    const errors: FieldError[] = [];
    const problem = cronScheduleProblem(schedule);
    if (problem !== undefined) errors.push(fieldErrors.invalid(path, schedule, problem));
    if (schedule.includes('TZ')) {
        const detail = 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead';
        errors.push(fieldErrors.invalid(path, schedule, detail));
    }
    return [...errors, ...validateTimeZone(timeZone)];
}

function validateTimeZone(timeZone: string | undefined): FieldError[] {
    if (timeZone === undefined) return [];
    const path = 'spec.timeZone';
    if (timeZone === '')
        return [fieldErrors.invalid(path, timeZone, 'timeZone must be nil or non-empty string')];
    if (timeZone.toLowerCase() === 'local') {
        return [
            fieldErrors.invalid(
                path,
                timeZone,
                'timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones',
            ),
        ];
    }
    try {
        new Intl.DateTimeFormat('en', { timeZone });
        return [];
    } catch {
        return [fieldErrors.invalid(path, timeZone, `unknown time zone ${timeZone}`)];
    }
}

function validateTemplate(spec: Incomplete<V1CronJobSpec> | undefined): FieldError[] {
    const path = 'spec.jobTemplate.spec';
    const job = spec?.jobTemplate?.spec;
    const errors = validateJobSpec(job, path);
    if (job?.selector !== undefined) {
        const detail = '`selector` will be auto-generated';
        errors.push(fieldErrors.invalid(`${path}.selector`, job.selector, detail));
    }
    if (job?.manualSelector === true) {
        errors.push(fieldErrors.notSupported(`${path}.manualSelector`, true, ['nil', 'false']));
    }
    return errors;
}

export const cronJobStrategy: Strategy<Incomplete<V1CronJob>> = withStatus<Incomplete<V1CronJob>>({
    hasGeneration: true,
    defaultPropagation: 'background',
    defaults: defaultCronJob,
    validate: validateCronJob,
    validateUpdate: (cronJob) => validateCronJob(cronJob),
    warnings: (cronJob, old) =>
        workloadWarnings(cronJob, old, () =>
            jobSpecWarnings(cronJob.spec?.jobTemplate?.spec, 'spec.jobTemplate.spec'),
        ),
    columns: [
        nameColumn,
        column('Schedule', ({ spec }) => spec?.schedule ?? ''),
        column('Timezone', ({ spec }) => orNone(spec?.timeZone)),
        column('Suspend', ({ spec }) => titleCase(spec?.suspend), { type: 'boolean' }),
        integerColumn<Incomplete<V1CronJob>>('Active', ({ status }) => status?.active?.length),
        column('Last Schedule', ({ status }, nowMs) =>
            status?.lastScheduleTime === undefined ? '<none>' : since(status.lastScheduleTime, nowMs),
        ),
        ageColumn,
        ...containerColumns<Incomplete<V1CronJob>>(({ spec }) => spec?.jobTemplate?.spec?.template),
        wideColumn('Selector', ({ spec }) => formatLabelSelector(spec?.jobTemplate?.spec?.selector)),
    ],
});

/** Booleans of this column are written as Python would. */
function titleCase(value: boolean | undefined): string {
    return value === undefined ? '<unset>' : value ? 'True' : 'False';
}
