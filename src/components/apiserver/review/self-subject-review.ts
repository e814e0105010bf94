import type { V1SelfSubjectReview } from '../../../api/meta/object.ts';
import type { Identity } from '../identity.ts';
import { userInfo } from './user-info.ts';

/** Who the server takes the caller for (`kubectl auth whoami`). */
export function reviewSelfSubject(
    identity: Identity,
    body: V1SelfSubjectReview,
    now: string,
): V1SelfSubjectReview {
    return {
        ...body,
        metadata: { ...body.metadata, creationTimestamp: now },
        status: { userInfo: userInfo(identity) },
    };
}
