/**
 * Orders keys as their UTF-8 bytes are ordered, without encoding them. UTF-16 order, which is what `<`
 * gives, differs in one place: characters beyond U+FFFF are written with surrogates (D800–DFFF) and so
 * sort before U+E000–U+FFFF, although their code points and their UTF-8 bytes are greater.
 */
export function compareKeys(a: string, b: string): number {
    if (a === b) return 0;
    const length = Math.min(a.length, b.length);
    for (let i = 0; i < length; i++) {
        const x = a.charCodeAt(i);
        const y = b.charCodeAt(i);
        if (x !== y) return x >= 0xd800 && y >= 0xd800 ? rank(x) - rank(y) : x - y;
    }
    return a.length - b.length;
}

function rank(unit: number): number {
    return unit < 0xe000 ? unit + 0x2800 : unit;
}
