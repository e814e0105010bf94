import { objectKey } from '../../../api/meta/object.ts';
import { controllerRef } from '../../../api/meta/owner-references.ts';
import type { Expectations } from '../../../client/expectations.ts';
import { isNamespaceTerminating, type CreatePodOptions, type PodControl } from '../shared/pod-control.ts';
import { isPodReady } from '../shared/pod-status.ts';
import { slowStartBatch } from '../shared/slow-start.ts';
import type { Job, Pod } from './job-spec.ts';
import type { PodPlan } from './pod-plan.ts';
import type { PodReleaser } from './pod-releaser.ts';
import { indexGenerateName, indexTemplate, trackedTemplate } from './pod-template.ts';
import { isTracked } from './pod-state.ts';
import type { Round } from './round.ts';

const ownerKind = { apiVersion: 'batch/v1', kind: 'Job' };
const slowStartInitialBatchSize = 1;

export interface PodManagerParts {
    podControl: PodControl;
    expectations: Expectations;
    releaser: PodReleaser;
}

/** Creates and deletes the pods of jobs. All methods resolve with the error they met, if any. */
export class PodManager {
    readonly #podControl: PodControl;
    readonly #expectations: Expectations;
    readonly #releaser: PodReleaser;

    constructor({ podControl, expectations, releaser }: PodManagerParts) {
        this.#podControl = podControl;
        this.#expectations = expectations;
        this.#releaser = releaser;
    }

    /** Carries the plan out and counts what it did in the round. */
    async carryOut(round: Round, plan: PodPlan): Promise<unknown> {
        switch (plan.type) {
            case 'nothing':
                return undefined;
            case 'delete':
                // What is not needed does not count as failed: it is let go at once.
                return await this.#delete(round, plan.pods, async (pod) => {
                    if (isTracked(pod)) await this.#releaser.release(pod);
                    await this.#podControl.delete(pod, round.job);
                });
            case 'create':
                return await this.#create(round, plan);
        }
    }

    /** The job is over: its pods go, and are counted as failed before they are let go. */
    async deleteActive(round: Round): Promise<unknown> {
        return await this.#delete(round, round.activePods, async (pod) => {
            await this.#podControl.delete(pod, round.job);
        });
    }

    async #delete(round: Round, pods: readonly Pod[], remove: (pod: Pod) => Promise<void>): Promise<unknown> {
        if (pods.length === 0) return undefined;
        const key = objectKey(round.job);
        this.#expectations.expectDeletions(key, pods.map(objectKey));
        const results = await Promise.allSettled(
            pods.map(async (pod) => {
                try {
                    await remove(pod);
                } catch (error) {
                    this.#expectations.deletionObserved(key, objectKey(pod));
                    throw error;
                }
                round.active--;
                round.terminating++;
                if (isPodReady(pod)) round.ready--;
            }),
        );
        return results.find((result) => result.status === 'rejected')?.reason;
    }

    async #create(round: Round, plan: PodPlan & { type: 'create' }): Promise<unknown> {
        const { job } = round;
        const key = objectKey(job);
        const { count } = plan;
        this.#expectations.expectCreations(key, count);
        let tried = 0;
        const { error } = await slowStartBatch(count, slowStartInitialBatchSize, async (i) => {
            tried++;
            try {
                await this.#podControl.create(podOptions(round, plan.indexes?.[i]));
                round.active++;
            } catch (error) {
                this.#expectations.creationObserved(key);
                if (!isNamespaceTerminating(error)) throw error;
            }
        });
        if (tried < count) this.#expectations.creationObserved(key, count - tried);
        return error;
    }
}

function podOptions({ job, delayed }: Round, index: number | undefined): CreatePodOptions {
    const common = { owner: job, ownerReference: controllerRef(job, ownerKind) };
    if (index === undefined) return { ...common, template: trackedTemplate(templateOf(job)) };
    return {
        ...common,
        template: indexTemplate(job, index, delayed.get(index)),
        generateName: indexGenerateName(job.metadata.name, index),
    };
}

const templateOf = ({ spec }: Job): CreatePodOptions['template'] => spec?.template ?? {};
