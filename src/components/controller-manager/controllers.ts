import type { ControllerDefinition } from './controller-context.ts';
import { deploymentController } from './deployment/deployment-controller.ts';
import { replicaSetController } from './replica-set/replica-set.ts';
import { replicationController } from './replica-set/replication-controller.ts';

/** Every controller there is, in the order in which they start. */
export const controllers: readonly ControllerDefinition[] = [
    deploymentController,
    replicaSetController,
    replicationController,
];
