import type {
    V1DeviceClaim,
    V1DeviceSubRequest,
    V1DeviceToleration,
    V1ExactDeviceRequest,
    V1ResourceSlice,
} from '../../meta/object.ts';
import type { Incomplete } from '../incomplete.ts';
import { items } from '../validation/basic.ts';

/** One device of the class, unless a request says more. */
export function defaultDeviceClaim(claim: Incomplete<V1DeviceClaim> | undefined): void {
    for (const { exactly, firstAvailable } of items(claim?.requests)) {
        if (exactly !== undefined) defaultRequest(exactly);
        items(firstAvailable).forEach(defaultRequest);
    }
}

function defaultRequest(request: Incomplete<V1ExactDeviceRequest> | Incomplete<V1DeviceSubRequest>): void {
    if (!request.allocationMode) request.allocationMode = 'ExactCount';
    if (request.allocationMode === 'ExactCount' && !request.count) request.count = 1;
    defaultTolerations(request.tolerations);
}

export function defaultTolerations(tolerations: readonly Incomplete<V1DeviceToleration>[] | undefined): void {
    for (const toleration of items(tolerations)) {
        if (!toleration.operator) toleration.operator = 'Equal';
    }
}

/** Taints have the time since when they are there. `now`: RFC 3339. */
export function stampTaints({ spec }: Incomplete<V1ResourceSlice>, now: string): void {
    for (const taint of items(spec?.devices).flatMap((device) => items(device.taints))) {
        taint.timeAdded ??= now;
    }
}

/**
 * Takes away what this version of the API has in its schema only: attributes with several values, and devices that
 * stand for resources of their node.
 */
export function dropDisabledFields({ spec }: Incomplete<V1ResourceSlice>): void {
    for (const device of items(spec?.devices)) {
        delete device.nodeAllocatableResourceMappings;
        for (const attribute of Object.values(device.attributes ?? {})) {
            delete attribute.bools;
            delete attribute.ints;
            delete attribute.strings;
            delete attribute.versions;
        }
    }
}
