import { deepEqual } from '../meta/deep.ts';
import type { ApiObject } from '../meta/object.ts';
import { statusErrors } from '../meta/status-error.ts';
import { capManagers } from './cap-managers.ts';
import { type Conflict, ConflictsError, conflictStatus } from './conflicts.ts';
import { difference, isEmptySet } from './field-set.ts';
import { kubectlManager, lastAppliedOf, unchangedSinceLastApplied, withLastApplied } from './last-applied.ts';
import {
    decodeManagers,
    encodeManagers,
    type Entries,
    type ManagerInfo,
    type Managers,
    tryDecodeManagers,
} from './managed.ts';
import { type ApplyEffect, applyOwnership, updateOwnership, type WriteRules } from './updater.ts';

/** Owner of what an object had before field management saw it for the first time. */
const beforeFirstApply = 'before-first-apply';
const noManagers: Managers = new Map();

export interface UpdateTracking {
    /** The state before; for a creation an object with kind, apiVersion and nothing else. */
    live: ApiObject;
    /** The wanted state; its own managedFields are taken for the start where they are readable. */
    next: ApiObject;
    self: ManagerInfo;
    /** RFC 3339. */
    now: string;
}

/**
 * The managedFields of an object after a create, update or patch. Undefined for none: an object that was
 * stripped of them, or never had any, gets them with its first apply. Never fails: what cannot be tracked
 * is not tracked.
 */
export function trackUpdate(rules: WriteRules, tracking: UpdateTracking): Entries {
    const { live, next, self, now } = tracking;
    const before = live.metadata?.managedFields;
    const managers = startingPoint(before, next.metadata?.managedFields, self.subresource !== '');
    if (managers.size === 0 && live.metadata?.uid !== undefined) return undefined;
    try {
        const owned = updateOwnership(rules, {
            managers,
            live: withoutManagedFields(live),
            next: withoutManagedFields(next),
            self,
            now,
        });
        return encodeManagers(capManagers(owned), before);
    } catch {
        return undefined;
    }
}

/** A client may write managedFields itself: `[]` and `[{}]` reset them, and leaving them out keeps them. */
function startingPoint(live: Entries, next: Entries, isSubresource: boolean): Managers {
    const kept = (): Managers => tryDecodeManagers(live) ?? noManagers;
    if (next === undefined || next === live || isSubresource) return kept();
    const [first] = next;
    if (first === undefined || (next.length === 1 && Object.keys(first).length === 0)) return noManagers;
    if (deepEqual(next, live)) return kept();
    const managers = tryDecodeManagers(next);
    return managers === undefined || managers.size === 0 ? kept() : managers;
}

function withoutManagedFields(object: ApiObject): ApiObject {
    return object.metadata?.managedFields === undefined
        ? object
        : { ...object, metadata: { ...object.metadata, managedFields: undefined } };
}

export interface ApplyTracking {
    /** The state before; for a creation an object with kind, apiVersion and nothing else. */
    live: ApiObject;
    /** The configuration, checked against its type. */
    applied: ApiObject;
    self: ManagerInfo;
    force: boolean;
    /** RFC 3339. */
    now: string;
    /** The version that conflicts are reported in, where it is a subresource's own. */
    conflictVersion?: string | undefined;
}

/**
 * The live object with a configuration applied, managedFields included.
 * @throws StatusError Conflict when it would change what other managers own.
 */
export function applyConfiguration(rules: WriteRules, tracking: ApplyTracking): ApiObject {
    const { live, applied, self, conflictVersion } = tracking;
    const before = live.metadata?.managedFields;
    const managers = liveManagers(rules, tracking);
    let effect: ApplyEffect;
    try {
        effect = applyOrTakeOver(rules, tracking, managers);
    } catch (error) {
        if (error instanceof ConflictsError) throw conflictStatus(error.conflicts, conflictVersion);
        throw error;
    }
    let object = (effect.object ?? live) as ApiObject;
    if (self.manager === kubectlManager && self.subresource === '' && lastAppliedOf(object) !== undefined) {
        object = withLastApplied(object, applied);
    }
    const metadata = { ...object.metadata };
    const entries = encodeManagers(effect.managers, before);
    if (entries === undefined) delete metadata.managedFields;
    else metadata.managedFields = entries;
    return { ...object, metadata };
}

function liveManagers(rules: WriteRules, { live, self, now }: ApplyTracking): Managers {
    let managers: Managers;
    try {
        managers = decodeManagers(live.metadata?.managedFields);
    } catch (error) {
        throw statusErrors.internal(new Error('failed to decode managed fields', { cause: error }));
    }
    if (managers.size > 0 || live.metadata?.uid === undefined) return managers;
    return updateOwnership(rules, {
        managers,
        live: { kind: live.kind, apiVersion: live.apiVersion },
        next: withoutManagedFields(live),
        self: { ...self, operation: 'Update', manager: beforeFirstApply },
        now,
    });
}

/**
 * kubectl may take from client-side apply what that has set. Everything else that conflicts is reported.
 */
function applyOrTakeOver(rules: WriteRules, tracking: ApplyTracking, managers: Managers): ApplyEffect {
    const { applied, self, force, now } = tracking;
    const live = withoutManagedFields(tracking.live);
    const run = (isForced: boolean): ApplyEffect =>
        applyOwnership(rules, { managers, live, applied, self, force: isForced, now });
    try {
        return run(force);
    } catch (error) {
        if (!(error instanceof ConflictsError) || self.manager !== kubectlManager) throw error;
        const allowed = unchangedSinceLastApplied(rules, live, self.apiVersion);
        const left: Conflict[] = error.conflicts
            .map(({ manager, set }) => ({ manager, set: difference(set, allowed) }))
            .filter(({ set }) => !isEmptySet(set));
        if (left.length > 0) throw new ConflictsError(left);
        return run(true);
    }
}
