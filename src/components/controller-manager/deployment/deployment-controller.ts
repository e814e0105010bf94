import { getCondition } from '../../../api/meta/conditions.ts';
import { deepEqual } from '../../../api/meta/deep.ts';
import {
    objectKey,
    type Stored,
    type V1Deployment,
    type V1Pod,
    type V1ReplicaSet,
} from '../../../api/meta/object.ts';
import { controllerOf } from '../../../api/meta/owner-references.ts';
import { labelSelectorMatcher } from '../../../api/meta/selectors.ts';
import type { ResourceClient } from '../../../client/client.ts';
import { Controller, done, requeueAfter, type Outcome } from '../../../client/controller.ts';
import type { Informer } from '../../../client/informer.ts';
import { deployments, pods, replicaSets } from '../../../client/resource-type.ts';
import type { ControllerContext, ControllerDefinition, RunnableController } from '../controller-context.ts';
import { claim } from '../shared/claim.ts';
import { controlledBy, controlledOrOrphaned, indexByController } from '../shared/owner-index.ts';
import { cleanUpHistory } from './cleanup.ts';
import { reasons } from './deployment-conditions.ts';
import { deadlineCheckMs, isComplete, progressDeadlineMs } from './deployment-status.ts';
import { isRolling } from './rolling-math.ts';
import { Rollout } from './rollout.ts';
import { isScalingEvent, recreateStep, rollingStep, scaleInPlace } from './strategies.ts';

const ownerKind = { apiVersion: 'apps/v1', kind: 'Deployment' };
/** As upstream: then the deployment waits for its next event. */
const retriesMax = 15;

/** Rolls deployments out through ReplicaSets. */
export const deploymentController: ControllerDefinition = {
    name: 'deployment-controller',
    serviceAccount: 'deployment-controller',
    create: (context) => new DeploymentController(context),
};

class DeploymentController implements RunnableController {
    readonly #context: ControllerContext;
    readonly #deployments: Informer<V1Deployment>;
    readonly #sets: Informer<V1ReplicaSet>;
    readonly #pods: Informer<V1Pod>;
    readonly #client: ResourceClient<V1Deployment>;
    readonly #controller: Controller;

    constructor(context: ControllerContext) {
        this.#context = context;
        this.#deployments = context.informers.informer(deployments);
        this.#sets = context.informers.informer(replicaSets);
        this.#pods = context.informers.informer(pods);
        this.#client = context.client.resource(deployments);
        this.#controller = new Controller({
            name: 'deployment',
            logger: context.logger,
            clock: context.clock,
            retriesMax,
            reconcile: async (key) => await this.#reconcile(key),
        });
        indexByController(this.#sets);
        indexByController(this.#pods);
        this.#watch();
    }

    start(): void {
        this.#controller.start();
    }

    async stop(): Promise<void> {
        await this.#controller.stop();
    }

    #watch(): void {
        const enqueue = (object: V1Deployment): void => this.#controller.enqueue(objectKey(object));
        this.#deployments.addHandler({ added: enqueue, updated: enqueue, deleted: enqueue });
        this.#sets.addHandler({
            added: (set) => this.#setChanged(set, undefined),
            updated: (set, old) => this.#setChanged(set, old),
            deleted: (set) => this.#enqueueOwner(set),
        });
        this.#pods.addHandler({ deleted: (pod) => this.#podDeleted(pod) });
    }

    #setChanged(set: Stored<V1ReplicaSet>, old: Stored<V1ReplicaSet> | undefined): void {
        const ownerChanged = old !== undefined && controllerOf(set)?.uid !== controllerOf(old)?.uid;
        if (ownerChanged) this.#enqueueOwner(old);
        if (controllerOf(set) !== undefined) {
            this.#enqueueOwner(set);
            return;
        }
        const labelsChanged = !deepEqual(set.metadata.labels, old?.metadata.labels);
        if (old !== undefined && !labelsChanged && !ownerChanged) return;
        for (const deployment of this.#deployments.lister.list(set.metadata.namespace)) {
            if (labelSelectorMatcher(deployment.spec?.selector).matches(set.metadata.labels)) {
                this.#controller.enqueue(objectKey(deployment));
            }
        }
    }

    #ownerOf(set: Stored<V1ReplicaSet>): Stored<V1Deployment> | undefined {
        const owner = controllerOf(set);
        if (owner?.kind !== ownerKind.kind) return undefined;
        const found = this.#deployments.lister.get(`${set.metadata.namespace ?? ''}/${owner.name}`);
        return found?.metadata.uid === owner.uid ? found : undefined;
    }

    #enqueueOwner(set: Stored<V1ReplicaSet>): void {
        const owner = this.#ownerOf(set);
        if (owner !== undefined) this.#controller.enqueue(objectKey(owner));
    }

    /** Only Recreate waits for pods: the last one that goes lets the new set start. */
    #podDeleted(pod: Stored<V1Pod>): void {
        const reference = controllerOf(pod);
        if (reference?.kind !== 'ReplicaSet') return;
        const set = this.#sets.lister.get(`${pod.metadata.namespace ?? ''}/${reference.name}`);
        const owner = set?.metadata.uid === reference.uid ? this.#ownerOf(set) : undefined;
        if (owner === undefined || isRolling(owner)) return;
        const left = controlledBy(this.#sets.lister, owner).some(
            (s) => controlledBy(this.#pods.lister, s).length > 0,
        );
        if (!left) this.#controller.enqueue(objectKey(owner));
    }

    async #reconcile(key: string): Promise<Outcome> {
        const deployment = this.#deployments.lister.get(key);
        if (deployment === undefined) return done;
        const selector = labelSelectorMatcher(deployment.spec?.selector);
        if (selector.isEmpty) return await this.#refuse(deployment);
        const sets = await this.#claimSets(deployment);
        const rollout = new Rollout(this.#context, deployment, sets);
        if (deployment.metadata.deletionTimestamp !== undefined) {
            await rollout.syncStatus();
            return done;
        }
        notePause(rollout);
        if (deployment.spec?.paused === true || isScalingEvent(rollout)) {
            await scaleInPlace(rollout);
            if (deployment.spec?.paused === true) await cleanUpHistory(rollout);
            await rollout.syncStatus();
            return done;
        }
        return await this.#rollOut(rollout);
    }

    async #rollOut(rollout: Rollout): Promise<Outcome> {
        if (isRolling(rollout.deployment)) await rollingStep(rollout);
        else await recreateStep(rollout, this.#pods.lister);
        const complete = isComplete(rollout.deployment, rollout.deployment.status);
        if (complete) await cleanUpHistory(rollout);
        const status = await rollout.syncRolloutStatus();
        const afterMs = deadlineCheckMs(rollout.deployment, status, this.#context.clock.nowMs());
        return afterMs === undefined ? done : requeueAfter(afterMs);
    }

    async #refuse(deployment: Stored<V1Deployment>): Promise<Outcome> {
        this.#context.events.event(
            deployment,
            'Warning',
            'SelectingAll',
            'This deployment is selecting all pods. A non-empty selector is required.',
        );
        const { generation = 0 } = deployment.metadata;
        if ((deployment.status?.observedGeneration ?? 0) < generation) {
            const status = { ...deployment.status, observedGeneration: generation };
            await this.#client.updateStatus({ ...deployment, status });
        }
        return done;
    }

    async #claimSets(deployment: Stored<V1Deployment>): Promise<Stored<V1ReplicaSet>[]> {
        const { namespace, name } = deployment.metadata;
        return await claim(controlledOrOrphaned(this.#sets.lister, deployment), {
            owner: deployment,
            ownerKind,
            matcher: labelSelectorMatcher(deployment.spec?.selector),
            resource: this.#context.client.resource(replicaSets),
            freshOwner: async () => await this.#client.get({ namespace, name }),
        });
    }
}

/** While paused, a rollout makes no progress and is not to time out. */
function notePause(rollout: Rollout): void {
    const { deployment } = rollout;
    if (progressDeadlineMs(deployment) === undefined) return;
    const condition = getCondition(deployment.status?.conditions, 'Progressing');
    if (condition?.reason === reasons.timedOut) return;
    const wasPaused = condition?.reason === reasons.paused;
    const paused = deployment.spec?.paused === true;
    if (paused && !wasPaused) {
        rollout.progress({ status: 'Unknown', reason: reasons.paused, message: 'Deployment is paused' });
    } else if (!paused && wasPaused) {
        rollout.progress({ status: 'Unknown', reason: reasons.resumed, message: 'Deployment is resumed' });
    }
}
