import { deepEqual } from '../meta/deep.ts';
import { compare, type Comparison } from './compare.ts';
import { ConflictsError } from './conflicts.ts';
import { extractSet } from './extract-set.ts';
import type { FieldSchema } from './field-schema.ts';
import { difference, emptySet, type FieldSet, intersection, isEmptySet, setOf, union } from './field-set.ts';
import { type Manager, managerId, type ManagerInfo, type Managers } from './managed.ts';
import { merge } from './merge.ts';
import { fieldElement } from './path-element.ts';
import { withNamedFields } from './named-fields.ts';
import { removeItems } from './remove-items.ts';
import { reconcileWithSchema } from './schema-changes.ts';

/** The types of one kind in all its versions. */
export interface Typing {
    /** Undefined for a version that is not served any more; its managers are forgotten. */
    schemaOf(apiVersion: string): FieldSchema | undefined;
    /** The object in another version. Does not change its input. */
    convert(object: object, apiVersion: string): object | undefined;
}

export interface WriteRules {
    typing: Typing;
    /** Leaves of a set what this path of the API can change: without `status` for the object itself. */
    filter(set: FieldSet): FieldSet;
}

/** What the server sets by itself belongs to nobody. */
const serverSet = setOf(
    ...['apiVersion', 'kind', 'metadata'].map((name) => [fieldElement(name)]),
    ...[
        'name',
        'namespace',
        'creationTimestamp',
        'selfLink',
        'uid',
        'clusterName',
        'generation',
        'managedFields',
        'resourceVersion',
    ].map((name) => [fieldElement('metadata'), fieldElement(name)]),
);

interface Versioned {
    schema: FieldSchema;
    object: object;
}

function inVersion({ typing }: WriteRules, object: object, versions: { from: string; to: string }) {
    const { from, to } = versions;
    const schema = typing.schemaOf(to);
    const converted = from === to ? object : typing.convert(object, to);
    return schema === undefined || converted === undefined ? undefined : { schema, object: converted };
}

function required(rules: WriteRules, object: object, versions: { from: string; to: string }): Versioned {
    const found = inVersion(rules, object, versions);
    if (found === undefined) throw new Error(`no type is known for version ${versions.to}`);
    return found;
}

function filtered(rules: WriteRules, { added, modified, removed }: Comparison): Comparison {
    return {
        added: rules.filter(added),
        modified: rules.filter(modified),
        removed: rules.filter(removed),
    };
}

export interface UpdateStep {
    managers: Managers;
    live: object;
    next: object;
    self: ManagerInfo;
    /** RFC 3339. */
    now: string;
}

/** Ownership after a write that is no apply: the writer has what it added and changed. */
export function updateOwnership(rules: WriteRules, step: UpdateStep): Managers {
    const { self, live, next, now } = step;
    const { apiVersion } = self;
    const id = managerId(self);
    const reconciledManagers = reconciled(rules, step.managers, { object: live, apiVersion });
    const { schema } = required(rules, live, { from: apiVersion, to: apiVersion });
    const changes = filtered(rules, compare(schema, live, next));
    const managers = transfer(rules, {
        managers: reconciledManagers,
        live,
        next,
        changes,
        self: id,
        force: true,
        apiVersion,
    });
    const previous = managers.get(id);
    const kept = difference(previous?.set ?? emptySet, changes.removed);
    const taken = difference(union(changes.modified, changes.added), serverSet);
    const set = union(kept, taken);
    if (isEmptySet(set)) return previous === undefined ? managers : without(managers, id);
    // Who changes nothing, or only removes, keeps the time of what they did before.
    const time = isEmptySet(taken) ? previous?.time : now;
    if (previous !== undefined && previous.set === set && previous.time === time) return managers;
    return new Map(managers).set(id, { ...self, time, set });
}

function without(managers: Managers, id: string): Managers {
    const result = new Map(managers);
    result.delete(id);
    return result;
}

interface Transfer {
    managers: Managers;
    live: object;
    next: object;
    /** From `live` to `next`, both in `apiVersion`. */
    changes: Comparison;
    apiVersion: string;
    /** The manager who loses nothing; '' for none. */
    self: string;
    force: boolean;
}

/** Takes from all managers but `self` what has changed. @throws ConflictsError without `force`. */
function transfer(rules: WriteRules, step: Transfer): Managers {
    return step.managers.size === 0 ? step.managers : new Transferring(rules, step).run();
}

class Transferring {
    readonly #rules: WriteRules;
    readonly #step: Transfer;
    readonly #changes = new Map<string, Comparison | undefined>();

    constructor(rules: WriteRules, step: Transfer) {
        this.#rules = rules;
        this.#step = step;
        this.#changes.set(step.apiVersion, step.changes);
    }

    run(): Managers {
        const { managers, self, force } = this.#step;
        const conflicts: { manager: Manager; set: FieldSet }[] = [];
        const result = new Map<string, Manager>();
        let isSame = true;
        for (const [id, manager] of managers) {
            const changes = id === self ? undefined : this.#changesIn(manager.apiVersion);
            if (changes === undefined) {
                if (id === self) result.set(id, manager);
                else isSame = false;
                continue;
            }
            const lost = intersection(manager.set, union(changes.modified, changes.added));
            if (!isEmptySet(lost)) conflicts.push({ manager, set: lost });
            const set = difference(difference(manager.set, lost), changes.removed);
            if (set !== manager.set) isSame = false;
            if (!isEmptySet(set)) result.set(id, set === manager.set ? manager : { ...manager, set });
        }
        if (!force && conflicts.length > 0) throw new ConflictsError(conflicts);
        return isSame ? managers : result;
    }

    /** Undefined for a version that nobody knows any more. */
    #changesIn(apiVersion: string): Comparison | undefined {
        if (this.#changes.has(apiVersion)) return this.#changes.get(apiVersion);
        const { live, next, apiVersion: from } = this.#step;
        const before = inVersion(this.#rules, live, { from, to: apiVersion });
        const after = inVersion(this.#rules, next, { from, to: apiVersion });
        const changes =
            before && after && filtered(this.#rules, compare(before.schema, before.object, after.object));
        this.#changes.set(apiVersion, changes);
        return changes;
    }
}

export interface ApplyStep {
    managers: Managers;
    live: object;
    applied: object;
    self: ManagerInfo;
    force: boolean;
    /** RFC 3339. */
    now: string;
}

export interface ApplyEffect {
    managers: Managers;
    /** Undefined when the configuration changes nothing. */
    object: object | undefined;
}

/**
 * The live object with the configuration applied: merged, without what this manager applied before, applies
 * no longer and no other applier owns.
 * @throws ConflictsError when it would change what others own, unless forced.
 */
export function applyOwnership(rules: WriteRules, step: ApplyStep): ApplyEffect {
    const { live, applied, self, force } = step;
    const { apiVersion } = self;
    const { schema } = required(rules, live, { from: apiVersion, to: apiVersion });
    const id = managerId(self);
    const managers = new Map(reconciled(rules, step.managers, { object: live, apiVersion }));
    const last = managers.get(id);
    const set = rules.filter(extractSet(schema, applied));
    managers.set(id, { ...self, time: last?.time, set });
    const merged = merge(schema, live, applied) as object;
    const next = prune(rules, { merged, managers, apiVersion, last });
    const changes = filtered(rules, compare(schema, live, next));
    const owned = transfer(rules, { managers, live, next, changes, self: id, force, apiVersion });
    const object = deepEqual(live, next) ? undefined : next;
    const isSame = object === undefined && last?.apiVersion === apiVersion && isSameSet(last.set, set);
    const own = { ...self, set: difference(set, serverSet), time: isSame ? last.time : step.now };
    const result = new Map(owned);
    if (isEmptySet(own.set)) result.delete(id);
    else result.set(id, own);
    return { managers: result, object };
}

function isSameSet(before: FieldSet, applied: FieldSet): boolean {
    const set = difference(applied, serverSet);
    return isEmptySet(difference(before, set)) && isEmptySet(difference(set, before));
}

interface Pruning {
    merged: object;
    managers: Managers;
    apiVersion: string;
    last: Manager | undefined;
}

function prune(rules: WriteRules, { merged, managers, apiVersion, last }: Pruning): object {
    const lastSet = last === undefined ? emptySet : rules.filter(last.set);
    if (last === undefined || isEmptySet(lastSet)) return merged;
    const lastVersion = last.apiVersion;
    const before = inVersion(rules, merged, { from: apiVersion, to: lastVersion });
    // What was applied in a version that is gone cannot be told from what others have added.
    if (before === undefined) return merged;
    const { schema, object } = before;
    const named = withNamedFields(lastSet, schema);
    let pruned = removeItems(schema, object, named) as object;
    pruned = addBackOwned(rules, { merged: object, pruned, managers, apiVersion: lastVersion });
    pruned = addBackDangling(schema, { merged: object, pruned, named });
    return required(rules, pruned, { from: lastVersion, to: apiVersion }).object;
}

/** Puts back what appliers own; each in the version it has applied. */
function addBackOwned(
    rules: WriteRules,
    input: { merged: object; pruned: object; managers: Managers; apiVersion: string },
): object {
    const byVersion = new Map<string, FieldSet>([[input.apiVersion, emptySet]]);
    for (const { operation, apiVersion, set } of input.managers.values()) {
        if (operation === 'Apply')
            byVersion.set(apiVersion, union(byVersion.get(apiVersion) ?? emptySet, set));
    }
    let { pruned } = input;
    for (const [version, owned] of byVersion) {
        const versions = { from: input.apiVersion, to: version };
        const merged = inVersion(rules, input.merged, versions);
        const rest = inVersion(rules, pruned, versions);
        if (merged === undefined || rest === undefined || isEmptySet(owned)) continue;
        const { schema } = merged;
        const kept = union(namedSet(schema, rest.object), withNamedFields(owned, schema));
        const gone = difference(namedSet(schema, merged.object), kept);
        const result = removeItems(schema, merged.object, gone) as object;
        pruned = required(rules, result, { from: version, to: input.apiVersion }).object;
    }
    return pruned;
}

/** Puts back what went only because of where it stood: it was not in the set that was removed. */
function addBackDangling(
    schema: FieldSchema,
    { merged, pruned, named }: { merged: object; pruned: object; named: FieldSet },
): object {
    const gone = intersection(difference(namedSet(schema, merged), namedSet(schema, pruned)), named);
    return removeItems(schema, merged, gone) as object;
}

function namedSet(schema: FieldSchema, object: object): FieldSet {
    return withNamedFields(extractSet(schema, object), schema);
}

/** What managers own by the types of today; `live` is the object in the version that is written. */
function reconciled(
    rules: WriteRules,
    managers: Managers,
    live: { object: object; apiVersion: string },
): Managers {
    let result: Map<string, Manager> | undefined;
    const byVersion = new Map<string, Versioned | undefined>();
    for (const [id, manager] of managers) {
        const { apiVersion } = manager;
        if (!byVersion.has(apiVersion)) {
            const versions = { from: live.apiVersion, to: apiVersion };
            byVersion.set(apiVersion, inVersion(rules, live.object, versions));
        }
        const typed = byVersion.get(apiVersion);
        const set =
            typed === undefined ? manager.set : reconcileWithSchema(manager.set, typed.schema, typed.object);
        if (set === manager.set) continue;
        result ??= new Map(managers);
        result.set(id, { ...manager, set });
    }
    return result ?? managers;
}
