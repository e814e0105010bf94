import { getCondition } from '../../../api/meta/conditions.ts';
import { semanticEqual } from '../../../api/meta/deep.ts';
import type { Stored, V1Deployment, V1DeploymentStatus } from '../../../api/meta/object.ts';
import type { ResourceClient } from '../../../client/client.ts';
import { deployments, replicaSets } from '../../../client/resource-type.ts';
import type { ControllerContext } from '../controller-context.ts';
import type { V1ReplicaSet } from '../../../api/meta/object.ts';
import { withCondition, type NewCondition } from './deployment-conditions.ts';
import { deploymentStatus, progressDeadlineMs, rolloutStatus } from './deployment-status.ts';
import { desired, findNewReplicaSet, type ReplicaSet } from './replica-sets.ts';
import { scaleAnnotations } from './revision.ts';

/**
 * One reconcile of one deployment: what is known, and the writes it makes. Invariants: `deployment` is
 * the newest copy this reconcile has seen, with conditions that are not written yet; `sets` has every
 * set as it was last written.
 */
export class Rollout {
    readonly context: ControllerContext;
    readonly replicaSets: ResourceClient<V1ReplicaSet>;
    readonly #deployments: ResourceClient<V1Deployment>;
    #deployment: Stored<V1Deployment>;
    #storedStatus: V1DeploymentStatus | undefined;
    #sets: ReplicaSet[];

    constructor(context: ControllerContext, deployment: Stored<V1Deployment>, sets: readonly ReplicaSet[]) {
        this.context = context;
        this.replicaSets = context.client.resource(replicaSets);
        this.#deployments = context.client.resource(deployments);
        this.#deployment = deployment;
        this.#storedStatus = deployment.status;
        this.#sets = [...sets];
    }

    get deployment(): Stored<V1Deployment> {
        return this.#deployment;
    }

    get sets(): readonly ReplicaSet[] {
        return this.#sets;
    }

    /** The set with the deployment's template, if it exists. */
    get newSet(): ReplicaSet | undefined {
        return findNewReplicaSet(this.#sets, this.#deployment.spec?.template);
    }

    get oldSets(): ReplicaSet[] {
        const newSet = this.newSet;
        return this.#sets.filter((set) => set !== newSet);
    }

    /** Takes over a set that was created or written. */
    remember(set: ReplicaSet): void {
        const index = this.#sets.findIndex(({ metadata }) => metadata.uid === set.metadata.uid);
        if (index < 0) this.#sets.push(set);
        else this.#sets[index] = set;
    }

    event(type: 'Normal' | 'Warning', reason: string, message: string): void {
        this.context.events.event(this.#deployment, type, reason, message);
    }

    /** Sets a condition of the status that is written later; only where progress is watched at all. */
    progress(condition: Omit<NewCondition, 'type'>): void {
        if (progressDeadlineMs(this.#deployment) === undefined) return;
        const conditions = withCondition(
            this.#deployment.status?.conditions,
            { type: 'Progressing', ...condition },
            this.context.clock.nowMs(),
        );
        this.#deployment = { ...this.#deployment, status: { ...this.#deployment.status, conditions } };
    }

    hasProgressCondition(): boolean {
        return getCondition(this.#deployment.status?.conditions, 'Progressing') !== undefined;
    }

    /** Gives a set another size; resolves with true when the size has changed. */
    async scale(set: ReplicaSet, replicas: number): Promise<boolean> {
        const annotations = { ...set.metadata.annotations, ...scaleAnnotations(this.#deployment) };
        const from = desired(set);
        const sameSize = from === replicas;
        if (sameSize && semanticEqual(annotations, set.metadata.annotations)) return false;
        if (set.spec === undefined) return false;
        const written = await this.replicaSets.update({
            ...set,
            metadata: { ...set.metadata, annotations },
            spec: { ...set.spec, replicas },
        });
        this.remember(written);
        if (sameSize) return false;
        const direction = replicas > from ? 'up' : 'down';
        this.event(
            'Normal',
            'ScalingReplicaSet',
            `Scaled ${direction} replica set ${set.metadata.name} from ${from} to ${replicas}`,
        );
        return true;
    }

    /** Writes annotations of the deployment itself. */
    async annotate(annotations: Readonly<Record<string, string>>): Promise<void> {
        const { metadata, status } = this.#deployment;
        const written = await this.#deployments.update({
            ...this.#deployment,
            metadata: { ...metadata, annotations: { ...metadata.annotations, ...annotations } },
        });
        this.#deployment = { ...written, ...(status === undefined ? {} : { status }) };
    }

    /** Writes counts and Available, and whatever condition was set before. */
    async syncStatus(): Promise<void> {
        await this.writeStatus(deploymentStatus(this.#deployment, this.#observed()));
    }

    /** As syncStatus, with the state of the rollout. Resolves with the status the deployment then has. */
    async syncRolloutStatus(): Promise<V1DeploymentStatus> {
        const observed = this.#observed();
        // Progress is measured against what was stored, not against conditions that wait to be written.
        const status = rolloutStatus(this.#deployment, observed);
        await this.writeStatus(status);
        return status;
    }

    /** Nothing is written when nothing has changed. */
    async writeStatus(status: V1DeploymentStatus): Promise<void> {
        if (semanticEqual(withCounts(this.#storedStatus ?? {}), withCounts(status))) return;
        const written = await this.#deployments.updateStatus({ ...this.#deployment, status });
        this.#deployment = written;
        this.#storedStatus = written.status;
    }

    #observed(): { all: readonly ReplicaSet[]; newSet: ReplicaSet | undefined; nowMs: number } {
        return { all: this.#sets, newSet: this.newSet, nowMs: this.context.clock.nowMs() };
    }
}

/** Counters that are absent are 0. */
function withCounts(status: V1DeploymentStatus): V1DeploymentStatus {
    const { replicas = 0, updatedReplicas = 0, readyReplicas = 0 } = status;
    const { availableReplicas = 0, unavailableReplicas = 0, terminatingReplicas = 0 } = status;
    return {
        ...status,
        replicas,
        updatedReplicas,
        readyReplicas,
        availableReplicas,
        unavailableReplicas,
        terminatingReplicas,
    };
}
