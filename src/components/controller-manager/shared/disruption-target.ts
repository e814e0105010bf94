import { getCondition } from '../../../api/meta/conditions.ts';
import type { Stored, V1Pod } from '../../../api/meta/object.ts';
import type { Client } from '../../../client/client.ts';
import { pods } from '../../../client/resource-type.ts';
import { rfc3339, type Clock } from '../../../util/clock.ts';

export const disruptionTarget = 'DisruptionTarget';

/** Notes on a pod why it is about to be deleted; with `fail` it also ends. No write when that is there. */
export async function markDisrupted(
    { client, clock }: { client: Client; clock: Clock },
    pod: Stored<V1Pod>,
    what: { reason: string; message: string; fail?: boolean },
): Promise<void> {
    const { namespace, name, uid } = pod.metadata;
    const { phase, conditions } = pod.status ?? {};
    const isMarked = getCondition(conditions, disruptionTarget)?.status === 'True';
    const isOver = phase === 'Succeeded' || phase === 'Failed';
    const fails = what.fail === true && !isOver;
    if (isMarked && !fails) return;
    const { reason, message } = what;
    const lastTransitionTime = rfc3339(clock.nowMs());
    const condition = { type: disruptionTarget, status: 'True', reason, message, lastTransitionTime };
    const status = {
        ...(fails ? { phase: 'Failed' } : {}),
        ...(isMarked ? {} : { conditions: [condition] }),
    };
    const body = { metadata: { uid }, status };
    await client
        .resource(pods)
        .patch({ namespace, name }, { type: 'strategic', body }, { subresource: 'status' });
}
