import type { Client } from '../../../client/client.ts';
import { reconcileSystemPriorityClasses } from '../admission/index.ts';
import type { AggregationServing } from '../aggregation/serve.ts';
import { reconcileBootstrapPolicy } from '../authz/bootstrap-policy.ts';
import type { MasterEndpoints } from '../bootstrap/master-endpoints.ts';
import { ensureSystemObjects, type SystemObjectsOptions } from '../bootstrap/system-objects.ts';
import type { FlowControlConfigController } from '../flow-control/config-controller.ts';
import type { AddressRepair } from '../services/address-repair.ts';
import type { PostStartHooks } from './post-start-hooks.ts';

export interface BootstrapParts {
    system: SystemObjectsOptions;
    /** Roles and priority classes are in the store already: this same program has put them there. */
    isRecorded: boolean;
    /** Undefined without priority and fairness. */
    flowObjects: FlowControlConfigController | undefined;
    aggregation: AggregationServing;
    addresses: AddressRepair;
    /** Undefined where this server is nobody's endpoint. */
    masters: MasterEndpoints | undefined;
}

/**
 * Makes what every cluster has: roles, priority classes, flow schemas, system namespaces, the Service `kubernetes`,
 * APIServices.
 */
export class Bootstrap {
    readonly #hooks: PostStartHooks;

    constructor(hooks: PostStartHooks) {
        this.#hooks = hooks;
    }

    /** Resolves when all is there; until then /readyz says no. */
    async run(client: Client, parts: BootstrapParts): Promise<void> {
        this.#hooks.begin();
        if (!parts.isRecorded) await reconcileBootstrapPolicy(client);
        this.#hooks.done('roles');
        if (!parts.isRecorded) await reconcileSystemPriorityClasses(client);
        this.#hooks.done('priorityClasses');
        await parts.flowObjects?.start();
        this.#hooks.done('flowObjects');
        await ensureSystemObjects(parts.system);
        this.#hooks.done('system');
        await parts.addresses.start();
        this.#hooks.done('addresses');
        await parts.aggregation.start();
        this.#hooks.done('aggregation');
        await parts.masters?.start();
        this.#hooks.done('masters');
    }
}
