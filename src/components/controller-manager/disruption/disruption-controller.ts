import { getCondition } from '../../../api/meta/conditions.ts';
import { deepEqual } from '../../../api/meta/deep.ts';
import {
    objectKey,
    type Stored,
    type V1Pod,
    type V1PodDisruptionBudget,
    type V1PodDisruptionBudgetStatus,
} from '../../../api/meta/object.ts';
import { formatLabelSelector, labelSelectorMatcher } from '../../../api/meta/selectors.ts';
import { isReason } from '../../../api/meta/status-error.ts';
import { Controller, done, requeueAfter, type Outcome } from '../../../client/controller.ts';
import type { Informer } from '../../../client/informer.ts';
import { podDisruptionBudgets, pods } from '../../../client/resource-type.ts';
import { rfc3339 } from '../../../util/clock.ts';
import type { ControllerContext, ControllerDefinition, RunnableController } from '../controller-context.ts';
import { messageOf } from '../shared/pod-control.ts';
import { isPodReady } from '../shared/pod-status.ts';
import {
    budgetTarget,
    disruptedPods,
    failedStatus,
    healthyPods,
    needsScale,
    nextStatus,
    type BudgetTarget,
} from './budget-status.ts';
import { ExpectedScales } from './expected-scale.ts';
import { StaleDisruptions } from './stale-disruptions.ts';

/** Computes how many pods of each PodDisruptionBudget may be evicted now. */
class DisruptionController implements RunnableController {
    readonly #context: ControllerContext;
    readonly #budgets: Informer<V1PodDisruptionBudget>;
    readonly #pods: Informer<V1Pod>;
    readonly #scales: ExpectedScales;
    readonly #stale: StaleDisruptions;
    readonly #controller: Controller;

    constructor(context: ControllerContext) {
        this.#context = context;
        this.#budgets = context.informers.informer(podDisruptionBudgets);
        this.#pods = context.informers.informer(pods);
        this.#scales = new ExpectedScales(context.client, context.informers);
        this.#stale = new StaleDisruptions(context, this.#pods);
        this.#controller = new Controller({
            name: 'disruption',
            logger: context.logger,
            clock: context.clock,
            reconcile: async (key) => await this.#reconcile(key),
        });
        const enqueue = (budget: Stored<V1PodDisruptionBudget>): void =>
            this.#controller.enqueue(objectKey(budget));
        this.#budgets.addHandler({ added: enqueue, updated: enqueue });
        this.#watchPods(enqueue);
    }

    start(): void {
        this.#stale.start();
        this.#controller.start();
    }

    async stop(): Promise<void> {
        await this.#stale.stop();
        await this.#controller.stop();
    }

    #watchPods(enqueue: (budget: Stored<V1PodDisruptionBudget>) => void): void {
        const enqueueOf = (pod: Stored<V1Pod>): void => {
            for (const budget of this.#budgets.lister.list(pod.metadata.namespace)) {
                if (labelSelectorMatcher(budget.spec?.selector).matches(pod.metadata.labels)) enqueue(budget);
            }
        };
        this.#pods.addHandler({
            added: enqueueOf,
            deleted: enqueueOf,
            updated: (pod, old) => {
                const labelsChanged = !deepEqual(pod.metadata.labels, old.metadata.labels);
                if (!labelsChanged && deepEqual(budgetView(pod), budgetView(old))) return;
                enqueueOf(pod);
                if (labelsChanged) enqueueOf(old);
            },
        });
    }

    async #reconcile(key: string): Promise<Outcome> {
        const budget = this.#budgets.lister.get(key);
        if (budget === undefined) return done;
        try {
            return await this.#sync(budget);
        } catch (error) {
            if (isReason(error, 'Conflict')) throw error;
            this.#context.logger.warn({ err: error, key }, 'disruption budget cannot be computed');
            await this.#write(budget, failedStatus(budget, messageOf(error), this.#now()));
            throw error;
        }
    }

    async #sync(budget: Stored<V1PodDisruptionBudget>): Promise<Outcome> {
        const { clock, events } = this.#context;
        const matcher = labelSelectorMatcher(budget.spec?.selector);
        const matching = this.#pods.lister
            .list(budget.metadata.namespace)
            .filter(({ metadata }) => matcher.matches(metadata.labels));
        if (matching.length === 0) events.event(budget, 'Normal', 'NoPods', 'No matching pods found');
        const target = await this.#target(budget, matching);
        const disrupted = disruptedPods(budget, matching, clock.nowMs());
        for (const pod of disrupted.overdue) {
            const message = `Pod was expected by PDB ${objectKey(budget)} to be deleted but it wasn't`;
            events.event(pod, 'Warning', 'NotDeleted', message);
        }
        const currentHealthy = healthyPods(matching, disrupted.pods);
        const counted = { ...target, currentHealthy, disruptedPods: disrupted.pods };
        await this.#write(budget, nextStatus(budget, counted, this.#now()));
        return disrupted.recheckMs === undefined ? done : requeueAfter(disrupted.recheckMs);
    }

    async #target(
        budget: Stored<V1PodDisruptionBudget>,
        matching: readonly Stored<V1Pod>[],
    ): Promise<BudgetTarget> {
        if (!needsScale(budget)) return budgetTarget(budget, { pods: matching.length, scale: 0 });
        const { events } = this.#context;
        try {
            const { scale, unmanaged } = await this.#scales.of(matching);
            if (unmanaged.length > 0) {
                const selector = formatLabelSelector(budget.spec?.selector);
                events.event(
                    budget,
                    'Warning',
                    'UnmanagedPods',
                    `Pods selected by this PodDisruptionBudget (selector: ${selector}) were found to be unmanaged. As a result, the status of the PDB cannot be calculated correctly, which may result in undefined behavior. To account for these pods please set ".spec.minAvailable" field of the PDB to an integer value.`,
                );
            }
            return budgetTarget(budget, { pods: matching.length, scale });
        } catch (error) {
            const message = `Failed to calculate the number of expected pods: ${messageOf(error)}`;
            events.event(budget, 'Warning', 'CalculateExpectedPodCountFailed', message);
            throw error;
        }
    }

    async #write(
        budget: Stored<V1PodDisruptionBudget>,
        status: V1PodDisruptionBudgetStatus | undefined,
    ): Promise<void> {
        if (status === undefined) return;
        try {
            await this.#context.client.resource(podDisruptionBudgets).updateStatus({ ...budget, status });
        } catch (error) {
            if (!isReason(error, 'NotFound')) throw error;
        }
    }

    #now(): string {
        return rfc3339(this.#context.clock.nowMs());
    }
}

/** What of a pod counts for a budget. */
const budgetView = (pod: V1Pod): unknown => [
    isPodReady(pod),
    pod.metadata?.deletionTimestamp === undefined,
    pod.metadata?.ownerReferences,
    getCondition(pod.status?.conditions, 'DisruptionTarget')?.status,
];

export const disruptionController: ControllerDefinition = {
    name: 'disruption-controller',
    serviceAccount: 'disruption-controller',
    create: (context) => new DisruptionController(context),
};
