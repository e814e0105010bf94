import type { ApiObject } from '../meta/object.ts';
import type { Column } from './resource.ts';

/** Widest list of items that a cell shows before it says "+ N more...". */
export const cellItemsMax = 3;

interface ColumnOptions {
    type?: Column['type'];
    format?: 'name';
    description?: string;
}

/** A column that `kubectl get` always shows. */
export function column<T extends ApiObject>(
    name: string,
    value: Column<T>['value'],
    options: ColumnOptions = {},
): Column<T> {
    const { type = 'string', format = '', description = '' } = options;
    return { name, type, format, description, priority: 0, value };
}

/** A column that only `-o wide` shows. */
export function wideColumn<T extends ApiObject>(
    name: string,
    value: Column<T>['value'],
    options: ColumnOptions = {},
): Column<T> {
    return { ...column(name, value, options), priority: 1 };
}

/** A column of whole numbers; what is not set is 0. */
export function integerColumn<T extends ApiObject>(
    name: string,
    value: (object: T) => number | undefined,
): Column<T> {
    return column<T>(name, (object) => value(object) ?? 0, { type: 'integer' });
}

/** A number that upstream declares as text. */
export function countColumn<T extends ApiObject>(
    name: string,
    value: (object: T) => number | undefined,
): Column<T> {
    return column<T>(name, (object) => value(object) ?? 0);
}

export const nameColumn: Column = column('Name', (object) => object.metadata?.name ?? '', {
    format: 'name',
    description: 'Name of the object, unique among those of its kind and namespace.',
});

export const ageColumn: Column = column(
    'Age',
    (object, nowMs) => since(object.metadata?.creationTimestamp, nowMs),
    { description: 'Time since the object was created.' },
);

/**
 * What kinds without columns of their own show: the name, and the time itself rather than an age, as
 * upstream's default table does.
 */
export const defaultColumns: readonly Column[] = [
    nameColumn,
    column('Created At', (object) => object.metadata?.creationTimestamp ?? '', { type: 'date' }),
];

/** Time since an RFC 3339 timestamp as people read it; "<unknown>" where there is none. */
export function since(timestamp: string | undefined, nowMs: number): string {
    return timestamp ? duration(nowMs - Date.parse(timestamp)) : '<unknown>';
}

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;

/**
 * A duration in two units at most, as kubectl prints ages: 119s, 5m30s, 3h12m, 2d5h, 3y40d. The units
 * and thresholds are those of k8s.io/apimachinery util/duration (HumanDuration).
 */
export function duration(ms: number): string {
    const seconds = Math.trunc(ms / second);
    if (seconds < -1) return '<invalid>';
    if (seconds < 0) return '0s';
    if (seconds < 120) return `${seconds}s`;
    const minutes = Math.trunc(ms / minute);
    if (minutes < 10) return pair(minutes, 'm', seconds % 60, 's');
    if (minutes < 180) return `${minutes}m`;
    const hours = Math.trunc(ms / hour);
    if (hours < 8) return pair(hours, 'h', minutes % 60, 'm');
    if (hours < 48) return `${hours}h`;
    const days = Math.trunc(hours / 24);
    if (days < 8) return pair(days, 'd', hours % 24, 'h');
    if (days < 365 * 2) return `${days}d`;
    const years = Math.trunc(days / 365);
    if (years < 8) return pair(years, 'y', days % 365, 'd');
    return `${years}y`;
}

function pair(large: number, largeUnit: string, small: number, smallUnit: string): string {
    return small === 0 ? `${large}${largeUnit}` : `${large}${largeUnit}${small}${smallUnit}`;
}

/** "a=1,b=2" in key order; "<none>" where there are no labels. */
export function formatLabels(labels: Record<string, string> | undefined): string {
    const keys = Object.keys(labels ?? {}).sort();
    return keys.length === 0 ? '<none>' : keys.map((key) => `${key}=${labels?.[key] ?? ''}`).join(',');
}

/** The first items and how many more there are; `empty` where there are none. */
export function formatList(items: readonly string[], empty: string): string {
    if (items.length === 0) return empty;
    const shown = items.slice(0, cellItemsMax).join(',');
    return items.length > cellItemsMax ? `${shown} + ${items.length - cellItemsMax} more...` : shown;
}

export function orNone(text: string | undefined): string {
    return text ? text : '<none>';
}

export function orUnset(value: string | number | boolean | undefined): string {
    return value === undefined ? '<unset>' : String(value);
}
