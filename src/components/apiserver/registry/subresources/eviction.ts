import { deepClone } from '../../../../api/meta/deep.ts';
import type {
    ApiObject,
    Stored,
    V1Eviction,
    V1Pod,
    V1PodDisruptionBudget,
    V1Status,
} from '../../../../api/meta/object.ts';
import { labelSelectorMatcher } from '../../../../api/meta/selectors.ts';
import { statusErrors } from '../../../../api/meta/status-error.ts';
import { rfc3339 } from '../../../../util/clock.ts';
import type { ApiRequest, ApiResult } from '../../request.ts';
import { Admission } from '../admit.ts';
import { type DeleteOptions, toDeleteOptions } from '../delete-options.ts';
import { deleteObject } from '../delete.ts';
import { guardedUpdate } from '../guarded-update.ts';
import { readObject } from '../read-body.ts';
import { cached, type Registry, subjectOf, type Target, targetOf } from '../registry.ts';
import { writeOptionsOf } from '../write-options.ts';

const expected = {
    apiVersion: 'policy/v1',
    kind: 'Eviction',
    type: 'V1Eviction',
    // The budgets of this version are gone; clients of its time still evict.
    alsoAccepted: ['policy/v1beta1'],
};
const budgets = { group: 'policy', version: 'v1', resource: 'poddisruptionbudgets' };
/** A budget remembers at most so many evictions that its controller has not yet seen. */
const disruptedPodsMax = 2000;
const success: V1Status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 };

/** POST to pods/eviction: deletes the pod if its disruption budget allows it, else 429. */
export async function evict(registry: Registry, request: ApiRequest, target: Target): Promise<ApiResult> {
    const writeOptions = writeOptionsOf(request, 'CreateOptions');
    const eviction = (await readObject(request, expected, writeOptions.fieldValidation)) as V1Eviction;
    const admission = new Admission(registry, target, request, {
        operation: 'CREATE',
        object: eviction,
        oldObject: undefined,
        dryRun: writeOptions.dryRun,
        body: expected,
    });
    await admission.mutate();
    const given = eviction.metadata?.name;
    if (given && given !== target.name) {
        throw statusErrors.badRequest('name in URL does not match name in Eviction object');
    }
    // Webhooks may have changed them.
    const options = toDeleteOptions(eviction.deleteOptions ?? {});
    if (writeOptions.dryRun) options.dryRun = true;
    await admission.validate();
    await registry.caches.fresh();
    const pod = (await cached(target)).object as Stored<V1Pod>;
    if (!isFreeToGo(pod)) await spendBudget(registry, { target, pod, options });
    await deleteObject(registry, request, {
        target: { ...target, subresource: '' },
        options,
        isAdmitted: true,
    });
    return { type: 'value', status: 201, value: success };
}

/** Pods that are not up, or already going, count for no budget. */
function isFreeToGo({ metadata, status }: V1Pod): boolean {
    const phase = status?.phase;
    return (
        phase === 'Succeeded' ||
        phase === 'Failed' ||
        phase === 'Pending' ||
        metadata?.deletionTimestamp !== undefined
    );
}

interface Spending {
    target: Target;
    pod: Stored<V1Pod>;
    options: DeleteOptions;
}

async function spendBudget(registry: Registry, { target, pod, options }: Spending): Promise<void> {
    const matching = registry.caches
        .list<V1PodDisruptionBudget>(budgets, target.namespace)
        .filter(({ spec }) => labelSelectorMatcher(spec?.selector).matches(pod.metadata.labels));
    const [budget, second] = matching;
    if (budget === undefined) return;
    if (second !== undefined) {
        throw statusErrors.internal(
            new Error(
                'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
            ),
        );
    }
    const isReady = pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True');
    if (isReady !== true && mayEvictUnready(budget)) return;
    const definition = registry.caches.definitionOf(budgets);
    if (definition === undefined) throw statusErrors.notFound(subjectOf(target));
    const budgetTarget = targetOf(registry, definition, {
        namespace: target.namespace,
        name: budget.metadata.name,
        subresource: 'status',
    });
    await guardedUpdate(registry, {
        target: budgetTarget,
        dryRun: options.dryRun,
        change: (current) => ({
            type: 'put',
            object: spent(current.object, pod.metadata.name, rfc3339(registry.clock.nowMs())),
        }),
    });
}

/** An unready pod may go although the budget is used up, unless the budget guards those too. */
function mayEvictUnready({ spec, status }: V1PodDisruptionBudget): boolean {
    if (spec?.unhealthyPodEvictionPolicy === 'AlwaysAllow') return true;
    const { currentHealthy = 0, desiredHealthy = 0 } = status ?? {};
    return currentHealthy >= desiredHealthy && desiredHealthy > 0;
}

function spent(current: ApiObject, podName: string, now: string): ApiObject {
    const budget = deepClone(current) as Stored<V1PodDisruptionBudget>;
    const { metadata, status } = budget;
    const { name } = metadata;
    if ((status?.observedGeneration ?? 0) < (metadata.generation ?? 0) || status === undefined) {
        throw blocked(`The disruption budget ${name} is still being processed by the server.`, 10);
    }
    const allowed = status.disruptionsAllowed ?? 0;
    if (allowed < 0) {
        throw statusErrors.forbidden(
            { group: 'policy', resource: 'poddisruptionbudget', name },
            'pdb disruptions allowed is negative',
        );
    }
    if (Object.keys(status.disruptedPods ?? {}).length > disruptedPodsMax) {
        throw statusErrors.forbidden(
            { group: 'policy', resource: 'poddisruptionbudget', name },
            'DisruptedPods map too big - too many evictions not confirmed by PDB controller',
        );
    }
    if (allowed === 0) {
        throw blocked(
            `The disruption budget ${name} needs ${status.desiredHealthy ?? 0} healthy pods and has ${status.currentHealthy ?? 0} currently`,
            0,
        );
    }
    status.disruptionsAllowed = allowed - 1;
    status.disruptedPods = { ...status.disruptedPods, [podName]: now };
    return budget;
}

function blocked(message: string, retryAfterSeconds: number): Error {
    return statusErrors.tooManyRequests(
        "Cannot evict pod as it would violate the pod's disruption budget.",
        retryAfterSeconds,
        [{ reason: 'DisruptionBudget', message }],
    );
}
