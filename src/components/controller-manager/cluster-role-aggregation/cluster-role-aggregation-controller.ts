import { semanticEqual } from '../../../api/meta/deep.ts';
import type { V1ClusterRole } from '../../../api/meta/object.ts';
import { Controller, done, type Outcome } from '../../../client/controller.ts';
import type { Informer } from '../../../client/informer.ts';
import { clusterRoles } from '../../../client/resource-type.ts';
import type { ControllerContext, ControllerDefinition, RunnableController } from '../controller-context.ts';
import { aggregatedRules } from '../../../api/groups/rbac/aggregated-rules.ts';

/** Keeps the rules of aggregated cluster roles, as view, edit and admin are, up to date. */
class ClusterRoleAggregationController implements RunnableController {
    readonly #context: ControllerContext;
    readonly #roles: Informer<V1ClusterRole>;
    readonly #controller: Controller;

    constructor(context: ControllerContext) {
        this.#context = context;
        this.#roles = context.informers.informer(clusterRoles);
        this.#controller = new Controller({
            name: 'ClusterRoleAggregator',
            logger: context.logger,
            clock: context.clock,
            reconcile: async (name) => await this.#reconcile(name),
        });
        // A role may feed any other; those that aggregate are few.
        const enqueueAll = (): void => {
            for (const role of this.#roles.lister.list()) {
                if (role.aggregationRule !== undefined) this.#controller.enqueue(role.metadata.name);
            }
        };
        this.#roles.addHandler({ added: enqueueAll, updated: enqueueAll, deleted: enqueueAll });
    }

    start(): void {
        this.#controller.start();
    }

    async stop(): Promise<void> {
        await this.#controller.stop();
    }

    async #reconcile(name: string): Promise<Outcome> {
        const role = this.#roles.lister.get(name);
        const rules = role === undefined ? undefined : aggregatedRules(role, this.#roles.lister.list());
        if (role === undefined || rules === undefined || semanticEqual(role.rules, rules)) return done;
        await this.#context.client.resource(clusterRoles).update({ ...role, rules });
        return done;
    }
}

export const clusterRoleAggregationController: ControllerDefinition = {
    name: 'clusterrole-aggregation-controller',
    serviceAccount: 'clusterrole-aggregation-controller',
    create: (context) => new ClusterRoleAggregationController(context),
};
