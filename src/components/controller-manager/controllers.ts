import type { ControllerDefinition } from './controller-context.ts';
import { deploymentController } from './deployment/deployment-controller.ts';
import { nodeIpamController } from './node-ipam/node-ipam-controller.ts';
import { replicaSetController } from './replica-set/replica-set.ts';
import { replicationController } from './replica-set/replication-controller.ts';
import { rootCaPublisherController } from './root-ca/root-ca-publisher.ts';
import { serviceAccountController } from './service-account/service-account-controller.ts';

/** Every controller there is, in the order in which they start. */
export const controllers: readonly ControllerDefinition[] = [
    serviceAccountController,
    rootCaPublisherController,
    nodeIpamController,
    deploymentController,
    replicaSetController,
    replicationController,
];
