import { deepClone } from '../../../api/meta/deep.ts';
import { type ApiObject, besideManagedFields } from '../../../api/meta/object.ts';
import { isReason } from '../../../api/meta/status-error.ts';
import type { ApiRequest, ApiResult } from '../request.ts';
import type { StoredObject } from '../stored-object.ts';
import { createObject } from './create.ts';
import { type AdmissionView, finishUpdate } from './finish-update.ts';
import { guardedUpdate, type UpdateOutcome } from './guarded-update.ts';
import { checkIdentity } from './identity-check.ts';
import { expectedTypeOf, readObject } from './read-body.ts';
import type { Registry, Target } from './registry.ts';
import { Reservations } from './reservations.ts';
import { writeOptionsOf } from './write-options.ts';

/** PUT of an object, or of its status or ephemeralcontainers. */
export async function update(registry: Registry, request: ApiRequest, target: Target): Promise<ApiResult> {
    const options = writeOptionsOf(request, 'UpdateOptions');
    const { definition } = target;
    const body = await readObject(request, expectedTypeOf(definition), options.fieldValidation);
    checkIdentity(body, target);
    try {
        const outcome = await updateObject(registry, request, {
            target,
            dryRun: options.dryRun,
            next: () => besideManagedFields(body, deepClone),
        });
        return { type: 'object', status: 200, definition, object: outcome.object };
    } catch (error) {
        const creates = definition.strategy.allowCreateOnUpdate === true && target.subresource === '';
        if (!creates || !isReason(error, 'NotFound')) throw error;
        const creation = { target: { ...target, name: '' }, object: body, dryRun: options.dryRun };
        const object = await createObject(registry, request, creation);
        return { type: 'object', status: 201, definition, object };
    }
}

export interface ObjectUpdate {
    target: Target;
    dryRun: boolean;
    /** The wanted state, made anew for every attempt; the registry may change it. */
    next: (current: StoredObject) => ApiObject | Promise<ApiObject>;
    /** True: `next` gives what an apply made, managedFields included. */
    isApplied?: boolean;
    admitAs?: AdmissionView;
}

/** Computes, checks and writes a new state; shared by update, patch and the subresources. */
export async function updateObject(
    registry: Registry,
    request: ApiRequest,
    { target, dryRun, next, isApplied = false, admitAs }: ObjectUpdate,
): Promise<UpdateOutcome> {
    const reservations = new Reservations();
    const warnings = request.warnings.length;
    try {
        return await guardedUpdate(registry, {
            target,
            dryRun,
            change: async (current) => {
                reservations.release();
                request.warnings.length = warnings;
                const wanted = await next(current);
                return await finishUpdate(registry, request, {
                    target,
                    current,
                    next: wanted,
                    dryRun,
                    reservations,
                    isApplied,
                    admitAs,
                });
            },
        });
    } finally {
        reservations.release();
    }
}
