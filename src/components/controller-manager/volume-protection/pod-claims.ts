import type { Stored, V1PersistentVolumeClaim, V1Pod } from '../../../api/meta/object.ts';

type Volume = NonNullable<NonNullable<V1Pod['spec']>['volumes']>[number];

/** Name of the claim that a volume refers to: one that is named, or the one made for a generic ephemeral volume. */
function claimNameOf(pod: V1Pod, volume: Volume): string | undefined {
    if (volume.persistentVolumeClaim !== undefined) return volume.persistentVolumeClaim.claimName;
    return volume.ephemeral === undefined ? undefined : `${pod.metadata?.name ?? ''}-${volume.name}`;
}

/** Keys ("namespace/name") of the claims that a pod refers to. */
export function claimKeysOf(pod: Stored<V1Pod>): string[] {
    const names = (pod.spec?.volumes ?? []).map((volume) => claimNameOf(pod, volume));
    return names
        .filter((name) => name !== undefined)
        .map((name) => `${pod.metadata.namespace ?? ''}/${name}`);
}

/**
 * Whether the pod keeps the claim from going. A pod without a node does not: no kubelet starts a pod
 * whose claim is being deleted. One that has ended still does, until it is deleted; but the claim made
 * for it alone, as an ephemeral volume, may go once the kubelet is done with the pod.
 */
export function usesClaim(pod: Stored<V1Pod>, claim: Stored<V1PersistentVolumeClaim>): boolean {
    if (!pod.spec?.nodeName || pod.metadata.namespace !== claim.metadata.namespace) return false;
    return (pod.spec.volumes ?? []).some((volume) => {
        if (claimNameOf(pod, volume) !== claim.metadata.name) return false;
        if (volume.persistentVolumeClaim !== undefined) return true;
        return !isShutDown(pod) && isMadeFor(claim, pod);
    });
}

const isShutDown = ({ metadata }: V1Pod): boolean =>
    metadata?.deletionTimestamp !== undefined && metadata.deletionGracePeriodSeconds === 0;

const isMadeFor = ({ metadata }: V1PersistentVolumeClaim, pod: V1Pod): boolean =>
    metadata?.ownerReferences?.some(
        ({ controller, uid }) => controller === true && uid === pod.metadata?.uid,
    ) ?? false;
