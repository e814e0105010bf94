import { semanticEqual } from '../../../meta/deep.ts';
import { type FieldError, fieldErrors } from '../../../meta/field-error.ts';
import type { V1Node, V1Taint } from '../../../meta/object.ts';
import type { Strategy } from '../../resource.ts';
import { withStatus } from '../../strategy.ts';
import { each, isBlank, items, oneOf, qualifiedName } from '../../validation/basic.ts';
import { validateResourceQuantity } from '../../validation/resources.ts';
import { ipFamilyOf } from '../../validation/formats.ts';
import { cidr } from '../../validation/ip-fields.ts';
import { cidrWarnings } from '../../validation/ip-warnings.ts';
import { taintEffects } from '../pod/validation/scheduling.ts';
import { nodeColumns } from './columns.ts';

function validateTaints(taints: V1Taint[] | undefined, path: string): FieldError[] {
    const seen = new Set<string>();
    return each(taints, path, ({ key, effect }, itemPath) => {
        const errors = [
            ...qualifiedName(key, `${itemPath}.key`),
            ...oneOf(effect, `${itemPath}.effect`, taintEffects),
        ];
        const identity = `${key}:${effect}`;
        if (seen.has(identity)) {
            errors.push({
                ...fieldErrors.duplicate(itemPath, { key, effect }),
                message: `Duplicate value: ${JSON.stringify({ key, effect })}: taints must be unique by key and effect pair`,
            });
        }
        seen.add(identity);
        return errors;
    });
}

function validateNode(node: V1Node, keptCidrs: readonly string[] = []): FieldError[] {
    const { spec } = node;
    const cidrs = items(spec?.podCIDRs);
    const families = new Set(cidrs.map((one) => ipFamilyOf(one.split('/')[0] ?? '')));
    return [
        ...validateTaints(spec?.taints, 'spec.taints'),
        ...each(cidrs, 'spec.podCIDRs', (one, path) => cidr(one, path, keptCidrs)),
        ...(cidrs.length > families.size
            ? [
                  fieldErrors.invalid(
                      'spec.podCIDRs',
                      cidrs,
                      'may specify no more than one CIDR for each IP family',
                  ),
              ]
            : []),
        ...Object.entries(node.status?.capacity ?? {}).flatMap(([name, quantity]) =>
            validateResourceQuantity(name, quantity, `status.capacity[${name}]`),
        ),
    ];
}

/** A node has each of its addresses once of each type. */
function validateAddresses({ status }: V1Node): FieldError[] {
    const seen = new Set<string>();
    return each(status?.addresses, 'status.addresses', ({ type, address }, path) => {
        const identity = `${type} ${address}`;
        if (seen.has(identity)) return [fieldErrors.duplicate(path, { type, address })];
        seen.add(identity);
        return [];
    });
}

/** Set once by who hands out pod networks, and by who runs the cloud. */
function validateNodeUpdate(node: V1Node, old: V1Node): FieldError[] {
    const before = items(old.spec?.podCIDRs);
    const errors = [...validateNode(node, before), ...validateAddresses(node)];
    if (before.length > 0 && !semanticEqual(before, items(node.spec?.podCIDRs))) {
        const detail = 'node updates may not change podCIDR except from "" to valid';
        errors.push(fieldErrors.forbidden('spec.podCIDRs', detail));
    }
    if (!isBlank(old.spec?.providerID) && old.spec?.providerID !== node.spec?.providerID) {
        const detail = 'node updates may not change providerID except from "" to valid';
        errors.push(fieldErrors.forbidden('spec.providerID', detail));
    }
    return errors;
}

/** `podCIDR` is the first of `podCIDRs`. */
function normalizeCidrs({ spec }: V1Node): void {
    if (spec === undefined) return;
    if (spec.podCIDR && items(spec.podCIDRs).length === 0) spec.podCIDRs = [spec.podCIDR];
    const first = spec.podCIDRs?.[0];
    if (first !== undefined && !spec.podCIDR) spec.podCIDR = first;
}

function nodeWarnings({ spec }: V1Node): string[] {
    return [
        ...(spec?.configSource === undefined ? [] : ['spec.configSource: the feature is removed']),
        ...(isBlank(spec?.externalID)
            ? []
            : ['spec.externalID: this field is deprecated, and is unused by Kubernetes']),
        ...items(spec?.podCIDRs).flatMap((one, index) => cidrWarnings(one, `spec.podCIDRs[${index}]`)),
    ];
}

const strategy = withStatus<V1Node>({
    defaults(node) {
        node.spec ??= {};
        normalizeCidrs(node);
        if (node.status?.allocatable === undefined && node.status?.capacity !== undefined) {
            node.status.allocatable = { ...node.status.capacity };
        }
    },
    validate: validateNode,
    validateUpdate: validateNodeUpdate,
    validateStatusUpdate: validateNodeUpdate,
    warnings: nodeWarnings,
    selectableFields: ({ spec }) => ({ 'spec.unschedulable': String(spec?.unschedulable ?? false) }),
    columns: nodeColumns,
});

/** A kubelet registers its node with the status it has: creation keeps it. */
export const nodeStrategy: Strategy<V1Node> = {
    ...strategy,
    prepareForCreate(node) {
        node.status ??= {};
    },
};
