import type { V1Job } from '../../../api/meta/object.ts';
import { IndexSet } from './index-set.ts';
import { completionsOf } from './job-spec.ts';

/** Upstream's message when the indexes that succeeded are enough for a rule of the success policy. */
export function successMessage(job: V1Job, succeeded: IndexSet): string | undefined {
    const completions = completionsOf(job) ?? 0;
    const rules = job.spec?.successPolicy?.rules ?? [];
    const met = rules.findIndex(({ succeededIndexes, succeededCount }) => {
        if (succeededIndexes === undefined) {
            return succeededCount !== undefined && succeeded.size >= succeededCount;
        }
        const wanted = IndexSet.parse(succeededIndexes, completions);
        return succeeded.sharedWith(wanted) >= (succeededCount ?? wanted.size);
    });
    return met < 0 ? undefined : `Matched rules at index ${met}`;
}
