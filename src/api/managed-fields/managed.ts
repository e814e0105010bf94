import type { V1ManagedFieldsEntry } from '../meta/object.ts';
import { deepEqual, deepFreeze } from '../meta/deep.ts';
import type { FieldSet } from './field-set.ts';
import { decodeFields } from './fields-v1.ts';
import { remembered } from './remembered.ts';

export type Operation = 'Apply' | 'Update';

/** Who writes, and how. */
export interface ManagerInfo {
    manager: string;
    operation: Operation;
    /** "apps/v1": the version that the write was made in. */
    apiVersion: string;
    /** '' for the object itself. */
    subresource: string;
}

/** What one manager owns. */
export interface Manager extends ManagerInfo {
    /** RFC 3339; when the manager's set last changed. */
    time: string | undefined;
    set: FieldSet;
}

/** All managers of an object by their identifiers. Treated as immutable. */
export type Managers = ReadonlyMap<string, Manager>;

/** One manager per name, operation, subresource and, unless it applies, version. */
export function managerId({ manager, operation, apiVersion, subresource }: ManagerInfo): string {
    return JSON.stringify({
        manager,
        operation,
        ...(operation === 'Apply' ? {} : { apiVersion }),
        ...(subresource === '' ? {} : { subresource }),
    });
}

export type Entries = readonly V1ManagedFieldsEntry[] | undefined;

/** Lists of entries whose managers are at hand; the table starts anew when it is full. */
const decodedMax = 256;
/** What entries were read as, or written from: those of a hot object are asked for with every write. */
let decoded = new Map<NonNullable<Entries>, Managers>();

function remember(entries: NonNullable<Entries>, managers: Managers): void {
    if (decoded.size >= decodedMax) decoded = new Map();
    decoded.set(entries, managers);
}

/** @throws Error when an entry is malformed. */
export function decodeManagers(entries: Entries): Managers {
    if (entries === undefined) return new Map();
    let managers = decoded.get(entries);
    if (managers === undefined) {
        managers = decodeAll(entries);
        if (Object.isFrozen(entries)) remember(entries, managers);
    }
    return managers;
}

function decodeAll(entries: NonNullable<Entries>): Managers {
    const managers = new Map<string, Manager>();
    for (const entry of entries) {
        const { operation, fieldsType } = entry;
        if (operation !== 'Apply' && operation !== 'Update') throw new Error('the operation is unknown');
        if (fieldsType !== 'FieldsV1') throw new Error('the type of the fields is unknown');
        const manager: Manager = {
            manager: entry.manager ?? '',
            operation,
            apiVersion: entry.apiVersion ?? '',
            subresource: entry.subresource ?? '',
            time: entry.time,
            set: decodeFields(entry.fieldsV1 ?? {}),
        };
        managers.set(managerId(manager), manager);
    }
    return managers;
}

/** As `decodeManagers`, but malformed entries are as good as none. */
export function tryDecodeManagers(entries: Entries): Managers | undefined {
    try {
        return decodeManagers(entries);
    } catch {
        return undefined;
    }
}

/**
 * The entries to store: appliers first, then the oldest. Undefined for no managers; `before` where nothing
 * differs from it.
 */
export function encodeManagers(managers: Managers, before: Entries): V1ManagedFieldsEntry[] | undefined {
    if (managers.size === 0) return undefined;
    if (before !== undefined && decoded.get(before) === managers) return before as V1ManagedFieldsEntry[];
    const entries = [...managers.values()].map(encodeManager).sort(compareEntries);
    if (before !== undefined && deepEqual(entries, before)) return before as V1ManagedFieldsEntry[];
    deepFreeze(entries);
    remember(entries, managers);
    return entries;
}

function encodeManager(info: Manager): V1ManagedFieldsEntry {
    const { manager, operation, apiVersion, subresource, time, set } = info;
    const entry: V1ManagedFieldsEntry = {};
    if (manager !== '') entry.manager = manager;
    entry.operation = operation;
    if (apiVersion !== '') entry.apiVersion = apiVersion;
    if (time !== undefined) entry.time = time;
    entry.fieldsType = 'FieldsV1';
    entry.fieldsV1 = set;
    if (subresource !== '') entry.subresource = subresource;
    return entry;
}

function compareEntries(a: V1ManagedFieldsEntry, b: V1ManagedFieldsEntry): number {
    return (
        compareTexts(a.operation, b.operation) ||
        secondsOf(a.time) - secondsOf(b.time) ||
        compareTexts(a.manager, b.manager) ||
        compareTexts(a.apiVersion, b.apiVersion) ||
        compareTexts(a.subresource, b.subresource)
    );
}

function compareTexts(a = '', b = ''): number {
    return a < b ? -1 : a > b ? 1 : 0;
}

const parsedSeconds = remembered((time) => Math.floor(Date.parse(time) / 1000) || 0);

export function secondsOf(time: string | undefined): number {
    return time === undefined ? 0 : parsedSeconds(time);
}

/** True when two lists of entries differ in nothing but times. */
export function sameButTimes(a: Entries, b: Entries): boolean {
    if (a === b) return true;
    if (a?.length !== b?.length) return false;
    const timeless = (entries: Entries): unknown[] =>
        (entries ?? []).map((entry) => ({ ...entry, time: undefined }));
    const [left, right] = [timeless(a), timeless(b)];
    const isIn = (entry: unknown): boolean => right.some((other) => deepEqual(entry, other));
    return left.every(isIn);
}
