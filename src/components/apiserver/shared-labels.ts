/** Labels of an object; frozen, and one object in memory for all objects with the same. */
export type SharedLabels = Readonly<Record<string, string>>;

/** Different sets of labels that are remembered; the table starts anew when it is full. */
const sharedMax = 2048;
/** A longer text is not worth remembering. */
const textCharsMax = 512;

let shared = new Map<string, SharedLabels>();

/**
 * The labels that a JSON text says. Pods of one template, and the versions of one object, have the same, so that
 * most are there already.
 */
export function sharedLabels(json: string): SharedLabels | undefined {
    const known = shared.get(json);
    if (known !== undefined) return known;
    const labels: unknown = JSON.parse(json);
    if (typeof labels !== 'object' || labels === null) return undefined;
    Object.freeze(labels);
    if (json.length <= textCharsMax) {
        if (shared.size >= sharedMax) shared = new Map();
        shared.set(json, labels as SharedLabels);
    }
    return labels as SharedLabels;
}
