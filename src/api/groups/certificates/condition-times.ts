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
    for (const condition of items(request.status?.conditions)) {
        const before = items(old.status?.conditions).find(
            ({ type, status }) => type === condition.type && status === condition.status,
        );
        condition.lastUpdateTime ??= now;
        condition.lastTransitionTime ??= before?.lastTransitionTime ?? now;
    }
}
