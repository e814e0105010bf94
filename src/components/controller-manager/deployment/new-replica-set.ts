import { semanticEqual } from '../../../api/meta/deep.ts';
import type { V1LabelSelector, V1ReplicaSet } from '../../../api/meta/object.ts';
import { controllerOf, controllerRef } from '../../../api/meta/owner-references.ts';
import { isReason } from '../../../api/meta/status-error.ts';
import { assert } from '../../../util/assert.ts';
import { isNamespaceTerminating, messageOf } from '../shared/pod-control.ts';
import { reasons } from './deployment-conditions.ts';
import type { ReplicaSet } from './replica-sets.ts';
import { newSetAnnotations, nextRevision, revisionAnnotation, scaleAnnotations } from './revision.ts';
import { newSetReplicas } from './rolling-math.ts';
import type { Rollout } from './rollout.ts';
import { podTemplateHash, podTemplateHashLabel, sameTemplate } from './template-hash.ts';

const ownerKind = { apiVersion: 'apps/v1', kind: 'Deployment' };

/**
 * Sees to it that the new set, where it exists, has the highest revision and the deployment's
 * annotations, and that the deployment shows that revision. Does not create it.
 */
export async function syncRevision(rollout: Rollout): Promise<ReplicaSet | undefined> {
    const { newSet, deployment } = rollout;
    if (newSet?.spec === undefined) return undefined;
    const revision = nextRevision(rollout.oldSets);
    const annotations = newSetAnnotations(deployment, newSet.metadata.annotations, revision);
    const minReadySeconds = deployment.spec?.minReadySeconds ?? 0;
    let set = newSet;
    if (
        !semanticEqual(annotations, newSet.metadata.annotations) ||
        (newSet.spec.minReadySeconds ?? 0) !== minReadySeconds
    ) {
        set = await rollout.replicaSets.update({
            ...newSet,
            metadata: { ...newSet.metadata, annotations },
            spec: { ...newSet.spec, minReadySeconds },
        });
        rollout.remember(set);
    }
    await showRevision(rollout, annotations[revisionAnnotation]);
    if (!rollout.hasProgressCondition()) {
        rollout.progress({
            status: 'True',
            reason: reasons.foundNewReplicaSet,
            message: `Found new replica set "${set.metadata.name}"`,
        });
    }
    return set;
}

/** As syncRevision, and creates the set when there is none. */
export async function ensureNewSet(rollout: Rollout): Promise<ReplicaSet> {
    const existing = await syncRevision(rollout);
    if (existing !== undefined) return existing;
    const revision = nextRevision(rollout.oldSets);
    const planned = plan(rollout, revision);
    const { set, created } = await createOrFind(rollout, planned);
    rollout.remember(set);
    const replicas = planned.spec?.replicas ?? 0;
    if (created && replicas > 0) {
        rollout.event(
            'Normal',
            'ScalingReplicaSet',
            `Scaled up replica set ${set.metadata.name} from 0 to ${replicas}`,
        );
    }
    await showRevision(rollout, String(revision));
    if (created) {
        rollout.progress({
            status: 'True',
            reason: reasons.newReplicaSet,
            message: `Created new replica set "${set.metadata.name}"`,
        });
    }
    return set;
}

async function showRevision(rollout: Rollout, revision: string | undefined): Promise<void> {
    if (revision === undefined) return;
    if (rollout.deployment.metadata.annotations?.[revisionAnnotation] === revision) return;
    await rollout.annotate({ [revisionAnnotation]: revision });
}

function plan(rollout: Rollout, revision: bigint): V1ReplicaSet {
    const { deployment, sets } = rollout;
    const { spec, status, metadata } = deployment;
    assert(spec !== undefined, 'a stored deployment has a spec', { name: metadata.name });
    const hash = podTemplateHash(spec.template, status?.collisionCount);
    const labels = { ...spec.template.metadata?.labels, [podTemplateHashLabel]: hash };
    const selector: V1LabelSelector = {
        ...spec.selector,
        matchLabels: { ...spec.selector.matchLabels, [podTemplateHashLabel]: hash },
    };
    return {
        apiVersion: 'apps/v1',
        kind: 'ReplicaSet',
        metadata: {
            name: `${metadata.name}-${hash}`,
            namespace: metadata.namespace,
            ownerReferences: [controllerRef(deployment, ownerKind)],
            labels,
            annotations: {
                ...newSetAnnotations(deployment, undefined, revision),
                ...scaleAnnotations(deployment),
            },
        },
        spec: {
            replicas: newSetReplicas(deployment, sets, 0),
            minReadySeconds: spec.minReadySeconds ?? 0,
            selector,
            template: { ...spec.template, metadata: { ...spec.template.metadata, labels } },
        },
    };
}

async function createOrFind(
    rollout: Rollout,
    planned: V1ReplicaSet,
): Promise<{ set: ReplicaSet; created: boolean }> {
    try {
        return { set: await rollout.replicaSets.create(planned), created: true };
    } catch (error) {
        if (isReason(error, 'AlreadyExists')) return await resolveCollision(rollout, planned, error);
        if (!isNamespaceTerminating(error)) await reportFailure(rollout, planned, error);
        throw error;
    }
}

/**
 * A set of this name exists that the informer has not shown, or that belongs to someone else or to
 * another template with the same hash. Only the first is ours; else the next try gets another hash.
 */
async function resolveCollision(
    rollout: Rollout,
    planned: V1ReplicaSet,
    error: unknown,
): Promise<{ set: ReplicaSet; created: boolean }> {
    const { deployment } = rollout;
    const { namespace, name = '' } = planned.metadata ?? {};
    const found = await rollout.replicaSets.get({ namespace, name });
    const ours = controllerOf(found)?.uid === deployment.metadata.uid;
    if (ours && sameTemplate(found.spec?.template, deployment.spec?.template)) {
        return { set: found, created: false };
    }
    const collisionCount = (deployment.status?.collisionCount ?? 0) + 1;
    rollout.context.logger.info({ name, collisionCount }, 'hash collision, trying another name');
    await rollout.writeStatus({ ...deployment.status, collisionCount });
    throw error;
}

async function reportFailure(rollout: Rollout, planned: V1ReplicaSet, error: unknown): Promise<void> {
    const message = `Failed to create new replica set "${planned.metadata?.name ?? ''}": ${messageOf(error)}`;
    rollout.progress({ status: 'False', reason: reasons.failedCreate, message });
    const { status } = rollout.deployment;
    if (status !== undefined) await rollout.writeStatus(status);
    rollout.event('Warning', reasons.failedCreate, message);
}
