import type { LabelMatcher } from '../../../api/meta/selectors.ts';
import type { ApiObject, V1PodTemplateSpec, V1ReplicaSetCondition } from '../../../api/meta/object.ts';
import type { ResourceType } from '../../../client/resource-type.ts';

/** What ReplicaSet and ReplicationController have in common. */
export interface ReplicaOwner extends ApiObject {
    spec?:
        | {
              replicas?: number | undefined;
              minReadySeconds?: number | undefined;
              template?: V1PodTemplateSpec | undefined;
          }
        | undefined;
    status?: ReplicaStatus | undefined;
}

export interface ReplicaStatus {
    replicas: number;
    fullyLabeledReplicas?: number | undefined;
    readyReplicas?: number | undefined;
    availableReplicas?: number | undefined;
    terminatingReplicas?: number | undefined;
    observedGeneration?: number | undefined;
    conditions?: V1ReplicaSetCondition[] | undefined;
}

/** What differs between the two. */
export interface ReplicaKind<T extends ReplicaOwner> {
    type: ResourceType<T>;
    /** Of its queue, in metrics. */
    queue: 'replicaset' | 'replicationmanager';
    selector(owner: T): LabelMatcher;
    /** ReplicaSets count terminating pods in their status. */
    countsTerminating: boolean;
}
