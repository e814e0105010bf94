import type { ResourceDefinition } from '../../../api/groups/resource.ts';
import { builtinSchema } from '../../../api/managed-fields/builtin-schema.ts';
import { applyConfiguration, trackUpdate } from '../../../api/managed-fields/field-manager.ts';
import type { FieldSchema } from '../../../api/managed-fields/field-schema.ts';
import {
    emptySet,
    type FieldSet,
    recursiveDifference,
    restrictTo,
    setOf,
    union,
} from '../../../api/managed-fields/field-set.ts';
import {
    type ManagerInfo,
    type Operation,
    sameButTimes,
    tryDecodeManagers,
} from '../../../api/managed-fields/managed.ts';
import { type FieldPath, fieldElement } from '../../../api/managed-fields/path-element.ts';
import { structuralFieldSchema } from '../../../api/managed-fields/structural-schema.ts';
import type { Typing, WriteRules } from '../../../api/managed-fields/updater.ts';
import { deepEqual } from '../../../api/meta/deep.ts';
import { type ApiObject, apiVersionOf, type V1ManagedFieldsEntry } from '../../../api/meta/object.ts';
import { rfc3339 } from '../../../util/clock.ts';
import { type ApiRequest, headerOf } from '../request.ts';
import type { Registry, Target } from './registry.ts';

/** As upstream: longer names are cut, or refused where the client names itself. */
export const fieldManagerBytesMax = 128;
const unnamed = 'unknown';

/** Who writes: what the request says, or the program that sends it. */
export function managerOf(request: Pick<ApiRequest, 'query' | 'headers'>): string {
    const given = request.query.get('fieldManager') ?? '';
    if (given !== '') return given;
    const [program = ''] = (headerOf(request, 'user-agent') ?? '').split('/');
    const printable = program.replaceAll(/[^\P{C}]/gu, '');
    let name = '';
    for (const char of printable) {
        if (Buffer.byteLength(name + char) > fieldManagerBytesMax) break;
        name += char;
    }
    return name || unnamed;
}

export function managerInfo(
    { definition, subresource }: Target,
    manager: string,
    operation: Operation,
): ManagerInfo {
    return { manager, operation, apiVersion: apiVersionOf(definition), subresource };
}

/** Sets the managedFields of an object after a create (without `live`), update or patch. */
export function trackWrite(
    registry: Registry,
    target: Target,
    write: { manager: string; live: ApiObject | undefined; next: ApiObject },
): void {
    const { manager, next } = write;
    const entries = trackUpdate(writeRules(registry, target), {
        live: write.live ?? emptyObject(target.definition),
        next,
        self: managerInfo(target, manager, 'Update'),
        now: rfc3339(registry.clock.nowMs()),
    });
    const metadata = (next.metadata ??= {});
    if (entries === undefined) delete metadata.managedFields;
    else metadata.managedFields = entries as NonNullable<typeof metadata.managedFields>;
}

export interface Application {
    /** Undefined where the object does not exist yet. */
    live: ApiObject | undefined;
    applied: ApiObject;
    manager: string;
    force: boolean;
    conflictVersion?: string | undefined;
}

/** The object with a configuration applied, managedFields included; parts of both may be in it. */
export function applied(registry: Registry, target: Target, application: Application): ApiObject {
    const { live, manager, ...rest } = application;
    return applyConfiguration(writeRules(registry, target), {
        ...rest,
        live: live ?? emptyObject(target.definition),
        self: managerInfo(target, manager, 'Apply'),
        now: rfc3339(registry.clock.nowMs()),
    });
}

function emptyObject({ kind, group, version }: ResourceDefinition): ApiObject {
    return { kind, apiVersion: apiVersionOf({ group, version }), metadata: {} };
}

/** Nothing but the time of some entries has changed. */
export function isSameButTimes(next: ApiObject, old: ApiObject): boolean {
    const [entries, before] = [next.metadata?.managedFields, old.metadata?.managedFields];
    if (entries === before) return deepEqual(next, old);
    if (!sameButTimes(entries, before)) return false;
    return deepEqual({ ...next, metadata: { ...next.metadata, managedFields: before } }, old);
}

/** What admission made of managedFields counts only where it is readable. */
export function keepReadable({ metadata }: ApiObject, tracked: V1ManagedFieldsEntry[] | undefined): void {
    if (metadata === undefined || metadata.managedFields === tracked) return;
    if (tryDecodeManagers(metadata.managedFields) !== undefined) return;
    if (tracked === undefined) delete metadata.managedFields;
    else metadata.managedFields = tracked;
}

function writeRules(registry: Registry, target: Target): WriteRules {
    return { typing: typingOf(registry, target.definition), filter: filterOf(target) };
}

/** Built-in types of all versions in which the resource is served, unless it brings types of its own. */
function typingOf(registry: Registry, definition: ResourceDefinition): Typing {
    if (definition.fieldTyping !== undefined) return definition.fieldTyping;
    const find = (apiVersion: string): ResourceDefinition | undefined =>
        apiVersion === apiVersionOf(definition)
            ? definition
            : registry.caches
                  .definitions()
                  .find(
                      (other) =>
                          other.storagePrefix === definition.storagePrefix &&
                          apiVersionOf(other) === apiVersion,
                  );
    return {
        schemaOf: (apiVersion) => {
            const found = find(apiVersion);
            return found && schemaOfType(found.type);
        },
        convert: (object, apiVersion) => {
            const from = find((object as ApiObject).apiVersion ?? '');
            const to = find(apiVersion);
            if (from === undefined || to === undefined) return undefined;
            const stored = from.conversion?.toStored(object) ?? object;
            return { ...(to.conversion?.fromStored(stored) ?? stored), apiVersion, kind: to.kind };
        },
    };
}

let untypedObjects: FieldSchema | undefined;

export function schemaOfType(type: string): FieldSchema {
    return builtinSchema(type) ?? (untypedObjects ??= structuralFieldSchema(undefined));
}

/** The type that configurations for this resource are checked by. */
export function configurationSchema(definition: ResourceDefinition): FieldSchema {
    return definition.fieldTyping?.schemaOf(apiVersionOf(definition)) ?? schemaOfType(definition.type);
}

const path = (...names: string[]): FieldPath => names.map(fieldElement);
const status = setOf(path('status'));
/** What writes to a subresource can change; of metadata they change the rest. */
const partOf: Readonly<Record<string, readonly FieldPath[]>> = {
    scale: [path('spec', 'replicas')],
    ephemeralcontainers: [path('spec', 'ephemeralContainers')],
    resize: [path('spec', 'containers'), path('spec', 'initContainers')],
    finalize: [path('spec', 'finalizers')],
    approval: [path('status')],
    status: [path('status'), path('metadata')],
};
const allMetadata = setOf(path('metadata'));

/** Leaves of a set what this path of the API does not reset. */
function filterOf({ definition, subresource }: Target): (set: FieldSet) => FieldSet {
    if (subresource === '') {
        const hasStatus = definition.subresources['status'] !== undefined;
        return hasStatus ? (set) => recursiveDifference(set, status) : (set) => set;
    }
    const parts = partOf[subresource];
    if (parts === undefined) return (set) => set;
    const restrict = (set: FieldSet): FieldSet =>
        parts.reduce((kept, part) => union(kept, restrictTo(set, part)), emptySet);
    if (subresource !== 'status') return restrict;
    const { statusKeepsMetadata, statusKeeps = [] } = definition.strategy;
    const kept = [...statusKeeps, 'deletionTimestamp'].map((field) => path('metadata', field));
    const reset = statusKeepsMetadata === true ? allMetadata : setOf(...kept);
    return (set) => recursiveDifference(restrict(set), reset);
}
