import { semanticEqual } from '../../../api/meta/deep.ts';
import type { V1OwnerReference, V1PersistentVolumeClaim, V1Pod } from '../../../api/meta/object.ts';
import type { ResourceClient } from '../../../client/client.ts';
import type { EventRecorder } from '../../../client/event-recorder.ts';
import type { Informer } from '../../../client/informer.ts';
import { messageOf } from '../shared/pod-control.ts';
import { claimNameOf, isWanted, ordinalOf } from './ordinals.ts';
import { ownerKind, type SetPod, type StatefulSet } from './set-pod.ts';

export interface ClaimsParts {
    informer: Informer<V1PersistentVolumeClaim>;
    resource: ResourceClient<V1PersistentVolumeClaim>;
    events: EventRecorder;
}

/** The claims that pods of stateful sets have from the set's claim templates. */
export class Claims {
    readonly #parts: ClaimsParts;

    constructor(parts: ClaimsParts) {
        this.#parts = parts;
    }

    /** Creates what is missing; throws when a claim of the name is still being deleted. */
    async ensure(set: StatefulSet, pod: V1Pod): Promise<void> {
        for (const wanted of claimsFor(set, ordinalOf(pod))) {
            const name = wanted.metadata?.name ?? '';
            const found = this.#parts.informer.lister.get(`${set.metadata.namespace ?? ''}/${name}`);
            if (found === undefined) await this.#create(set, pod, wanted);
            else if (found.metadata.deletionTimestamp !== undefined) {
                throw new Error(`pvc ${name} is being deleted`);
            }
        }
    }

    /** True while a claim still belongs to an earlier pod of the name, and will go with it. */
    isStale(set: StatefulSet, pod: V1Pod): boolean {
        return this.#existing(set, pod).some(({ metadata }) =>
            (metadata?.ownerReferences ?? []).some(
                ({ kind, name, uid }) =>
                    kind === 'Pod' && name === pod.metadata?.name && uid !== pod.metadata.uid,
            ),
        );
    }

    /** Makes claims go with the set or with the pod that is scaled away, as the set's policy says. */
    async applyRetention(set: StatefulSet, pod: SetPod): Promise<void> {
        for (const claim of this.#existing(set, pod)) {
            const others = (claim.metadata?.ownerReferences ?? []).filter(
                ({ kind, name, uid }) =>
                    uid !== set.metadata.uid && !(kind === 'Pod' && name === pod.metadata.name),
            );
            const ownerReferences = [...others, ...retentionOwner(set, pod)];
            if (semanticEqual(ownerReferences, claim.metadata?.ownerReferences)) continue;
            await this.#parts.resource.update({ ...claim, metadata: { ...claim.metadata, ownerReferences } });
        }
    }

    #existing(set: StatefulSet, pod: V1Pod): V1PersistentVolumeClaim[] {
        return claimsFor(set, ordinalOf(pod))
            .map(({ metadata }) =>
                this.#parts.informer.lister.get(`${set.metadata.namespace ?? ''}/${metadata?.name ?? ''}`),
            )
            .filter((claim) => claim !== undefined);
    }

    async #create(set: StatefulSet, pod: V1Pod, claim: V1PersistentVolumeClaim): Promise<void> {
        const { events, resource } = this.#parts;
        const about = `create Claim ${claim.metadata?.name ?? ''} Pod ${pod.metadata?.name ?? ''} in StatefulSet ${set.metadata.name}`;
        try {
            await resource.create(claim);
        } catch (error) {
            events.event(set, 'Warning', 'FailedCreate', `${about} failed error: ${messageOf(error)}`);
            throw error;
        }
        events.event(set, 'Normal', 'SuccessfulCreate', `${about} success`);
    }
}

/** The claims that the pod of an ordinal is to have. */
export function claimsFor(set: StatefulSet, ordinal: number): V1PersistentVolumeClaim[] {
    return (set.spec?.volumeClaimTemplates ?? []).map(({ metadata, spec }) => ({
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        metadata: {
            name: claimNameOf(set, metadata?.name ?? '', ordinal),
            namespace: set.metadata.namespace,
            labels: { ...metadata?.labels, ...set.spec?.selector.matchLabels },
            ...(metadata?.annotations === undefined ? {} : { annotations: metadata.annotations }),
        },
        ...(spec === undefined ? {} : { spec }),
    }));
}

function retentionOwner(set: StatefulSet, pod: SetPod): V1OwnerReference[] {
    const { whenDeleted, whenScaled } = set.spec?.persistentVolumeClaimRetentionPolicy ?? {};
    const isScaledAway = !isWanted(set, ordinalOf(pod));
    const reference = (
        kind: { apiVersion: string; kind: string },
        { metadata: { name, uid = '' } }: StatefulSet | SetPod,
    ): V1OwnerReference => ({ ...kind, name, uid, controller: true });
    if (whenScaled === 'Delete' && isScaledAway) return [reference({ apiVersion: 'v1', kind: 'Pod' }, pod)];
    return whenDeleted === 'Delete' ? [reference(ownerKind, set)] : [];
}
