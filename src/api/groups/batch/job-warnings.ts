import type { V1JobSpec } from '../../meta/object.ts';
import { podTemplateWarnings } from '../core/pod/warnings.ts';
import type { Incomplete } from '../incomplete.ts';

const completionsSoftMax = 100_000;
const parallelismSoftMax = 10_000;

/** Said to who deletes jobs and does not say what is to become of their pods. */
export const orphaningWarning =
    'child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning';

/** What a client should hear about a job (pkg/api/job/warnings.go). */
export function jobSpecWarnings(spec: Incomplete<V1JobSpec> | undefined, path: string): string[] {
    const { completionMode, completions = 0, parallelism = 0 } = spec ?? {};
    const isLarge =
        completionMode === 'Indexed' && completions > completionsSoftMax && parallelism > parallelismSoftMax;
    return [
        ...(isLarge
            ? [
                  `${path}: In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail`,
              ]
            : []),
        ...podTemplateWarnings(spec?.template, `${path}.template`),
    ];
}
