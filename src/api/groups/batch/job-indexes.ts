/** First and last index of an interval, both of it. */
type Interval = readonly [first: number, last: number];

/** How many indexes a text such as "1,3-5,7" names, or why it is none. */
export type IndexCount = { total: number } | { problem: string };

/**
 * Reads one part of such a text: "7" is [7, 7] and "3-5" is [3, 5].
 * @throws Error with upstream's sentence.
 */
function parseInterval(text: string, completions: number): Interval {
    const limits = text.split('-');
    if (limits.length > 2) {
        const rule = "an index interval can have at most two parts separated by '-'";
        throw new Error(`the fragment ${JSON.stringify(text)} violates the requirement that ${rule}`);
    }
    const [first = 0, last = first] = limits.map((limit) => parseIndex(limit, completions));
    if (limits.length === 2 && first >= last) throw new Error(nonIncreasing(first, last));
    return [first, last];
}

function parseIndex(text: string, completions: number): number {
    if (!/^\+?\d{1,18}$/.test(text)) {
        throw new Error(`cannot convert string to integer for index: ${JSON.stringify(text)}`);
    }
    const index = Number(text);
    if (index >= completions) throw new Error(`too large index: ${JSON.stringify(text)}`);
    return index;
}

function nonIncreasing(previous: number, current: number): string {
    return `non-increasing order, previous: ${previous}, current: ${current}`;
}

/** Counts the indexes of a job that a text such as "1,3-5,7" names, in increasing order. */
export function countIndexes(text: string, completions: number): IndexCount {
    if (text === '') return { total: 0 };
    let total = 0;
    let previous = -1;
    try {
        for (const part of text.split(',')) {
            const [first, last] = parseInterval(part, completions);
            if (previous >= first) return { problem: nonIncreasing(previous, first) };
            total += last - first + 1;
            previous = last;
        }
    } catch (error) {
        return { problem: (error as Error).message };
    }
    return { total };
}

/** The parts that can be read: what is wrong with the others is said where their format is checked. */
function readableIntervals(text: string, completions: number): Interval[] {
    if (text === '') return [];
    return text.split(',').flatMap((part) => {
        try {
            return [parseInterval(part, completions)];
        } catch {
            return [];
        }
    });
}

/** The first index that both texts name, found by walking both in order. */
export function overlappingIndex(completed: string, failed: string, completions: number): number | undefined {
    const left = readableIntervals(completed, completions);
    const right = readableIntervals(failed, completions);
    let leftAt = 0;
    let rightAt = 0;
    for (;;) {
        const one = left[leftAt];
        const other = right[rightAt];
        if (one === undefined || other === undefined) return undefined;
        if (one[0] <= other[1] && other[0] <= one[1]) return Math.max(one[0], other[0]);
        if (one[0] <= other[0]) leftAt++;
        else rightAt++;
    }
}
