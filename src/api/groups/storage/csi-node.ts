import { type FieldError, fieldErrors } from '../../meta/field-error.ts';
import type { V1CSINode } from '../../meta/object.ts';
import { ageColumn, integerColumn, nameColumn } from '../columns.ts';
import type { Incomplete } from '../incomplete.ts';
import type { Strategy } from '../resource.ts';
import { each, immutable, items, nonNegative, qualifiedName, required } from '../validation/basic.ts';
import { csiDriverName } from '../validation/csi.ts';

type Node = Incomplete<V1CSINode>;
type Driver = NonNullable<NonNullable<Node['spec']>['drivers']>[number];

const nodeIdCharactersMax = 256;

function validateTopologyKeys(keys: readonly string[] | undefined, path: string): FieldError[] {
    const seen = new Set<string>();
    return items(keys).flatMap((key) => {
        const errors = required(key, path);
        if (seen.has(key)) errors.push(fieldErrors.duplicate(path, key));
        seen.add(key);
        return [...errors, ...qualifiedName(key, path)];
    });
}

function validateDriver({ name, nodeID, allocatable, topologyKeys }: Driver, path: string): FieldError[] {
    const detail = `must be ${nodeIdCharactersMax} characters or less`;
    return [
        ...csiDriverName(name, `${path}.name`),
        ...required(nodeID, `${path}.nodeID`),
        ...((nodeID ?? '').length > nodeIdCharactersMax
            ? [fieldErrors.invalid(`${path}.nodeID`, nodeID, detail)]
            : []),
        ...nonNegative(allocatable?.count, `${path}.allocatable.count`),
        ...validateTopologyKeys(topologyKeys, path),
    ];
}

function validateNode({ spec }: Node): FieldError[] {
    const names = new Set<string>();
    return each(spec?.drivers, 'spec.drivers', (driver, path) => {
        const { name = '' } = driver;
        const errors = validateDriver(driver, path);
        if (names.has(name)) errors.push(fieldErrors.duplicate(`${path}.name`, name));
        names.add(name);
        return errors;
    });
}

/** Drivers come and go; one that stays keeps what it said, but for the number of volumes it can attach. */
function validateKeptDrivers(node: Node, old: Node): FieldError[] {
    const withoutLimits = ({ allocatable: _limits, ...driver }: Driver) => driver;
    const before = new Map(items(old.spec?.drivers).map((driver) => [driver.name, driver]));
    return items(node.spec?.drivers).flatMap((driver) => {
        const stored = before.get(driver.name);
        return stored === undefined
            ? []
            : immutable(withoutLimits(driver), withoutLimits(stored), 'spec.drivers');
    });
}

export const csiNodeStrategy: Strategy<Node> = {
    allowUnconditionalUpdate: false,
    validate: validateNode,
    validateUpdate: (node, old) => [...validateNode(node), ...validateKeptDrivers(node, old)],
    columns: [nameColumn, integerColumn<Node>('Drivers', ({ spec }) => spec?.drivers?.length), ageColumn],
};
