import { semanticEqual } from '../../meta/deep.ts';
import { type FieldError, fieldErrors } from '../../meta/field-error.ts';
import type {
    V1Counter,
    V1Device,
    V1DeviceAttribute,
    V1DeviceCounterConsumption,
    V1NodeSelector,
} from '../../meta/object.ts';
import { validateNodeSelector } from '../core/pod/validation/affinity.ts';
import type { Incomplete } from '../incomplete.ts';
import { dnsLabel, dnsSubdomain, isBlank } from '../validation/basic.ts';
import { validateBindingConditions } from './binding-conditions.ts';
import { boundedMap, boundedSet } from './bounded.ts';
import { validateCapacity } from './capacity.ts';
import { limits } from './limits.ts';
import { attributeName, tooLong } from './names.ts';
import { validateTaints } from './taints.ts';

type Device = Incomplete<V1Device>;

const attributeKeyBytesMax = limits.driverNameBytesMax + 1 + limits.identifierBytesMax;

/** What of a slice its devices depend on. */
export interface DeviceRules {
    old: Device | undefined;
    /** Each device says on which nodes it is. */
    choosesNodes: boolean;
}

export function validateDevice(
    device: Device,
    path: string,
    { old, choosesNodes }: DeviceRules,
): FieldError[] {
    const { attributes, capacity, taints, consumesCounters } = device;
    const isShared = device.allowMultipleAllocations === true;
    const keys = { max: Infinity, keyBytesMax: attributeKeyBytesMax, checkKey: attributeName };
    const sameCapacity = old !== undefined && semanticEqual(old.capacity, capacity);
    const sameTaints = old !== undefined && semanticEqual(old.taints, taints);
    return [
        ...dnsLabel(device.name, `${path}.name`),
        ...validateSize(device, path),
        ...boundedMap<Incomplete<V1DeviceAttribute>>(attributes, `${path}.attributes`, {
            ...keys,
            check: validateAttribute,
        }),
        ...(sameCapacity
            ? []
            : boundedMap(capacity, `${path}.capacity`, {
                  ...keys,
                  check: (item, itemPath) => validateCapacity(item, itemPath, { isShared }),
              })),
        ...(sameTaints ? [] : validateTaints(taints, `${path}.taints`)),
        ...boundedSet(consumesCounters, `${path}.consumesCounters`, {
            max: limits.counterConsumptionsMax,
            check: validateConsumption,
            key: ({ counterSet = '' }) => counterSet,
        }),
        ...(choosesNodes ? validateNodes(device, path) : refuseNodes(device, path)),
        ...validateBindingConditions(device, path),
    ];
}

function validateSize({ attributes, capacity }: Device, path: string): FieldError[] {
    const count = Object.keys(attributes ?? {}).length + Object.keys(capacity ?? {}).length;
    if (count <= limits.attributesAndCapacitiesMax) return [];
    const detail = `the total number of attributes and capacities must not exceed ${limits.attributesAndCapacitiesMax}`;
    return [fieldErrors.invalid(path, count, detail)];
}

const identifier = '(?:0|[1-9]\\d*|\\d*[a-zA-Z-][0-9a-zA-Z-]*)';
const semanticVersion = new RegExp(
    `^(?:0|[1-9]\\d*)(?:\\.(?:0|[1-9]\\d*)){2}(?:-${identifier}(?:\\.${identifier})*)?(?:\\+[0-9a-zA-Z-]+(?:\\.[0-9a-zA-Z-]+)*)?$`,
);

function validateAttribute(attribute: Incomplete<V1DeviceAttribute>, path: string): FieldError[] {
    const { string, version } = attribute;
    const errors = [
        ...tooLong(string ?? '', `${path}.string`, limits.attributeBytesMax),
        ...(version === undefined ? [] : validateVersion(version, `${path}.version`)),
    ];
    const count = Object.values(attribute).filter((value) => value !== undefined).length;
    if (count === 1) return errors;
    const shown = count === 0 ? '' : attribute;
    return [...errors, fieldErrors.invalid(path, shown, 'exactly one value must be specified')];
}

function validateVersion(version: string, path: string): FieldError[] {
    const long = tooLong(version, path, limits.attributeBytesMax);
    const detail = 'must be a string compatible with semver.org spec 2.0.0';
    // The pattern is for texts that are short.
    const isVersion = version.length <= 16 * limits.attributeBytesMax && semanticVersion.test(version);
    return isVersion ? long : [fieldErrors.invalid(path, version, detail), ...long];
}

/** Names and amounts of counters; whatever parses is a valid amount. */
export function validateCounters(
    counters: Readonly<Record<string, V1Counter>> | undefined,
    path: string,
): FieldError[] {
    if (Object.keys(counters ?? {}).length === 0) return [fieldErrors.required(path)];
    return boundedMap(counters, path, {
        max: limits.countersMax,
        keyBytesMax: limits.driverNameBytesMax,
        checkKey: dnsLabel,
        check: () => [],
    });
}

export function counterSetName(name: string | undefined, path: string): FieldError[] {
    return isBlank(name) ? [fieldErrors.required(path)] : dnsLabel(name, path);
}

function validateConsumption(
    { counterSet, counters }: Incomplete<V1DeviceCounterConsumption>,
    path: string,
): FieldError[] {
    return [
        ...counterSetName(counterSet, `${path}.counterSet`),
        ...validateCounters(counters, `${path}.counters`),
    ];
}

/** Where the slice leaves it to its devices. */
function validateNodes({ nodeName, nodeSelector, allNodes }: Device, path: string): FieldError[] {
    const errors: FieldError[] = [];
    const set: string[] = [];
    if (nodeName === '') errors.push(fieldErrors.invalid(`${path}.nodeName`, '', 'must not be empty'));
    else if (nodeName !== undefined) {
        set.push('`nodeName`');
        errors.push(...dnsSubdomain(nodeName, `${path}.nodeName`));
    }
    if (nodeSelector !== undefined) {
        set.push('`nodeSelector`');
        errors.push(...validateNodeSelector(nodeSelector as V1NodeSelector, `${path}.nodeSelector`));
    }
    if (allNodes === true) set.push('`allNodes`');
    if (allNodes === false) {
        errors.push(fieldErrors.invalid(`${path}.allNodes`, false, 'must be either unset or set to true'));
    }
    const rule =
        'exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` is set to true in the ResourceSlice spec';
    if (set.length === 0) errors.push(fieldErrors.required(path, rule));
    if (set.length > 1) errors.push(fieldErrors.invalid(path, `{${set.join(', ')}}`, rule));
    return errors;
}

function refuseNodes({ nodeName, nodeSelector, allNodes }: Device, path: string): FieldError[] {
    if (nodeName === undefined && nodeSelector === undefined && allNodes === undefined) return [];
    const detail =
        '`nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the ResourceSlice spec';
    return [fieldErrors.invalid(path, null, detail)];
}
