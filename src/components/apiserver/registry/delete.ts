import { deepClone } from '../../../api/meta/deep.ts';
import type { ApiObject, V1Namespace, V1ObjectMeta, V1Status } from '../../../api/meta/object.ts';
import { statusErrors } from '../../../api/meta/status-error.ts';
import { rfc3339 } from '../../../util/clock.ts';
import type { ApiRequest, ApiResult } from '../request.ts';
import type { StoredObject } from '../stored-object.ts';
import { Admission } from './admit.ts';
import { asDeleteOptions, type DeleteOptions, deleteOptionsOf } from './delete-options.ts';
import { type Change, guardedUpdate, type UpdateOutcome } from './guarded-update.ts';
import { type Registry, subjectOf, type Target } from './registry.ts';

/** Kinds whose DELETE answers with the deleted object instead of a Status. */
const returnsObject = new Set([
    'persistentvolumeclaims',
    'persistentvolumes',
    'pods',
    'podtemplates',
    'resourcequotas',
    'serviceaccounts',
    'services',
]);
const orphanFinalizer = 'orphan';
const foregroundFinalizer = 'foregroundDeletion';

/** DELETE of one object. */
export async function deleteOne(registry: Registry, request: ApiRequest, target: Target): Promise<ApiResult> {
    const options = await deleteOptionsOf(request);
    warnOfOrphans(request, target, options);
    const outcome = await deleteObject(registry, request, { target, options });
    const { definition } = target;
    const waits =
        outcome.type !== 'deleted' &&
        (options.propagationPolicy === 'Foreground' || options.orphanDependents === false);
    const isCore = definition.group === '' && returnsObject.has(definition.plural);
    if (outcome.type !== 'deleted' || isCore) {
        return { type: 'object', status: waits ? 202 : 200, definition, object: outcome.object };
    }
    return { type: 'value', status: 200, value: deletedStatus(target, outcome.object) };
}

/** Tells who did not say what is to become of dependents that they stay. */
export function warnOfOrphans(
    request: ApiRequest,
    { definition }: Target,
    { propagationPolicy, orphanDependents }: DeleteOptions,
): void {
    const { orphaningWarning } = definition.strategy;
    if (orphaningWarning === undefined || propagationPolicy !== undefined || orphanDependents !== undefined)
        return;
    request.warnings.push(orphaningWarning);
}

function deletedStatus({ definition, name }: Target, { metadata }: StoredObject): V1Status {
    return {
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Success',
        details: {
            name,
            ...(definition.group === '' ? {} : { group: definition.group }),
            kind: definition.plural,
            ...(metadata.uid === undefined ? {} : { uid: metadata.uid }),
        },
    };
}

/**
 * Deletes at once, or marks as being deleted when there is a grace period or a finalizer. `isAdmitted` where the
 * deletion is part of a request that has passed admission as something else.
 */
export async function deleteObject(
    registry: Registry,
    request: ApiRequest,
    { target, options, isAdmitted = false }: { target: Target; options: DeleteOptions; isAdmitted?: boolean },
): Promise<UpdateOutcome> {
    return await guardedUpdate(registry, {
        target,
        dryRun: options.dryRun,
        change: async (current) => {
            checkPreconditions(target, options, current.object);
            if (!isAdmitted) await admitDeletion(registry, request, { target, options, current });
            return deletionOf(registry, target, { current, options });
        },
    });
}

async function admitDeletion(
    registry: Registry,
    request: ApiRequest,
    { target, options, current }: { target: Target; options: DeleteOptions; current: StoredObject },
): Promise<void> {
    const admission = new Admission(registry, target, request, {
        operation: 'DELETE',
        object: undefined,
        oldObject: current.object,
        dryRun: options.dryRun,
        options: asDeleteOptions(options),
    });
    await admission.mutate();
    await admission.validate();
}

function checkPreconditions(target: Target, { preconditions }: DeleteOptions, { metadata }: ApiObject): void {
    const { uid, resourceVersion } = preconditions;
    if (uid && uid !== metadata?.uid) {
        throw statusErrors.conflict(
            subjectOf(target),
            `the UID in the precondition (${uid}) does not match the UID in record (${metadata?.uid ?? ''}). The object might have been deleted and then recreated`,
        );
    }
    if (resourceVersion && resourceVersion !== metadata?.resourceVersion) {
        throw statusErrors.conflict(
            subjectOf(target),
            `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${metadata?.resourceVersion ?? ''}). The object might have been modified`,
        );
    }
}

interface Deletion {
    current: StoredObject;
    options: DeleteOptions;
}

function deletionOf(registry: Registry, target: Target, deletion: Deletion): Change {
    const { definition } = target;
    const object = deepClone(deletion.current.object) as ApiObject & { metadata: V1ObjectMeta };
    const nowMs = registry.clock.nowMs();
    if (object.metadata.deletionTimestamp === undefined)
        definition.strategy.prepareForDelete?.(object, { now: rfc3339(nowMs) });
    const before = object.metadata.finalizers ?? [];
    const finalizers = finalizersAfter(before, deletion.options, definition.strategy.defaultPropagation);
    const changed = finalizers.length !== before.length || finalizers.some((name, i) => name !== before[i]);
    if (finalizers.length === 0) delete object.metadata.finalizers;
    else object.metadata.finalizers = finalizers;

    if (definition.group === '' && definition.kind === 'Namespace') {
        return namespaceDeletion(object, nowMs, changed);
    }
    const grace = applyGrace(target, object, { options: deletion.options, nowMs });
    if (grace === 'pending') return changed ? { type: 'put', object } : { type: 'keep' };
    if (finalizers.length > 0) {
        const marked = grace === 'none' ? markDeleting(object.metadata, nowMs) : true;
        return marked || changed ? { type: 'put', object } : { type: 'keep' };
    }
    if (grace === 'none' || (object.metadata.deletionGracePeriodSeconds ?? 0) === 0) {
        return { type: 'delete', object: grace === 'none' ? undefined : object };
    }
    return { type: 'put', object };
}

/**
 * 'none': the object has no grace period. 'set': deletionTimestamp and period were set or shortened.
 * 'pending': it is already being deleted, and not later than what was asked for.
 */
function applyGrace(
    { definition }: Target,
    object: ApiObject & { metadata: V1ObjectMeta },
    { options, nowMs }: { options: DeleteOptions; nowMs: number },
): 'none' | 'set' | 'pending' {
    const { metadata } = object;
    const { gracePeriodSeconds: requested } = options;
    const { deletionTimestamp, deletionGracePeriodSeconds: period } = metadata;
    if (definition.strategy.gracePeriodSeconds === undefined) return 'none';
    if (deletionTimestamp !== undefined) {
        if (period === undefined) return 'none';
        if (requested === undefined || requested >= period) {
            // What was to be gone at once but was held by finalizers goes when the last one does.
            return period === 0 && (metadata.finalizers?.length ?? 0) === 0 ? 'none' : 'pending';
        }
        metadata.deletionTimestamp = rfc3339(Date.parse(deletionTimestamp) + (requested - period) * 1000);
        metadata.deletionGracePeriodSeconds = requested;
        return 'set';
    }
    const seconds = definition.strategy.gracePeriodSeconds(object, requested);
    if (seconds === undefined) return 'none';
    metadata.deletionTimestamp = rfc3339(nowMs + seconds * 1000);
    metadata.deletionGracePeriodSeconds = seconds;
    bumpGeneration(metadata);
    return 'set';
}

/** For what has finalizers but no grace period. False when it was already marked. */
function markDeleting(metadata: V1ObjectMeta, nowMs: number): boolean {
    if (metadata.deletionTimestamp !== undefined && metadata.deletionGracePeriodSeconds === 0) return false;
    if (metadata.deletionTimestamp === undefined) bumpGeneration(metadata);
    metadata.deletionTimestamp ??= rfc3339(nowMs);
    metadata.deletionGracePeriodSeconds = 0;
    return true;
}

function bumpGeneration(metadata: V1ObjectMeta): void {
    if (metadata.generation !== undefined && metadata.generation > 0) metadata.generation += 1;
}

/** A namespace becomes Terminating; the namespace controller empties and finalizes it. */
function namespaceDeletion(
    object: ApiObject & { metadata: V1ObjectMeta },
    nowMs: number,
    changed: boolean,
): Change {
    const namespace = object as V1Namespace;
    if (object.metadata.deletionTimestamp === undefined) {
        object.metadata.deletionTimestamp = rfc3339(nowMs);
        namespace.status = { ...namespace.status, phase: 'Terminating' };
        return { type: 'put', object };
    }
    const isHeld =
        (namespace.spec?.finalizers?.length ?? 0) > 0 || (object.metadata.finalizers?.length ?? 0) > 0;
    if (!isHeld) return { type: 'delete', object: undefined };
    return changed ? { type: 'put', object } : { type: 'keep' };
}

/** Propagation is told to the garbage collector by finalizers. */
function finalizersAfter(
    finalizers: readonly string[],
    { propagationPolicy, orphanDependents }: DeleteOptions,
    fallback: 'background' | 'orphan' | undefined,
): string[] {
    const rest = finalizers.filter((name) => name !== orphanFinalizer && name !== foregroundFinalizer);
    if (orphanDependents === true || propagationPolicy === 'Orphan') return [...rest, orphanFinalizer];
    if (propagationPolicy === 'Foreground') return [...rest, foregroundFinalizer];
    if (orphanDependents === false || propagationPolicy === 'Background') return rest;
    if (finalizers.length !== rest.length) return [...finalizers];
    return fallback === 'orphan' ? [...rest, orphanFinalizer] : rest;
}
