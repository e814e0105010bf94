import type { Stored, V1Job, V1JobCondition, V1Pod } from '../../../api/meta/object.ts';
import { getCondition, isConditionTrue } from '../../../api/meta/conditions.ts';
import { jobControllerName } from './job-labels.ts';

export type Job = Stored<V1Job>;
export type Pod = Stored<V1Pod>;

export const isIndexed = ({ spec }: V1Job): boolean => spec?.completionMode === 'Indexed';
export const isSuspended = ({ spec }: V1Job): boolean => spec?.suspend === true;
export const parallelismOf = ({ spec }: V1Job): number => spec?.parallelism ?? 1;
export const completionsOf = ({ spec }: V1Job): number | undefined => spec?.completions;

/** A replacement waits until its predecessor is over, not only on its way out. */
export const onlyReplacesFailed = ({ spec }: V1Job): boolean =>
    spec?.podReplacementPolicy === 'Failed' || spec?.podFailurePolicy !== undefined;

export const limitsPerIndex = (job: V1Job): boolean =>
    isIndexed(job) && job.spec?.backoffLimitPerIndex !== undefined;

export const isFinished = ({ status }: V1Job): boolean =>
    isConditionTrue(status?.conditions, 'Complete') || isConditionTrue(status?.conditions, 'Failed');

/** True for jobs that another controller has been asked to run. */
export const isManagedElsewhere = ({ spec }: V1Job): boolean =>
    spec?.managedBy !== undefined && spec.managedBy !== jobControllerName;

/** A condition of the status when it holds. */
export function trueCondition({ status }: V1Job, type: string): V1JobCondition | undefined {
    const condition = getCondition(status?.conditions, type);
    return condition?.status === 'True' ? condition : undefined;
}
