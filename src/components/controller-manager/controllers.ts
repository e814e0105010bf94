import type { ControllerDefinition } from './controller-context.ts';
import { admissionPolicyStatusController } from './admission-policy-status/admission-policy-status-controller.ts';
import { clusterRoleAggregationController } from './cluster-role-aggregation/cluster-role-aggregation-controller.ts';
import { cronJobController } from './cron-job/cron-job-controller.ts';
import { daemonSetController } from './daemon-set/daemon-set-controller.ts';
import { deploymentController } from './deployment/deployment-controller.ts';
import { disruptionController } from './disruption/disruption-controller.ts';
import { endpointSliceMirroringController } from './endpoint-slice-mirroring/endpoint-slice-mirroring-controller.ts';
import { endpointSliceController } from './endpoint-slice/endpoint-slice-controller.ts';
import { endpointsController } from './endpoints/endpoints-controller.ts';
import { garbageCollectorController } from './garbage-collector/garbage-collector.ts';
import { jobController } from './job/job-controller.ts';
import { namespaceController } from './namespace/namespace-controller.ts';
import { nodeIpamController } from './node-ipam/node-ipam-controller.ts';
import { nodeLifecycleController } from './node-lifecycle/node-lifecycle-controller.ts';
import { podGarbageCollectorController } from './pod-garbage-collector/pod-garbage-collector.ts';
import { replicaSetController } from './replica-set/replica-set.ts';
import { replicationController } from './replica-set/replication-controller.ts';
import { resourceQuotaController } from './resource-quota/resource-quota-controller.ts';
import { rootCaPublisherController } from './root-ca/root-ca-publisher.ts';
import { serviceAccountController } from './service-account/service-account-controller.ts';
import { tokenController } from './service-account/token-controller.ts';
import { serviceCidrController } from './service-cidr/service-cidr-controller.ts';
import { statefulSetController } from './stateful-set/stateful-set-controller.ts';
import { taintEvictionController } from './taint-eviction/taint-eviction-controller.ts';
import { ttlAfterFinishedController } from './ttl-after-finished/ttl-after-finished-controller.ts';
import { attributesClassProtectionController } from './volume-protection/attributes-class-protection-controller.ts';
import { claimProtectionController } from './volume-protection/claim-protection-controller.ts';
import { volumeProtectionController } from './volume-protection/volume-protection-controller.ts';

/** Every controller there is, in the order in which they start. */
export const controllers: readonly ControllerDefinition[] = [
    serviceAccountController,
    tokenController,
    rootCaPublisherController,
    nodeIpamController,
    nodeLifecycleController,
    taintEvictionController,
    endpointSliceController,
    endpointSliceMirroringController,
    endpointsController,
    namespaceController,
    garbageCollectorController,
    podGarbageCollectorController,
    clusterRoleAggregationController,
    resourceQuotaController,
    disruptionController,
    deploymentController,
    replicaSetController,
    replicationController,
    daemonSetController,
    statefulSetController,
    jobController,
    ttlAfterFinishedController,
    cronJobController,
    claimProtectionController,
    volumeProtectionController,
    attributesClassProtectionController,
    serviceCidrController,
    admissionPolicyStatusController,
];
