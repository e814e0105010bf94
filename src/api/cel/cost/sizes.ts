import type { CelSize } from '../cel.ts';

/**
 * Where a value comes from, seen from the root of the data: undefined for one that was computed. `at` is undefined
 * where nothing is known of the place.
 */
export type Place = { readonly at: CelSize | undefined } | undefined;

export type Move = '@elements' | '@keys' | { field: string };

function step(size: CelSize, move: Move): CelSize | undefined {
    if (move === '@elements') return size.elements;
    if (move === '@keys') return size.keys;
    const { fields, otherFields } = size;
    return fields !== undefined && Object.hasOwn(fields, move.field) ? fields[move.field] : otherFields;
}

/**
 * A step further into the data. As upstream has it, every path starts at the root, also that of a part of a value
 * that was computed.
 */
export function moveFrom(place: Place, move: Move, root: CelSize): Place {
    if (place === undefined) return { at: root };
    return { at: place.at === undefined ? undefined : step(place.at, move) };
}
