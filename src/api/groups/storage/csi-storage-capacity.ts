import type { FieldError } from '../../meta/field-error.ts';
import type { V1CSIStorageCapacity, V1LabelSelector } from '../../meta/object.ts';
import { column, nameColumn, orUnset } from '../columns.ts';
import type { Incomplete } from '../incomplete.ts';
import type { Strategy } from '../resource.ts';
import { dnsSubdomain, immutable } from '../validation/basic.ts';
import { validateLabelSelector } from '../validation/labels.ts';
import { validateQuantity } from '../validation/resources.ts';

type Capacity = Incomplete<V1CSIStorageCapacity>;

function validateCapacity({ nodeTopology, storageClassName, capacity }: Capacity): FieldError[] {
    return [
        ...validateLabelSelector(nodeTopology as V1LabelSelector | undefined, 'nodeTopology'),
        ...dnsSubdomain(storageClassName, 'storageClassName'),
        ...(capacity === undefined ? [] : validateQuantity(capacity, 'capacity')),
    ];
}

export const csiStorageCapacityStrategy: Strategy<Capacity> = {
    allowUnconditionalUpdate: false,
    validate: validateCapacity,
    validateUpdate: (capacity, old) => [
        ...validateCapacity(capacity),
        ...immutable(capacity.nodeTopology, old.nodeTopology, 'nodeTopology'),
        ...immutable(capacity.storageClassName, old.storageClassName, 'storageClassName'),
    ],
    columns: [
        nameColumn,
        column('StorageClassName', ({ storageClassName }) => storageClassName ?? ''),
        column('Capacity', ({ capacity }) => orUnset(capacity)),
    ],
};
