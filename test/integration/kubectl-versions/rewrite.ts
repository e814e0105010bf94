import { applyDeviation, type Deviation, expectedOutput, type Step } from './chapter.ts';
import type { Version } from './versions.ts';

/** What stands for a reason until somebody has found it; a chapter with it fails. */
export const reasonWanted = 'REASON?';

/**
 * The step with the outputs of a run: `base` becomes the output where it is given, and what differs becomes deviations.
 * Versions that were not run keep what they had; reasons are kept where there was one.
 */
export function rewriteStep(
    step: Step,
    base: readonly string[] | undefined,
    others: ReadonlyMap<Version, readonly string[]>,
): Step {
    const output = [...(base ?? step.output)];
    const wanted = new Map(others);
    for (const { versions } of step.deviations)
        for (const version of versions)
            if (!wanted.has(version)) wanted.set(version, expectedOutput(step, version));
    const deviations: { versions: Version[]; reason: string; body: string[] }[] = [];
    for (const [version, lines] of [...wanted].sort(([a], [b]) => a.localeCompare(b))) {
        if (isSame(lines, output)) continue;
        const reason = reasonOf(step.deviations, version);
        const body = deviationBody(output, lines);
        const same = deviations.find(
            (one) => isSame(one.body, body) && (one.reason === reason || reason === reasonWanted),
        );
        if (same === undefined) deviations.push({ versions: [version], reason, body });
        else same.versions.push(version);
    }
    return { ...step, output, deviations };
}

function reasonOf(deviations: readonly Deviation[], version: Version): string {
    return deviations.find(({ versions }) => versions.includes(version))?.reason ?? reasonWanted;
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
    return a.length === b.length && a.every((line, i) => line === b[i]);
}

function deviationBody(output: readonly string[], lines: readonly string[]): string[] {
    for (const context of [0, 1, 2, 3]) {
        const body = places(differences(output, lines), context);
        if (body.length > lines.length + 2) break;
        try {
            if (isSame(applyDeviation(output, body), lines)) return body;
        } catch {
            // Ambiguous with so little context.
        }
    }
    return lines.length === 0 ? ['='] : lines.map((line) => `= ${line}`);
}

/** The shortest way from one text to the other, as lines with `-`, `+` or ` ` (longest common subsequence). */
function differences(from: readonly string[], to: readonly string[]): string[] {
    const width = to.length + 1;
    const common = new Uint32Array((from.length + 1) * width);
    for (let i = from.length - 1; i >= 0; i--)
        for (let j = to.length - 1; j >= 0; j--)
            common[i * width + j] =
                from[i] === to[j]
                    ? common[(i + 1) * width + j + 1]! + 1
                    : Math.max(common[(i + 1) * width + j]!, common[i * width + j + 1]!);
    const result: string[] = [];
    for (let i = 0, j = 0; i < from.length || j < to.length;) {
        if (i < from.length && j < to.length && from[i] === to[j]) {
            result.push(`  ${from[i++]!}`);
            j++;
        } else if (
            j >= to.length ||
            (i < from.length && common[(i + 1) * width + j]! >= common[i * width + j + 1]!)
        )
            result.push(`- ${from[i++]!}`);
        else result.push(`+ ${to[j++]!}`);
    }
    return result;
}

/** The changed lines with `context` lines before each; an insertion has one at least. */
function places(lines: readonly string[], context: number): string[] {
    const body: string[] = [];
    const isChange = (line: string): boolean => !line.startsWith(' ');
    for (let at = 0; at < lines.length; at++) {
        if (!isChange(lines[at]!)) continue;
        let end = at;
        while (end < lines.length && isChange(lines[end]!)) end++;
        const isInsertion = lines.slice(at, end).every((line) => line.startsWith('+'));
        const before = lines.slice(Math.max(0, at - Math.max(context, isInsertion ? 1 : 0)), at);
        while (before.some(isChange)) before.shift();
        if (body.length > 0) body.push('..');
        body.push(...before, ...lines.slice(at, end));
        at = end;
    }
    return body;
}
