import {
    objectKey,
    type ApiObject,
    type Stored,
    type V1OwnerReference,
    type V1Pod,
} from '../../../api/meta/object.ts';
import { deepEqual } from '../../../api/meta/deep.ts';
import { controllerOf } from '../../../api/meta/owner-references.ts';
import type { Expectations } from '../../../client/expectations.ts';
import type { InformerHandler, Lister } from '../../../client/informer.ts';
import type { LabelMatcher } from '../../../api/meta/selectors.ts';
import type { ResourceType } from '../../../client/resource-type.ts';

export interface PodEventsOptions<T extends ApiObject> {
    /** The owners' kind, and what an owner selects. */
    kind: { type: ResourceType<T>; selector(owner: T): LabelMatcher };
    owners: Lister<T>;
    expectations: Expectations;
    enqueue: (ownerKey: string) => void;
}

/** Turns pod events into work for the owners they concern, and ticks off what those expected. */
export function podEvents<T extends ApiObject>(options: PodEventsOptions<T>): InformerHandler<V1Pod> {
    const { kind, owners, expectations, enqueue } = options;

    const ownerKey = (pod: Stored<V1Pod>, reference: V1OwnerReference | undefined): string | undefined => {
        if (reference?.kind !== kind.type.kind) return undefined;
        const key = `${pod.metadata.namespace ?? ''}/${reference.name}`;
        return owners.get(key)?.metadata.uid === reference.uid ? key : undefined;
    };
    /** An orphan wakes everybody who could adopt it. */
    const enqueueMatching = (pod: Stored<V1Pod>): void => {
        for (const owner of owners.list(pod.metadata.namespace)) {
            if (kind.selector(owner).matches(pod.metadata.labels)) enqueue(objectKey(owner));
        }
    };
    const deleted = (pod: Stored<V1Pod>): void => {
        const key = ownerKey(pod, controllerOf(pod));
        if (key === undefined) return;
        expectations.deletionObserved(key, objectKey(pod));
        enqueue(key);
    };
    const added = (pod: Stored<V1Pod>): void => {
        // After a restart a pod may already be on its way out when it is first seen.
        if (pod.metadata.deletionTimestamp !== undefined) {
            deleted(pod);
            return;
        }
        const reference = controllerOf(pod);
        if (reference === undefined) {
            enqueueMatching(pod);
            return;
        }
        const key = ownerKey(pod, reference);
        if (key === undefined) return;
        expectations.creationObserved(key);
        enqueue(key);
    };
    const updated = (pod: Stored<V1Pod>, old: Stored<V1Pod>): void => {
        const labelsChanged = !deepEqual(pod.metadata.labels, old.metadata.labels);
        if (pod.metadata.deletionTimestamp !== undefined) {
            // Being deleted counts as gone: a replacement is not held up by the grace period.
            deleted(pod);
            if (labelsChanged) deleted(old);
            return;
        }
        const reference = controllerOf(pod);
        const oldReference = controllerOf(old);
        const ownerChanged = reference?.uid !== oldReference?.uid;
        if (ownerChanged) {
            const oldKey = ownerKey(old, oldReference);
            if (oldKey !== undefined) enqueue(oldKey);
        }
        if (reference === undefined) {
            if (labelsChanged || ownerChanged) enqueueMatching(pod);
            return;
        }
        const key = ownerKey(pod, reference);
        if (key !== undefined) enqueue(key);
    };
    return { added, updated, deleted };
}
