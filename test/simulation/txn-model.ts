import type { Model, Operation } from './linearizability.ts';
import type { Cell, EventBatch, ReadOutcome, Txn, TxnOutcome } from './machine.ts';

export type ClientInput = { type: 'txn'; txn: Txn } | { type: 'read'; keys: readonly string[] };
export type ClientOutput = ({ type: 'txn' } & TxnOutcome) | ({ type: 'read' } & ReadOutcome);
export type ClientOperation = Operation<ClientInput, ClientOutput>;

export interface State {
    revision: number;
    cells: ReadonlyMap<string, Cell>;
}

/**
 * The store as its clients know it: registers under one revision counter, guarded transactions over several.
 *
 * The model knows the whole history and uses it to refuse early what could only lead to a dead end: a
 * transaction of unknown outcome cannot have a revision that belongs to another, cannot have written another
 * value at a revision than was read, and is of no interest after the newest revision that anybody saw.
 *
 * With many unknown outcomes that is not enough. `happened` is what took effect, where it is known from the
 * log: then a transaction of unknown outcome has taken effect where the log says so, or not at all. What is
 * accepted so is linearizable all the same; what is refused contradicts the log.
 */
export function txnModel(
    history: readonly ClientOperation[],
    happened?: readonly EventBatch[],
): Model<State, ClientInput, ClientOutput> {
    const evidence = collectEvidence(history, happened);
    return {
        initial: { revision: 1, cells: new Map() },
        step(state, input, output) {
            if (input.type === 'read') {
                return output === undefined || (output.type === 'read' && isRead(state, input.keys, output))
                    ? state
                    : undefined;
            }
            const after = applyTxn(state, input.txn);
            if (output === undefined) {
                // Without effect it is as though it had never happened, which is always possible.
                return after !== state && evidence.allows(after.revision, input.txn) ? after : undefined;
            }
            if (output.type !== 'txn' || output.revision !== after.revision) return undefined;
            return output.succeeded === (after !== state) ? after : undefined;
        },
        key: ({ revision, cells }) =>
            `${revision} ${[...cells]
                .map(([key, { value, modRevision }]) => `${key}=${value}@${modRevision}`)
                .sort()
                .join(' ')}`,
    };
}

function applyTxn(state: State, { compares, puts }: Txn): State {
    const holds = compares.every(
        ({ key, modRevision }) => (state.cells.get(key)?.modRevision ?? 0) === modRevision,
    );
    if (!holds) return state;
    const revision = state.revision + 1;
    const cells = new Map(state.cells);
    for (const { key, value } of puts) {
        if (value === undefined) cells.delete(key);
        else cells.set(key, { value, modRevision: revision });
    }
    return { revision, cells };
}

function isRead(state: State, keys: readonly string[], output: ReadOutcome): boolean {
    if (output.revision !== state.revision) return false;
    return keys.every((key, i) => {
        const [expected, actual] = [state.cells.get(key), output.cells[i]];
        return expected?.value === actual?.value && expected?.modRevision === actual?.modRevision;
    });
}

interface Evidence {
    allows(revision: number, txn: Txn): boolean;
}

function collectEvidence(history: readonly ClientOperation[], happened?: readonly EventBatch[]): Evidence {
    const log =
        happened && new Map(happened.map(({ revision, events }) => [revision, JSON.stringify(events)]));
    const owned = new Set<number>();
    const read = new Map<number, Map<string, string>>();
    let newest = 0;
    for (const { input, returned } of history) {
        if (returned === undefined) continue;
        const { output } = returned;
        newest = Math.max(newest, output.revision);
        if (output.type === 'txn' && output.succeeded) owned.add(output.revision);
        if (output.type !== 'read' || input.type !== 'read') continue;
        for (const [i, cell] of output.cells.entries()) {
            const key = input.keys[i];
            if (cell === undefined || key === undefined) continue;
            const values = read.get(cell.modRevision) ?? new Map<string, string>();
            read.set(cell.modRevision, values.set(key, cell.value));
        }
    }
    return {
        allows(revision, { puts }) {
            if (revision > newest || owned.has(revision)) return false;
            if (log !== undefined) return log.get(revision) === JSON.stringify(puts);
            for (const [key, value] of read.get(revision) ?? []) {
                if (!puts.some((put) => put.key === key && put.value === value)) return false;
            }
            return true;
        },
    };
}
