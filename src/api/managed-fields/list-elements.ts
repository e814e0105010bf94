import { concrete, isMap, type ListSchema, type MapSchema } from './field-schema.ts';
import { keyElement, type PathElement, valueElement } from './path-element.ts';

/**
 * How an item of a set or of a list with keys is addressed. Keys that are absent have their default, or are
 * left out as long as one key is there.
 * @throws Error with upstream's sentence for an item that has no address.
 */
export function elementOf(list: ListSchema, item: unknown): PathElement {
    return list.type === 'set' ? elementOfSet(item) : elementByKeys(list, item);
}

function elementOfSet(item: unknown): PathElement {
    if (isMap(item)) throw new Error("associative list without keys has an element that's a map type");
    if (Array.isArray(item)) throw new Error('not supported: associative list with lists as elements');
    if (item === null || item === undefined) {
        throw new Error("associative list without keys has an element that's an explicit null");
    }
    return valueElement(item);
}

function elementByKeys(list: ListSchema, item: unknown): PathElement {
    if (item === null || item === undefined) {
        throw new Error('associative list with keys may not have a null element');
    }
    if (!isMap(item)) throw new Error('associative list with keys may not have non-map elements');
    const items = concrete(list.items, item) as MapSchema;
    const keys: [string, unknown][] = [];
    for (const name of list.keys) {
        const value = item[name] ?? items.field(name)?.default;
        if (value !== undefined) keys.push([name, value]);
    }
    if (keys.length === 0) {
        const names = list.keys.map((name) => JSON.stringify(name)).join(' ');
        throw new Error(
            list.keys.length === 1
                ? `associative list with keys has an element that omits key field ${names} (and doesn't have default value)`
                : `associative list with keys has an element that omits all key fields [${names}] (and doesn't have default values for any key fields)`,
        );
    }
    return keyElement(keys);
}

/** The items by their addresses, in order; more than one for an address that is there twice. */
export function groupItems(list: ListSchema, items: readonly unknown[]): Map<PathElement, unknown[]> {
    const groups = new Map<PathElement, unknown[]>();
    for (const item of items) {
        const element = elementOf(list, item);
        const group = groups.get(element);
        if (group === undefined) groups.set(element, [item]);
        else group.push(item);
    }
    return groups;
}
