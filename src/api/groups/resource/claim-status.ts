import { type FieldError, fieldErrors } from '../../meta/field-error.ts';
import { deepEqual } from '../../meta/deep.ts';
import type {
    ResourceV1ResourceClaim,
    V1AllocatedDeviceStatus,
    V1AllocationResult,
    V1DeviceAllocationConfiguration,
    V1DeviceRequestAllocationResult,
    V1NetworkDeviceData,
    V1NodeSelector,
    V1ResourceClaimStatus,
} from '../../meta/object.ts';
import { validateNodeSelector } from '../core/pod/validation/affinity.ts';
import type { Incomplete } from '../incomplete.ts';
import { dnsLabel, formatErrors, immutable, items, oneOf, required } from '../validation/basic.ts';
import { validateConditions } from '../validation/conditions.ts';
import { interfaceAddressMessages } from '../validation/ip-fields.ts';
import { validateBindingConditions } from './binding-conditions.ts';
import { boundedList, boundedSet } from './bounded.ts';
import {
    requestNames,
    validateConfiguration,
    validateRequestReference,
    validateRequestReferences,
} from './device-claim.ts';
import { limits } from './limits.ts';
import { driverName, opaqueObject, poolName, shareId, tooLong } from './names.ts';
import { validateTolerations } from './taints.ts';

type Claim = Incomplete<ResourceV1ResourceClaim>;
type Status = Incomplete<V1ResourceClaimStatus>;
type DeviceStatus = Incomplete<V1AllocatedDeviceStatus>;
type Result = Incomplete<V1DeviceRequestAllocationResult>;

/** A device, or one share of it: "driver/pool/device", "driver/pool/device/share". */
function deviceKey({ driver = '', pool = '', device = '', shareID }: Result | DeviceStatus): string {
    return [driver, pool, device, ...(shareID === undefined ? [] : [shareID])].join('/');
}

/** What the scheduler and drivers write into a claim. */
export function validateClaimStatusUpdate(claim: Claim, old: Claim): FieldError[] {
    const { status = {} } = claim;
    const allocated = new Set(items(status.allocation?.devices?.results).map(deviceKey));
    return [
        ...validateReservations(status, 'status.reservedFor'),
        ...items(status.devices).flatMap((device, index) =>
            validateDeviceStatus(device, `status.devices[${index}]`, allocated),
        ),
        ...repeatedDevices(status),
        ...validateReservationState(claim, old),
        ...validateAllocation(claim, old),
    ];
}

function validateReservations({ reservedFor }: Status, path: string): FieldError[] {
    return boundedSet(reservedFor, path, {
        max: limits.reservationsMax,
        check: ({ resource, name, uid }, itemPath) => [
            ...required(resource, `${itemPath}.resource`),
            ...required(name, `${itemPath}.name`),
            ...required(uid, `${itemPath}.uid`),
        ],
        key: ({ uid = '' }) => uid,
    });
}

/** Only what is allocated is reserved, and nothing more of what will be deallocated. */
function validateReservationState({ status, metadata }: Claim, old: Claim): FieldError[] {
    const path = 'status.reservedFor';
    const reservedFor = items(status?.reservedFor);
    if (reservedFor.length === 0) return [];
    if (status?.allocation === undefined) {
        return [fieldErrors.forbidden(path, 'may not be specified when `allocated` is not set')];
    }
    const before = items(old.status?.reservedFor);
    const isNew = (entry: object): boolean => !before.some((one) => deepEqual(one, entry));
    if (metadata?.deletionTimestamp === undefined || !reservedFor.some(isNew)) return [];
    const detail =
        'new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set';
    return [fieldErrors.forbidden(path, detail)];
}

/** An allocation is made and taken back, never changed. */
function validateAllocation({ spec, status }: Claim, old: Claim): FieldError[] {
    const path = 'status.allocation';
    const allocation = status?.allocation;
    if (allocation === undefined) return [];
    const before = old.status?.allocation;
    if (before !== undefined) return immutable(allocation, before, path);
    return validateNewAllocation(allocation, path, requestNames(spec?.devices ?? {}));
}

function validateNewAllocation(
    { devices, nodeSelector }: Incomplete<V1AllocationResult>,
    path: string,
    names: ReadonlySet<string>,
): FieldError[] {
    return [
        ...boundedList(devices?.results, `${path}.devices.results`, {
            max: limits.resultsMax,
            check: (result, itemPath) => validateResult(result, itemPath, names),
        }),
        ...boundedList(devices?.config, `${path}.devices.config`, {
            max: 2 * limits.configsMax,
            check: (config, itemPath) => validateAllocatedConfiguration(config, itemPath, names),
        }),
        ...(nodeSelector === undefined
            ? []
            : validateNodeSelector(nodeSelector as V1NodeSelector, `${path}.nodeSelector`)),
    ];
}

function validateResult(result: Result, path: string, names: ReadonlySet<string>): FieldError[] {
    const { request = '', driver, pool, device, tolerations, shareID } = result;
    return [
        ...validateRequestReference(request, `${path}.request`, names),
        ...driverName(driver, `${path}.driver`),
        ...poolName(pool, `${path}.pool`),
        ...dnsLabel(device, `${path}.device`),
        ...validateBindingConditions(result, path),
        ...validateTolerations(tolerations, `${path}.tolerations`),
        ...(shareID === undefined ? [] : shareId(shareID, `${path}.shareID`)),
    ];
}

function validateAllocatedConfiguration(
    config: Incomplete<V1DeviceAllocationConfiguration>,
    path: string,
    names: ReadonlySet<string>,
): FieldError[] {
    return [
        ...oneOf(config.source, `${path}.source`, ['FromClaim', 'FromClass']),
        ...validateRequestReferences(config.requests, `${path}.requests`, names),
        ...validateConfiguration(config, path, { isStored: false }),
    ];
}

function validateDeviceStatus(
    status: DeviceStatus,
    path: string,
    allocated: ReadonlySet<string>,
): FieldError[] {
    const { driver, pool, device, shareID, conditions, data, networkData } = status;
    const errors = [
        ...driverName(driver, `${path}.driver`),
        ...poolName(pool, `${path}.pool`),
        ...dnsLabel(device, `${path}.device`),
        ...(shareID === undefined ? [] : shareId(shareID, `${path}.shareID`)),
    ];
    const key = deviceKey(status);
    if (!allocated.has(key)) errors.push(aboutDevice(path, key));
    const count = items(conditions).length;
    if (count > limits.deviceConditionsMax) {
        errors.push(fieldErrors.tooMany(`${path}.conditions`, count, limits.deviceConditionsMax));
    }
    errors.push(...validateConditions(conditions, `${path}.conditions`));
    if (data !== undefined && data !== null) {
        const bounds = { bytesMax: limits.deviceDataBytesMax, isStored: false };
        errors.push(...opaqueObject(data, `${path}.data`, bounds));
    }
    return [...errors, ...validateNetworkData(networkData, `${path}.networkData`)];
}

/** A device in a message stands without quotes. */
function aboutDevice(field: string, key: string): FieldError {
    const message = `Invalid value: ${key}: must be an allocated device in the claim`;
    return { reason: 'FieldValueInvalid', field, message };
}

function repeatedDevices({ devices }: Status): FieldError[] {
    const seen = new Set<string>();
    return items(devices).flatMap((device, index): FieldError[] => {
        const key = deviceKey(device);
        const field = `status.devices[${index}]`;
        if (seen.has(key)) {
            return [{ reason: 'FieldValueDuplicate', field, message: `Duplicate value: ${key}` }];
        }
        seen.add(key);
        return [];
    });
}

function validateNetworkData(data: Incomplete<V1NetworkDeviceData> | undefined, path: string): FieldError[] {
    const { interfaceName = '', hardwareAddress = '', ips } = data ?? {};
    return [
        ...tooLong(interfaceName, `${path}.interfaceName`, limits.interfaceNameBytesMax),
        ...tooLong(hardwareAddress, `${path}.hardwareAddress`, limits.hardwareAddressBytesMax),
        ...boundedSet(ips, `${path}.ips`, {
            max: limits.deviceAddressesMax,
            check: (address, itemPath) => formatErrors(address, itemPath, interfaceAddressMessages(address)),
            key: (address) => address,
        }),
    ];
}

/** What drivers said of devices goes with the allocation of those. */
export function dropDeallocatedDevices({ status }: Claim, old: Claim): void {
    if (status?.devices === undefined) return;
    const plain = ({ driver, pool, device }: Result | DeviceStatus): string =>
        deviceKey({ driver, pool, device });
    const kept = new Set(items(status.allocation?.devices?.results).map(plain));
    const gone = new Set(items(old.status?.allocation?.devices?.results).map(plain));
    const left = status.devices.filter((device) => kept.has(plain(device)) || !gone.has(plain(device)));
    if (left.length > 0) status.devices = left;
    else delete status.devices;
}
