import type { Client } from '../../../client/client.ts';
import { reconcileSystemPriorityClasses } from '../admission/index.ts';
import type { AggregationServing } from '../aggregation/serve.ts';
import { reconcileBootstrapPolicy } from '../authz/bootstrap-policy.ts';
import type { MasterEndpoints } from '../bootstrap/master-endpoints.ts';
import { ensureSystemObjects, type SystemObjectsOptions } from '../bootstrap/system-objects.ts';
import type { HealthCheck } from '../extensions.ts';
import type { FlowControlConfigController } from '../flow-control/config-controller.ts';

export interface BootstrapParts {
    system: SystemObjectsOptions;
    /** Roles and priority classes are in the store already: this same program has put them there. */
    isRecorded: boolean;
    /** Undefined without priority and fairness. */
    flowObjects: FlowControlConfigController | undefined;
    aggregation: AggregationServing;
    /** Undefined where this server is nobody's endpoint. */
    masters: MasterEndpoints | undefined;
}

/**
 * Makes what every cluster has: roles, priority classes, flow schemas, system namespaces, the Service `kubernetes`,
 * APIServices.
 */
export class Bootstrap {
    readonly readyCheck: HealthCheck = {
        name: 'poststarthook/bootstrap',
        check: () => (this.#isDone ? undefined : 'roles and system objects are being made'),
    };
    #isDone = false;

    /** Resolves when all is there; until then /readyz says no. */
    async run(client: Client, parts: BootstrapParts): Promise<void> {
        if (!parts.isRecorded) {
            await reconcileBootstrapPolicy(client);
            await reconcileSystemPriorityClasses(client);
        }
        await parts.flowObjects?.start();
        await ensureSystemObjects(parts.system);
        await parts.aggregation.start();
        await parts.masters?.start();
        this.#isDone = true;
    }
}
