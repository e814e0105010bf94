import type { Stored, V1Namespace, V1Pod } from '../../../api/meta/object.ts';
import { isReason } from '../../../api/meta/status-error.ts';
import { Controller, done, requeueAfter, type Outcome } from '../../../client/controller.ts';
import type { Informer } from '../../../client/informer.ts';
import { namespaces, pods } from '../../../client/resource-type.ts';
import { rfc3339 } from '../../../util/clock.ts';
import type { ControllerContext, ControllerDefinition, RunnableController } from '../controller-context.ts';
import { messageOf } from '../shared/pod-control.ts';
import { deletionConditions, type DeletionReport } from './namespace-conditions.ts';
import { deleteContent } from './namespace-content.ts';

const kubernetesFinalizer = 'kubernetes';
/** So that every API server has seen the namespace terminating before its content is listed. */
const settleMs = 1_000;

/** Empties namespaces that are being deleted, and lets go of them when they are empty. */
class NamespaceController implements RunnableController {
    readonly #context: ControllerContext;
    readonly #namespaces: Informer<V1Namespace>;
    readonly #pods: Informer<V1Pod>;
    readonly #controller: Controller;

    constructor(context: ControllerContext) {
        this.#context = context;
        this.#namespaces = context.informers.informer(namespaces);
        this.#pods = context.informers.informer(pods);
        this.#controller = new Controller({
            name: 'namespace',
            logger: context.logger,
            clock: context.clock,
            workers: 2,
            reconcile: async (name) => await this.#reconcile(name),
        });
        const seen = ({ metadata }: Stored<V1Namespace>): void => {
            if (metadata.deletionTimestamp !== undefined)
                this.#controller.enqueueAfter(metadata.name, settleMs);
        };
        this.#namespaces.addHandler({
            added: seen,
            updated: (namespace, old) => {
                const isNew = old.metadata.deletionTimestamp === undefined;
                const wasHeld =
                    (old.metadata.finalizers ?? []).length > (namespace.metadata.finalizers ?? []).length;
                if (isNew || wasHeld) seen(namespace);
            },
        });
        this.#pods.addHandler({
            deleted: ({ metadata: { namespace = '' } }) => {
                // The last pod is what the rest waits for.
                const owner = this.#namespaces.lister.get(namespace);
                const isTerminating = owner?.metadata.deletionTimestamp !== undefined;
                if (isTerminating && this.#pods.lister.list(namespace).length === 0) {
                    this.#controller.enqueue(namespace);
                }
            },
        });
    }

    start(): void {
        this.#controller.start();
    }

    async stop(): Promise<void> {
        await this.#controller.stop();
    }

    async #reconcile(name: string): Promise<Outcome> {
        const resource = this.#context.client.resource(namespaces);
        try {
            const namespace = await resource.get({ name });
            const { deletionTimestamp } = namespace.metadata;
            if (deletionTimestamp === undefined) return done;
            const terminating =
                namespace.status?.phase === 'Terminating'
                    ? namespace
                    : await resource.updateStatus({
                          ...namespace,
                          status: { ...namespace.status, phase: 'Terminating' },
                      });
            if (!isHeld(terminating)) return done;
            return await this.#empty(terminating, Date.parse(deletionTimestamp));
        } catch (error) {
            if (isReason(error, 'NotFound')) return done;
            throw error;
        }
    }

    async #empty(namespace: Stored<V1Namespace>, deletedAtMs: number): Promise<Outcome> {
        const { client, clock, logger } = this.#context;
        const { name } = namespace.metadata;
        const { report, estimateSeconds } = await deleteContent(client, name, {
            deletedAtMs,
            nowMs: clock.nowMs(),
        });
        const updated = await this.#report(namespace, report);
        const errors = [...report.discoveryErrors, ...report.contentErrors];
        if (errors.length > 0) {
            throw new AggregateError(errors, `cannot empty namespace: ${errors.map(messageOf).join('; ')}`);
        }
        if (estimateSeconds > 0) {
            logger.debug({ namespace: name, estimateSeconds }, 'content of the namespace remains');
            return requeueAfter((Math.floor(estimateSeconds / 2) + 1) * 1000);
        }
        const finalizers =
            updated.spec?.finalizers?.filter((finalizer) => finalizer !== kubernetesFinalizer) ?? [];
        await client
            .resource(namespaces)
            .update({ ...updated, spec: { ...updated.spec, finalizers } }, { subresource: 'finalize' });
        logger.info({ namespace: name }, 'namespace is empty');
        return done;
    }

    /** A namespace that empties at the first attempt gets no conditions: nobody would see them. */
    async #report(namespace: Stored<V1Namespace>, report: DeletionReport): Promise<Stored<V1Namespace>> {
        const current = namespace.status?.conditions;
        const isClean =
            report.remaining.length === 0 &&
            report.contentErrors.length === 0 &&
            report.discoveryErrors.length === 0;
        if (isClean && current === undefined) return namespace;
        const conditions = deletionConditions(current, report, rfc3339(this.#context.clock.nowMs()));
        if (conditions === current) return namespace;
        return await this.#context.client
            .resource(namespaces)
            .updateStatus({ ...namespace, status: { ...namespace.status, conditions } });
    }
}

const isHeld = ({ spec }: V1Namespace): boolean => spec?.finalizers?.includes(kubernetesFinalizer) === true;

export const namespaceController: ControllerDefinition = {
    name: 'namespace-controller',
    serviceAccount: 'namespace-controller',
    create: (context) => new NamespaceController(context),
};
