import { defineOwn } from '../meta/deep.ts';
import {
    concrete,
    type FieldSchema,
    isMap,
    type JsonMap,
    type ListSchema,
    type MapSchema,
    memberSchema,
    untyped,
} from './field-schema.ts';
import { elementOf } from './list-elements.ts';
import type { PathElement } from './path-element.ts';

/**
 * The live object with an applied configuration laid over it: what the configuration says wins, what it does
 * not say stays. Lists keep the live order as far as the configuration's order allows. Changes neither.
 */
export function merge(schema: FieldSchema, live: unknown, applied: unknown): unknown {
    if (applied === undefined) return live;
    if (live === undefined) return applied;
    const type = concrete(schema, applied);
    switch (type.kind) {
        case 'scalar':
            return applied;
        case 'list':
            if (type.type === 'atomic' || !Array.isArray(applied)) return applied;
            return Array.isArray(live) && live.length > 0 ? mergeItems(type, live, applied) : applied;
        case 'map':
            if (type.atomic || !isMap(applied)) return applied;
            return isMap(live) ? mergeMembers(type, live, applied) : applied;
    }
}

function mergeMembers(schema: MapSchema, live: JsonMap, applied: JsonMap): JsonMap {
    const result: Record<string, unknown> = { ...live };
    for (const [name, value] of Object.entries(applied)) {
        if (value === undefined) continue;
        const current = Object.hasOwn(live, name) ? live[name] : undefined;
        setMember(result, name, merge(memberSchema(schema, name) ?? untyped, current, value));
    }
    return result;
}

export function setMember(target: Record<string, unknown>, name: string, value: unknown): void {
    if (name === '__proto__') defineOwn(target, name, value);
    else target[name] = value;
}

/** One side of a merge of lists. */
interface Side {
    elements: PathElement[];
    items: readonly unknown[];
    /** By address; undefined for one that is there twice. */
    byElement: Map<PathElement, unknown>;
}

function sideOf(schema: ListSchema, items: readonly unknown[]): Side {
    const elements = items.map((item) => elementOf(schema, item));
    const byElement = new Map<PathElement, unknown>();
    elements.forEach((element, i) => {
        byElement.set(element, byElement.has(element) ? undefined : items[i]);
    });
    return { elements, items, byElement };
}

/**
 * Walks both lists at once. Live [a, b, c] with applied [c, x, a]: the items of both must end in the applied
 * order, so `a` waits until it is the next shared one; b, which only the live list has, goes out as it is met:
 * [b, c, x, a].
 */
function mergeItems(schema: ListSchema, live: readonly unknown[], applied: readonly unknown[]): unknown[] {
    const left = sideOf(schema, live);
    const right = sideOf(schema, applied);
    const shared = right.elements.filter((element) => left.byElement.has(element));
    const merged = new Set<PathElement>();
    const result: unknown[] = [];
    let [l, r, next] = [0, 0, 0];
    const take = (element: PathElement): void => {
        merged.add(element);
        result.push(merge(schema.items, left.byElement.get(element), right.byElement.get(element)));
        if (shared[next] === element) next++;
        r++;
    };
    while (l < left.elements.length || r < right.elements.length) {
        const ours = left.elements[l];
        const theirs = right.elements[r];
        if (ours !== undefined && ours === theirs) {
            take(ours);
            l++;
        } else if (ours !== undefined && !right.byElement.has(ours)) {
            result.push(left.items[l++]);
        } else if (
            ours !== undefined &&
            (merged.has(ours) || (theirs !== undefined && next < shared.length && shared[next] !== ours))
        ) {
            l++;
        } else if (theirs !== undefined) {
            take(theirs);
        } else l++;
    }
    return result;
}
