import { checkLinearizable, type Model, type Operation } from '../simulation/linearizability.ts';

export type RegisterInput = { type: 'read' } | { type: 'swap'; expected: string; value: string };
export interface RegisterOutput {
    value?: string;
    swapped?: boolean;
}
export type RegisterOperation = Operation<RegisterInput, RegisterOutput> & { register: string };

const stuckShownMax = 5;

/** A register whose values are all different: a swap succeeds exactly when the expected value is there. */
const registerModel: Model<string, RegisterInput, RegisterOutput> = {
    initial: 'initial',
    step(state, input, output) {
        if (input.type === 'read') {
            return output === undefined || output.value === state ? state : undefined;
        }
        const fits = state === input.expected;
        if (output === undefined) return fits ? input.value : state;
        if (output.swapped !== fits) return undefined;
        return fits ? input.value : state;
    },
    key: (state) => state,
};

/** What `history-load.mjs` printed; a last line that was cut off is left out. */
export function parseHistory(output: string): RegisterOperation[] {
    return output.split('\n').flatMap((line) => {
        if (!line.startsWith('{') || !line.endsWith('}')) return [];
        return [JSON.parse(line) as RegisterOperation];
    });
}

/** Throws with the operations that no order explains. */
export function expectLinearizable(history: readonly RegisterOperation[]): void {
    for (const register of new Set(history.map((operation) => operation.register))) {
        const own = history
            .filter((operation) => operation.register === register)
            // A read without an answer says nothing.
            .filter(({ input, returned }) => input.type === 'swap' || returned !== undefined)
            .sort((a, b) => a.calledAt - b.calledAt);
        const verdict = checkLinearizable(registerModel, own);
        if (verdict.type === 'linearizable') continue;
        const detail = verdict.type === 'violation' ? explain(own, verdict.stuck) : '';
        throw new Error(`history of ${register} (${own.length} operations) is ${verdict.type}: ${detail}`);
    }
}

/** The operations that nothing explains, and all others about the values in them. */
function explain(
    history: readonly RegisterOperation[],
    stuck: readonly Operation<RegisterInput, RegisterOutput>[],
): string {
    const values = new Set(
        stuck
            .slice(0, stuckShownMax)
            .flatMap(({ input, returned }) => [
                returned?.output.value,
                ...(input.type === 'swap' ? [input.expected, input.value] : []),
            ]),
    );
    const about = history.filter(
        ({ input, returned }) =>
            values.has(returned?.output.value ?? '') ||
            (input.type === 'swap' && (values.has(input.expected) || values.has(input.value))),
    );
    return [...stuck.slice(0, stuckShownMax), 'of the same values:', ...about]
        .map((line) => JSON.stringify(line))
        .join('\n');
}

/** The longest time in [fromMs, toMs] between two successful writes, in ms. */
export function longestWriteGapMs(
    history: readonly RegisterOperation[],
    { fromMs, toMs }: { fromMs: number; toMs: number },
): number {
    const times = history
        .flatMap(({ returned }) => (returned?.output.swapped === true ? [returned.at] : []))
        .filter((at) => at >= fromMs && at <= toMs)
        .sort((a, b) => a - b);
    let longest = 0;
    let last = fromMs;
    for (const at of [...times, toMs]) {
        longest = Math.max(longest, at - last);
        last = at;
    }
    return longest;
}

/** Now on the clock of the histories. */
export const monotonicMs = (): number => Number(process.hrtime.bigint() / 1000n) / 1000;
