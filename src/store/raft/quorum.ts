import type { Core } from './core.ts';
import { quorumOf } from './membership.ts';
import type { Leadership } from './leadership.ts';
import type { Progress } from './progress.ts';

/**
 * The highest value that a quorum of the voters has reached, for the leader's `own` and the others' `of`. A
 * leader that is no voter (it removes itself) does not count; neither does who has lost its disk.
 */
export function quorumValue(
    core: Core,
    leadership: Leadership,
    values: { own: number; of: (progress: Progress) => number },
): number {
    const { voters } = core.memberships.current;
    const reached: number[] = [];
    for (const id of voters) {
        if (id === core.id) {
            reached.push(values.own);
            continue;
        }
        const progress = leadership.progress.get(id);
        reached.push(progress === undefined || progress.forgetful ? -1 : values.of(progress));
    }
    reached.sort((a, b) => a - b);
    return reached[reached.length - quorumOf(core.memberships.current)] ?? -1;
}
