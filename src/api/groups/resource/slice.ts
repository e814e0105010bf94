import { type FieldError, fieldErrors } from '../../meta/field-error.ts';
import type { V1NodeSelector, V1ResourcePool, V1ResourceSliceSpec } from '../../meta/object.ts';
import { validateNodeSelector } from '../core/pod/validation/affinity.ts';
import type { Incomplete } from '../incomplete.ts';
import { dnsSubdomain, immutable, items } from '../validation/basic.ts';
import { boundedSet } from './bounded.ts';
import { counterSetName, validateCounters, validateDevice } from './device.ts';
import { limits } from './limits.ts';
import { driverName, poolName } from './names.ts';

type Spec = Incomplete<V1ResourceSliceSpec>;

/** The devices of a driver, or some of them. `old`: of an update. */
export function validateSliceSpec(spec: Spec, old: Spec | undefined): FieldError[] {
    return [
        ...driverName(spec.driver, 'spec.driver'),
        ...validatePool(spec.pool ?? {}, 'spec.pool'),
        ...(old === undefined ? [] : validateIdentity(spec, old)),
        ...validateNodeName(spec),
        ...validateSelector(spec),
        ...validateFlags(spec),
        ...validateNodeChoice(spec),
        ...validateDevices(spec, old),
        ...boundedSet(spec.sharedCounters, 'spec.sharedCounters', {
            max: limits.counterSetsMax,
            check: ({ name, counters }, path) => [
                ...counterSetName(name, `${path}.name`),
                ...validateCounters(counters, `${path}.counters`),
            ],
            key: ({ name = '' }) => name,
        }),
    ];
}

function validatePool(
    { name, resourceSliceCount = 0, generation = 0 }: Incomplete<V1ResourcePool>,
    path: string,
): FieldError[] {
    const errors = poolName(name, `${path}.name`);
    if (resourceSliceCount <= 0) {
        const countPath = `${path}.resourceSliceCount`;
        errors.push(fieldErrors.invalid(countPath, resourceSliceCount, 'must be greater than zero'));
    }
    if (generation < 0) {
        const detail = 'must be greater than or equal to zero';
        errors.push(fieldErrors.invalid(`${path}.generation`, generation, detail));
    }
    return errors;
}

/** A slice stays with its driver, its pool and its node. */
function validateIdentity(spec: Spec, old: Spec): FieldError[] {
    return [
        ...immutable(spec.pool?.name ?? '', old.pool?.name ?? '', 'spec.pool.name'),
        ...immutable(spec.driver ?? '', old.driver ?? '', 'spec.driver'),
        ...immutable(spec.nodeName, old.nodeName, 'spec.nodeName'),
    ];
}

function validateNodeName({ nodeName }: Spec): FieldError[] {
    if (nodeName === undefined) return [];
    const detail = 'must be either unset or set to a non-empty string';
    return nodeName === ''
        ? [fieldErrors.invalid('spec.nodeName', '', detail)]
        : dnsSubdomain(nodeName, 'spec.nodeName');
}

function validateSelector({ nodeSelector }: Spec): FieldError[] {
    if (nodeSelector === undefined) return [];
    const errors = validateNodeSelector(nodeSelector as V1NodeSelector, 'spec.nodeSelector');
    const terms = items(nodeSelector.nodeSelectorTerms);
    if (terms.length === 1) return errors;
    const path = 'spec.nodeSelector.nodeSelectorTerms';
    return [...errors, fieldErrors.invalid(path, terms, 'must have exactly one node selector term')];
}

function validateFlags(spec: Spec): FieldError[] {
    return (['allNodes', 'perDeviceNodeSelection'] as const).flatMap((field) =>
        spec[field] === false
            ? [fieldErrors.invalid(`spec.${field}`, false, 'must be either unset or set to true')]
            : [],
    );
}

function validateNodeChoice(spec: Spec): FieldError[] {
    const fields = ['nodeName', 'nodeSelector', 'allNodes', 'perDeviceNodeSelection'] as const;
    const set = fields.filter(
        (field) => spec[field] !== undefined && spec[field] !== '' && spec[field] !== false,
    );
    const rule =
        'exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required';
    if (set.length === 0) return [fieldErrors.required('spec', rule)];
    if (set.length === 1) return [];
    const shown = `{${set.map((field) => `\`${field}\``).join(', ')}}`;
    return [fieldErrors.invalid('spec', shown, `${rule}, but multiple fields are set`)];
}

function validateDevices(spec: Spec, old: Spec | undefined): FieldError[] {
    const { devices, sharedCounters } = spec;
    const both = sharedCounters !== undefined && devices !== undefined;
    const detail = 'only one of `sharedCounters` or `devices` is allowed';
    const isAdvanced = items(devices).some(
        ({ taints, consumesCounters }) => items(taints).length + items(consumesCounters).length > 0,
    );
    const before = new Map(items(old?.devices).map((device) => [device.name ?? '', device]));
    const choosesNodes = spec.perDeviceNodeSelection === true;
    return [
        ...(both ? [fieldErrors.invalid('spec', '', detail)] : []),
        ...boundedSet(devices, 'spec.devices', {
            max: isAdvanced ? limits.advancedDevicesMax : limits.devicesMax,
            check: (device, path) =>
                validateDevice(device, path, { old: before.get(device.name ?? ''), choosesNodes }),
            key: ({ name = '' }) => name,
        }),
    ];
}
