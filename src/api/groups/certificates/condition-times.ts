import type { V1CertificateSigningRequest } from '../../meta/object.ts';
import type { Incomplete } from '../incomplete.ts';
import { items } from '../validation/basic.ts';

/**
 * Sets the times that a writer of conditions left out: the last update is now, the last transition too
 * unless the condition was there with the same status.
 *
 * @param now RFC 3339
 */
export function stampConditions(
    request: Incomplete<V1CertificateSigningRequest>,
    old: Incomplete<V1CertificateSigningRequest>,
    now: string,
): void {
    const { status } = request;
    if (status?.conditions === undefined || status === old.status) return;
    const conditions = status.conditions.map((condition) => {
        const { lastUpdateTime = now, lastTransitionTime } = condition;
        const before = items(old.status?.conditions).find(
            ({ type, status: word }) => type === condition.type && word === condition.status,
        );
        const since = lastTransitionTime ?? before?.lastTransitionTime ?? now;
        return { ...condition, lastUpdateTime, lastTransitionTime: since };
    });
    request.status = { ...status, conditions };
}
