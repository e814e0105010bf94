import { templateOf, type Revision } from '../shared/revision-history.ts';
import { slowStartBatch } from '../shared/slow-start.ts';
import { isWanted, ordinalOf, replicasOf, startOrdinal } from './ordinals.ts';
import type { PodActions } from './pod-actions.ts';
import {
    isAvailable,
    isHealthy,
    isOver,
    isTerminating,
    newPod,
    type SetPod,
    type StatefulSet,
} from './set-pod.ts';
import { podsToUpdate } from './update-plan.ts';

export interface SetRoundInput {
    set: StatefulSet;
    pods: readonly SetPod[];
    /** The revision that pods below the partition have. */
    current: Revision;
    /** The revision of the set's template. */
    update: Revision;
    nowMs: number;
}

/** Whether the next pod in line may be looked at. */
type Step = 'continue' | 'wait';

/**
 * One pass over the pods of a set. With OrderedReady every step waits for the ones before it: pods are
 * created from the lowest ordinal up, each when its predecessors are available, and deleted from the
 * highest down. With Parallel nothing waits.
 */
export class SetRound {
    readonly #input: SetRoundInput;
    readonly #actions: PodActions;
    readonly #isOrdered: boolean;
    /** By ordinal from the first one on; undefined where there is no pod. */
    readonly #replicas: readonly (SetPod | undefined)[];
    /** Highest ordinal first. */
    readonly #condemned: readonly SetPod[];

    constructor(input: SetRoundInput, actions: PodActions) {
        const { set, pods } = input;
        this.#input = input;
        this.#actions = actions;
        this.#isOrdered = set.spec?.podManagementPolicy !== 'Parallel';
        const byOrdinal = new Map(pods.map((pod) => [ordinalOf(pod), pod]));
        const start = startOrdinal(set);
        this.#replicas = Array.from({ length: replicasOf(set) }, (_, i) => byOrdinal.get(start + i));
        this.#condemned = pods
            .filter((pod) => !isWanted(set, ordinalOf(pod)))
            .sort((a, b) => ordinalOf(b) - ordinalOf(a));
    }

    async run(): Promise<void> {
        const { set } = this.#input;
        const wanted = this.#replicas.map((pod, i) => ({ pod, ordinal: startOrdinal(set) + i }));
        if (!(await this.#forAll(wanted, async (slot) => await this.#fill(slot)))) return;
        for (const pod of this.#condemned) await this.#actions.claims.applyRetention(set, pod);
        if (!(await this.#forAll(this.#condemned, async (pod) => await this.#condemn(pod)))) return;
        await this.#update();
    }

    /** False when something is to be waited for. */
    async #forAll<T>(items: readonly T[], step: (item: T) => Promise<Step>): Promise<boolean> {
        if (this.#isOrdered) {
            for (const item of items) if ((await step(item)) === 'wait') return false;
            return true;
        }
        const { error } = await slowStartBatch(items.length, 1, async (i) => {
            const item = items[i];
            if (item !== undefined) await step(item);
        });
        if (error !== undefined)
            throw error instanceof Error ? error : new Error('a step failed', { cause: error });
        return true;
    }

    async #fill({ pod, ordinal }: { pod: SetPod | undefined; ordinal: number }): Promise<Step> {
        const { set, nowMs } = this.#input;
        if (pod === undefined) {
            const wanted = this.#newPod(ordinal);
            if (this.#actions.claims.isStale(set, wanted)) return 'wait';
            await this.#actions.create(set, wanted);
            return 'wait';
        }
        if (isOver(pod)) {
            if (!isTerminating(pod)) await this.#actions.recreate(set, pod);
            return 'wait';
        }
        if (pod.status?.phase === 'Pending') await this.#actions.claims.ensure(set, pod);
        const isDone = !isTerminating(pod) && isAvailable(pod, set, nowMs);
        if (!isDone && this.#isOrdered) return 'wait';
        await this.#actions.correct(set, pod);
        return 'continue';
    }

    /** Pods below the partition keep the current revision, also when they are created anew. */
    #newPod(ordinal: number): ReturnType<typeof newPod> {
        const { set, current, update } = this.#input;
        const { type, rollingUpdate } = set.spec?.updateStrategy ?? {};
        const below = startOrdinal(set) + (rollingUpdate?.partition ?? 0);
        const revision = type === 'RollingUpdate' && ordinal < below ? current : update;
        return newPod(set, { ordinal, template: templateOf(revision), revision: revision.metadata.name });
    }

    async #condemn(pod: SetPod): Promise<Step> {
        const { set, nowMs } = this.#input;
        if (isTerminating(pod)) return this.#isOrdered ? 'wait' : 'continue';
        const mayGo = isAvailable(pod, set, nowMs) || pod === this.#firstUnhealthy();
        if (this.#isOrdered && !mayGo) return 'wait';
        await this.#actions.delete(set, pod);
        return 'wait';
    }

    /** Of all pods the lowest one that is not well: it alone may go though it is not. */
    #firstUnhealthy(): SetPod | undefined {
        const all = [...this.#replicas.filter((pod) => pod !== undefined), ...this.#condemned];
        return all.filter((pod) => !isHealthy(pod)).sort((a, b) => ordinalOf(a) - ordinalOf(b))[0];
    }

    async #update(): Promise<void> {
        const { set, update, nowMs } = this.#input;
        const replicas = this.#replicas;
        for (const pod of podsToUpdate(set, { replicas, revision: update.metadata.name, nowMs })) {
            await this.#actions.delete(set, pod);
        }
    }
}
