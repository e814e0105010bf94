import { getCondition } from '../../../api/meta/conditions.ts';
import { objectKey, type Stored, type V1Pod } from '../../../api/meta/object.ts';
import { isReason } from '../../../api/meta/status-error.ts';
import { Controller, done, requeueAfter, type Outcome } from '../../../client/controller.ts';
import type { Informer } from '../../../client/informer.ts';
import { pods } from '../../../client/resource-type.ts';
import { rfc3339 } from '../../../util/clock.ts';
import type { Stoppable } from '../../../util/lifecycle.ts';
import type { ControllerContext } from '../controller-context.ts';
import { disruptionTarget } from '../shared/disruption-target.ts';

/** A pod that was to be disrupted and lives on this long was not. */
const staleAfterMs = 2 * 60_000;

/** Milliseconds until the condition DisruptionTarget counts as stale; undefined when it never will. */
export function staleInMs(pod: V1Pod, nowMs: number): number | undefined {
    const { phase, conditions } = pod.status ?? {};
    if (pod.metadata?.deletionTimestamp !== undefined || phase === 'Succeeded' || phase === 'Failed')
        return undefined;
    const condition = getCondition(conditions, disruptionTarget);
    // What a kubelet says of its own pod it also carries out.
    if (condition?.status !== 'True' || condition.reason === 'TerminationByKubelet') return undefined;
    return Math.max(0, Date.parse(condition.lastTransitionTime ?? '') + staleAfterMs - nowMs || 0);
}

/** Takes the condition DisruptionTarget back from pods that were not disrupted after all. */
export class StaleDisruptions implements Stoppable {
    readonly #context: ControllerContext;
    readonly #pods: Informer<V1Pod>;
    readonly #controller: Controller;

    constructor(context: ControllerContext, podInformer: Informer<V1Pod>) {
        this.#context = context;
        this.#pods = podInformer;
        this.#controller = new Controller({
            name: 'stale_pod_disruption',
            logger: context.logger,
            clock: context.clock,
            workers: 1,
            reconcile: async (key) => await this.#reconcile(key),
        });
        const look = (pod: Stored<V1Pod>): void => {
            if (staleInMs(pod, context.clock.nowMs()) !== undefined) this.#controller.enqueue(objectKey(pod));
        };
        podInformer.addHandler({ added: look, updated: look });
    }

    start(): void {
        this.#controller.start();
    }

    async stop(): Promise<void> {
        await this.#controller.stop();
    }

    async #reconcile(key: string): Promise<Outcome> {
        const pod = this.#pods.lister.get(key);
        const nowMs = this.#context.clock.nowMs();
        const remainingMs = pod === undefined ? undefined : staleInMs(pod, nowMs);
        if (pod === undefined || remainingMs === undefined) return done;
        if (remainingMs > 0) return requeueAfter(remainingMs);
        const { namespace, name, uid } = pod.metadata;
        const condition = { type: disruptionTarget, status: 'False', lastTransitionTime: rfc3339(nowMs) };
        const body = { metadata: { uid }, status: { conditions: [condition] } };
        try {
            await this.#context.client
                .resource(pods)
                .patch({ namespace, name }, { type: 'strategic', body }, { subresource: 'status' });
        } catch (error) {
            if (!isReason(error, 'NotFound')) throw error;
        }
        return done;
    }
}
