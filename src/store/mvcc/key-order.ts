/**
 * Orders keys as bytes are ordered. A key's chars are bytes, so this is the order of strings; `keyMax`, which is
 * no key, comes after all of them.
 */
export function compareKeys(a: string, b: string): number {
    return a === b ? 0 : a < b ? -1 : 1;
}
