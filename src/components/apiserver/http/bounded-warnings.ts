/** Bounds on what one answer carries in `Warning` headers (apiserver/pkg/endpoints/filters/warning.go). */
const allCharsMax = 4 * 1024;
const cutItemCharsMax = 256;

/**
 * The warnings to send: each once and whole while all of them together fit; otherwise each is cut to 256
 * characters, until 4096 are reached.
 */
export function boundedWarnings(warnings: readonly string[]): string[] {
    if (warnings.length === 0) return [];
    const different = [...new Set(warnings)].filter((text) => text !== '').map((text) => Array.from(text));
    const total = different.reduce((sum, chars) => sum + chars.length, 0);
    if (total <= allCharsMax) return different.map((chars) => chars.join(''));
    const cut: string[] = [];
    let written = 0;
    for (const chars of different) {
        if (written >= allCharsMax) break;
        const kept = chars.slice(0, cutItemCharsMax);
        written += kept.length;
        cut.push(kept.join(''));
    }
    return cut;
}
