/** Longer texts are not remembered. */
const charsMax = 128;

/**
 * Remembers what `make` gives for a text: the same few hundred names are asked for with every write. A table that
 * has `max` entries starts anew.
 */
export function remembered<T>(make: (text: string) => T, max = 2048): (text: string) => T {
    let known = new Map<string, T>();
    return (text) => {
        let value = known.get(text);
        if (value !== undefined) return value;
        value = make(text);
        if (text.length > charsMax) return value;
        if (known.size >= max) known = new Map();
        known.set(text, value);
        return value;
    };
}
