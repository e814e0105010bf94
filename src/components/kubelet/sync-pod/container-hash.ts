import { createHash } from 'node:crypto';
import type { V1Container } from '../../../api/meta/object.ts';

/** Annotations that the kubelet puts on containers, to know them again after a restart. */
export const hashAnnotation = 'io.kubernetes.container.hash';
export const restartCountAnnotation = 'io.kubernetes.container.restartCount';
export const terminationMessagePathAnnotation = 'io.kubernetes.container.terminationMessagePath';
export const terminationMessagePolicyAnnotation = 'io.kubernetes.container.terminationMessagePolicy';
export const gracePeriodAnnotation = 'io.kubernetes.pod.terminationGracePeriod';

/**
 * Changes exactly when a container must be replaced. Only name and image count, as in upstream since
 * v1.31: new fields of the API and defaults must not restart containers when the kubelet is upgraded.
 */
export function containerHash(container: V1Container): string {
    const text = JSON.stringify({ name: container.name, image: container.image ?? '' });
    return createHash('sha256').update(text).digest('hex').slice(0, 8);
}
