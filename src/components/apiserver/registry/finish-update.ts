import { deepClone, deepEqual } from '../../../api/meta/deep.ts';
import { validateObjectMeta, validateObjectMetaUpdate } from '../../../api/meta/names.ts';
import type { ApiObject, V1Namespace, V1ObjectMeta } from '../../../api/meta/object.ts';
import { statusErrors } from '../../../api/meta/status-error.ts';
import { rfc3339 } from '../../../util/clock.ts';
import type { ApiRequest } from '../request.ts';
import type { StoredObject } from '../stored-object.ts';
import { Admission } from './admit.ts';
import type { Change } from './guarded-update.ts';
import { isSameButTimes, keepReadable, managerOf, trackWrite } from './managed-fields.ts';
import type { ExpectedType } from './read-body.ts';
import { hooksOf, type Registry, subjectOf, type Target } from './registry.ts';
import type { Reservations } from './reservations.ts';

export interface UpdateInput {
    target: Target;
    current: StoredObject;
    /** The wanted state, the registry's own to change. */
    next: ApiObject;
    dryRun: boolean;
    reservations: Reservations;
    /** True: `next` is what an apply made, managedFields included. */
    isApplied: boolean;
    /** Where clients write another type than the object's: what admission is shown of it. */
    admitAs?: AdmissionView | undefined;
}

/** An object as a subresource shows it (Scale), and what a change of that view means for the object. */
export interface AdmissionView {
    body: ExpectedType;
    show(object: ApiObject): ApiObject;
    take(object: ApiObject, shown: ApiObject): void;
}

type Loose = ApiObject & { spec?: unknown; status?: unknown };

/** What is between a wanted state and the store: guards, admission, the strategy, validation. */
export async function finishUpdate(
    registry: Registry,
    request: ApiRequest,
    input: UpdateInput,
): Promise<Change> {
    const { target, current, next, dryRun, reservations } = input;
    const old = current.object;
    const { strategy } = target.definition;
    checkGuards(target, old, next);
    const now = rfc3339(registry.clock.nowMs());
    carryOver(next, old, target);
    if (defaultsApply(target)) strategy.defaults?.(next);
    if (!input.isApplied) trackWrite(registry, target, { manager: managerOf(request), live: old, next });
    const tracked = next.metadata?.managedFields;
    const { admitAs: view } = input;
    const shown = view === undefined ? next : view.show(next);
    const admission = new Admission(registry, target, request, {
        operation: 'UPDATE',
        object: shown,
        oldObject: view === undefined ? old : view.show(old),
        dryRun,
        ...(view === undefined ? {} : { body: view.body }),
    });
    if (await admission.mutate()) {
        view?.take(next, shown);
        if (defaultsApply(target)) strategy.defaults?.(next);
        carryOver(next, old, target);
    }
    keepReadable(next, tracked);
    const subresource = target.subresource === '' ? undefined : target.subresource;
    if (subresource === 'status') {
        // Nobody changes those parts afterwards but who reserves something for the object, or converts it.
        const isShared =
            target.definition.conversion === undefined && hooksOf(registry, target.definition).length === 0;
        keepAllButStatus(next, old, { target, copy: isShared ? (value) => value : deepClone });
        strategy.prepareForStatusUpdate?.(next, old);
    } else strategy.prepareForUpdate?.(next, old, { now, subresource });
    if (strategy.hasGeneration === true && subresource !== 'status') setGeneration(next, old);
    await reservations.reserve(registry, target, next, old);
    validate(next, old, { target, warn: (text) => request.warnings.push(text) });
    await admission.validate();
    if (subresource === undefined) request.warnings.push(...(strategy.warnings?.(next, old) ?? []));
    if (subresource === 'status') request.warnings.push(...(strategy.statusWarnings?.(next, old) ?? []));
    if (isFinallyDeleted(next)) return { type: 'delete', object: next };
    return isSameButTimes(next, old)
        ? { type: 'keep' }
        : { type: 'put', object: next, guards: reservations.guards };
}

/** Custom resources have defaults in their status too. */
function defaultsApply({ definition, subresource }: Target): boolean {
    return subresource === '' || definition.decode !== undefined;
}

/** resourceVersion and uid of the body are preconditions. */
function checkGuards(target: Target, old: ApiObject, { metadata = {} }: ApiObject): void {
    const { definition } = target;
    const wanted = metadata.resourceVersion;
    if (!wanted || wanted === '0') {
        if (definition.strategy.allowUnconditionalUpdate === false && target.subresource === '') {
            throw statusErrors.invalid(definition.kind, definition.group, target.name, [
                {
                    reason: 'FieldValueInvalid',
                    field: 'metadata.resourceVersion',
                    message: 'Invalid value: 0: must be specified for an update',
                },
            ]);
        }
    } else if (wanted !== old.metadata?.resourceVersion) {
        throw statusErrors.conflict(subjectOf(target));
    }
    if (metadata.uid && metadata.uid !== old.metadata?.uid) {
        throw statusErrors.conflict(
            subjectOf(target),
            `Precondition failed: UID in precondition: ${metadata.uid}, UID in object meta: ${old.metadata?.uid ?? ''}`,
        );
    }
}

/** Metadata that no update may change. */
function carryOver(next: ApiObject, old: ApiObject, { definition }: Target): void {
    const kept: V1ObjectMeta = old.metadata ?? {};
    const metadata: V1ObjectMeta = { ...next.metadata };
    delete metadata.selfLink;
    const carried = [
        'name',
        'namespace',
        'uid',
        'creationTimestamp',
        'deletionTimestamp',
        'deletionGracePeriodSeconds',
        'generation',
        'resourceVersion',
    ] as const;
    for (const field of carried) {
        if (kept[field] === undefined) Reflect.deleteProperty(metadata, field);
        else Object.assign(metadata, { [field]: kept[field] });
    }
    if (!definition.namespaced) delete metadata.namespace;
    next.metadata = metadata;
}

/** A write to `status` changes the status and, of most kinds, metadata. */
function keepAllButStatus(
    next: Loose,
    old: Loose,
    { target: { definition }, copy }: { target: Target; copy: <T>(value: T) => T },
): void {
    for (const field of Object.keys(next)) {
        if (!['kind', 'apiVersion', 'metadata', 'status'].includes(field))
            Reflect.deleteProperty(next, field);
    }
    const { status: _status, metadata: _metadata, ...rest } = old;
    Object.assign(next, copy(rest));
    const metadata = next.metadata ?? {};
    if (definition.strategy.statusKeepsMetadata === true) {
        // Who has written the status is told all the same.
        const { managedFields } = metadata;
        next.metadata = { ...deepClone(old.metadata ?? {}), managedFields };
        return;
    }
    const oldMetadata = old.metadata ?? {};
    for (const field of definition.strategy.statusKeeps ?? []) restore(metadata, oldMetadata, field);
}

function restore(metadata: V1ObjectMeta, old: V1ObjectMeta, field: 'labels' | 'ownerReferences'): void {
    if (old[field] === undefined) Reflect.deleteProperty(metadata, field);
    else Object.assign(metadata, { [field]: deepClone(old[field]) });
}

function setGeneration(next: Loose, old: Loose): void {
    const content = ({ kind: _k, apiVersion: _a, metadata: _m, status: _s, ...rest }: Loose): object => rest;
    if (deepEqual(content(next), content(old))) return;
    next.metadata = { ...next.metadata, generation: (old.metadata?.generation ?? 0) + 1 };
}

function validate(
    next: ApiObject,
    old: ApiObject,
    { target, warn }: { target: Target; warn: (text: string) => void },
): void {
    const { definition, subresource, name } = target;
    const { group, kind, strategy } = definition;
    const { namespaced } = definition;
    const errors = validateObjectMeta(next.metadata, { namespaced, nameFormat: strategy.nameFormat });
    errors.push(...validateObjectMetaUpdate(next.metadata, old.metadata));
    const specific =
        subresource === 'status'
            ? strategy.validateStatusUpdate?.(next, old, warn)
            : subresource !== '' && strategy.validateSubresourceUpdate !== undefined
              ? strategy.validateSubresourceUpdate(next, old, subresource)
              : strategy.validateUpdate?.(next, old, warn);
    errors.push(...(specific ?? []));
    if (errors.length > 0) throw statusErrors.invalid(kind, group, name, errors);
}

/** An update that takes the last finalizer off an object whose deletion was asked for completes it. */
export function isFinallyDeleted(object: ApiObject): boolean {
    const { metadata = {}, kind, apiVersion } = object;
    if (!metadata.deletionTimestamp || (metadata.finalizers?.length ?? 0) > 0) return false;
    if ((metadata.deletionGracePeriodSeconds ?? 0) > 0) return false;
    if (kind !== 'Namespace' || apiVersion !== 'v1') return true;
    return ((object as V1Namespace).spec?.finalizers?.length ?? 0) === 0;
}
