import type { Stored, V1Namespace, V1ServiceAccount } from '../../../api/meta/object.ts';
import { isReason } from '../../../api/meta/status-error.ts';
import { Controller, done, type Outcome } from '../../../client/controller.ts';
import type { Informer } from '../../../client/informer.ts';
import { namespaces, serviceAccounts } from '../../../client/resource-type.ts';
import type { ControllerContext, ControllerDefinition, RunnableController } from '../controller-context.ts';
import { isNamespaceTerminating } from '../shared/pod-control.ts';

/** The account that pods run as unless they name another one. */
const accountName = 'default';

/** Sees to it that every active namespace has a service account "default". */
class ServiceAccountController implements RunnableController {
    readonly #context: ControllerContext;
    readonly #namespaces: Informer<V1Namespace>;
    readonly #accounts: Informer<V1ServiceAccount>;
    readonly #controller: Controller;

    constructor(context: ControllerContext) {
        this.#context = context;
        this.#namespaces = context.informers.informer(namespaces);
        this.#accounts = context.informers.informer(serviceAccounts);
        this.#controller = new Controller({
            name: 'serviceaccount',
            logger: context.logger,
            clock: context.clock,
            reconcile: async (namespace) => await this.#reconcile(namespace),
        });
        const enqueue = ({ metadata }: Stored<V1Namespace>): void => this.#controller.enqueue(metadata.name);
        this.#namespaces.addHandler({ added: enqueue, updated: enqueue });
        this.#accounts.addHandler({
            deleted: ({ metadata }) => {
                if (metadata.name === accountName) this.#controller.enqueue(metadata.namespace ?? '');
            },
        });
    }

    start(): void {
        this.#controller.start();
    }

    async stop(): Promise<void> {
        await this.#controller.stop();
    }

    async #reconcile(namespace: string): Promise<Outcome> {
        if (this.#namespaces.lister.get(namespace)?.status?.phase !== 'Active') return done;
        if (this.#accounts.lister.get(`${namespace}/${accountName}`) !== undefined) return done;
        try {
            const account: V1ServiceAccount = { metadata: { name: accountName, namespace } };
            await this.#context.client.resource(serviceAccounts).create(account);
        } catch (error) {
            if (!isReason(error, 'AlreadyExists') && !isNamespaceTerminating(error)) throw error;
        }
        return done;
    }
}

export const serviceAccountController: ControllerDefinition = {
    name: 'serviceaccount-controller',
    serviceAccount: 'service-account-controller',
    create: (context) => new ServiceAccountController(context),
};
