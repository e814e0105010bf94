import { type FieldError, fieldErrors } from '../../meta/field-error.ts';
import { each, items } from '../validation/basic.ts';

/** Checks of lists and maps: what has more entries than it may is refused without a look at them. */

type ItemCheck<T> = (item: T, path: string) => FieldError[];

export function boundedList<T>(
    list: readonly T[] | undefined,
    path: string,
    { max, check }: { max: number; check: ItemCheck<T> },
): FieldError[] {
    const { length } = items(list);
    return length > max ? [fieldErrors.tooMany(path, length, max)] : each(list, path, check);
}

/** As `boundedList`, and no two entries may have the same key. */
export function boundedSet<T>(
    list: readonly T[] | undefined,
    path: string,
    { max, check, key }: { max: number; check: ItemCheck<T>; key: (item: T) => string },
): FieldError[] {
    if (items(list).length > max) return boundedList(list, path, { max, check });
    return [...each(list, path, check), ...repeated(list, path, key)];
}

/** "Duplicate value" for each entry whose key an earlier one has, also where that is empty. */
export function repeated<T>(
    list: readonly T[] | undefined,
    path: string,
    key: (item: T) => string,
): FieldError[] {
    const seen = new Set<string>();
    return each(list, path, (item, itemPath) => {
        const own = key(item);
        if (seen.has(own)) return [fieldErrors.duplicate(itemPath, own)];
        seen.add(own);
        return [];
    });
}

export interface MapRules<T> {
    max: number;
    /** Longer keys are shortened in the paths of errors. */
    keyBytesMax: number;
    checkKey: (key: string, path: string) => FieldError[];
    check: ItemCheck<T>;
}

export function boundedMap<T>(
    map: Readonly<Record<string, T>> | undefined,
    path: string,
    { max, keyBytesMax, checkKey, check }: MapRules<T>,
): FieldError[] {
    const entries = Object.entries(map ?? {});
    if (entries.length > max) return [fieldErrors.tooMany(path, entries.length, max)];
    return entries.flatMap(([key, value]) => [
        ...checkKey(key, path),
        ...check(value, `${path}[${shortened(key, keyBytesMax)}]`),
    ]);
}

/** "aaaa...zzzz": the middle of what is too long left out. */
function shortened(text: string, max: number): string {
    if (text.length <= max) return text;
    const kept = max - '...'.length;
    return `${text.slice(0, Math.ceil(kept / 2))}...${text.slice(text.length - Math.floor(kept / 2))}`;
}
