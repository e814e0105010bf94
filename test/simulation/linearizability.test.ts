import { describe, expect, it } from '@jest/globals';
import { checkLinearizable, type Model, type Operation } from './linearizability.ts';
import type { Cell } from './machine.ts';
import { Random } from './random.ts';
import { txnModel, type ClientOperation } from './txn-model.ts';

type RegisterInput =
    { type: 'read' } | { type: 'write'; value: number } | { type: 'swap'; from: number; to: number };
type RegisterOutput = number | boolean | undefined;

const register: Model<number, RegisterInput, RegisterOutput> = {
    initial: 0,
    step(state, input, output) {
        switch (input.type) {
            case 'read':
                return output === undefined || output === state ? state : undefined;
            case 'write':
                return input.value;
            case 'swap':
                if (output !== undefined && output !== (state === input.from)) return undefined;
                return state === input.from ? input.to : state;
        }
    },
    key: String,
};

type RegisterOperation = Operation<RegisterInput, RegisterOutput>;
const read = (calledAt: number, at: number, value: number): RegisterOperation => ({
    input: { type: 'read' },
    calledAt,
    returned: { at, output: value },
});
const write = (calledAt: number, at: number, value: number): RegisterOperation => ({
    input: { type: 'write', value },
    calledAt,
    returned: { at, output: true },
});
const lostWrite = (calledAt: number, value: number): RegisterOperation => ({
    input: { type: 'write', value },
    calledAt,
});
const swap = (
    times: readonly [number, number],
    values: readonly [number, number],
    output: boolean,
): RegisterOperation => ({
    input: { type: 'swap', from: values[0], to: values[1] },
    calledAt: times[0],
    returned: { at: times[1], output },
});

describe('histories of one register', () => {
    const right: Record<string, RegisterOperation[]> = {
        'nothing at all': [],
        'a read after a write': [write(1, 2, 7), read(3, 4, 7)],
        'a read during a write sees the new value': [write(1, 10, 7), read(2, 3, 7)],
        'a read during a write sees the old value': [write(1, 10, 7), read(2, 3, 0)],
        'reads on both sides of the moment of a write': [write(1, 10, 7), read(2, 3, 0), read(4, 5, 7)],
        'two concurrent writes in either order': [write(1, 10, 7), write(2, 9, 8), read(11, 12, 7)],
        'the classic of Herlihy and Wing': [write(1, 4, 1), write(2, 8, 2), read(5, 9, 1), read(10, 11, 2)],
        'a lost write that happened': [lostWrite(1, 7), read(5, 6, 7)],
        'a lost write that never happened': [lostWrite(1, 7), read(5, 6, 0)],
        'a lost write that happened late': [lostWrite(1, 7), read(5, 6, 0), read(7, 8, 7)],
        'one of two swaps wins': [swap([1, 4], [0, 1], true), swap([2, 5], [0, 2], false), read(6, 7, 1)],
    };
    for (const [name, history] of Object.entries(right)) {
        it(`accepts ${name}`, () => expect(checkLinearizable(register, history).type).toBe('linearizable'));
    }

    const wrong: Record<string, RegisterOperation[]> = {
        'a stale read': [write(1, 2, 7), read(3, 4, 0)],
        'a value that nobody wrote': [write(1, 2, 7), read(3, 4, 8)],
        'a read before the write was called': [read(1, 2, 7), write(3, 4, 7)],
        'reads that go back in time': [write(1, 10, 7), read(2, 3, 7), read(4, 5, 0)],
        'readers that disagree on the order of writes': [
            write(1, 10, 7),
            write(1, 10, 8),
            read(2, 3, 7),
            read(4, 5, 8),
            read(6, 7, 7),
        ],
        'a lost update': [write(1, 2, 7), write(3, 4, 8), read(5, 6, 7)],
        'a lost write that happened before it was called': [read(1, 2, 7), lostWrite(3, 7)],
        'a lost write that happened twice': [
            lostWrite(1, 7),
            read(2, 3, 7),
            write(4, 5, 8),
            read(6, 7, 8),
            read(8, 9, 7),
        ],
        'both of two swaps win': [swap([1, 4], [0, 1], true), swap([2, 5], [0, 2], true), read(6, 7, 1)],
        'a swap that should have won': [swap([1, 2], [0, 1], false)],
    };
    for (const [name, history] of Object.entries(wrong)) {
        it(`refuses ${name}`, () => expect(checkLinearizable(register, history).type).toBe('violation'));
    }

    it('names the operations that explain the longest part and those that do not follow', () => {
        const verdict = checkLinearizable(register, [write(1, 2, 7), read(3, 4, 0)]);
        expect(verdict).toMatchObject({
            type: 'violation',
            longest: [{ input: { type: 'write' } }],
            stuck: [{ input: { type: 'read' } }],
        });
    });

    it('gives up beyond its bound instead of running on', () => {
        const history = Array.from({ length: 16 }, (_, i) => write(1, 100, i));
        expect(checkLinearizable(register, [...history, read(101, 102, 99)], 1_000).type).toBe('undecided');
    });
});

const txn = (
    times: readonly [number, number] | number,
    change: { if?: Record<string, number>; put: Record<string, string> },
    result?: { succeeded: boolean; revision: number },
): ClientOperation => ({
    input: {
        type: 'txn',
        txn: {
            compares: Object.entries(change.if ?? {}).map(([key, modRevision]) => ({ key, modRevision })),
            puts: Object.entries(change.put).map(([key, value]) => ({ key, value })),
        },
    },
    calledAt: typeof times === 'number' ? times : times[0],
    ...(typeof times === 'number' || result === undefined
        ? {}
        : { returned: { at: times[1], output: { type: 'txn' as const, ...result } } }),
});
const readKeys = (
    times: readonly [number, number],
    cells: Record<string, Cell | undefined>,
    revision: number,
): ClientOperation => ({
    input: { type: 'read', keys: Object.keys(cells) },
    calledAt: times[0],
    returned: { at: times[1], output: { type: 'read', revision, cells: Object.values(cells) } },
});
const done = (revision: number): { succeeded: boolean; revision: number } => ({ succeeded: true, revision });
const cell = (value: string, modRevision: number): Cell => ({ value, modRevision });

describe('histories of transactions over several keys', () => {
    const check = (history: ClientOperation[]): string => checkLinearizable(txnModel(history), history).type;

    it('accepts transactions that are seen whole', () => {
        const history = [
            txn([1, 2], { put: { a: '1', b: '1' } }, done(2)),
            txn([3, 4], { if: { a: 2 }, put: { a: '2', b: '2' } }, done(3)),
            readKeys([5, 6], { a: cell('2', 3), b: cell('2', 3) }, 3),
        ];
        expect(check(history)).toBe('linearizable');
    });

    it('refuses a transaction that is seen in halves', () => {
        const history = [
            txn([1, 2], { put: { a: '1', b: '1' } }, done(2)),
            txn([3, 9], { put: { a: '2', b: '2' } }, done(3)),
            readKeys([4, 5], { a: cell('2', 3), b: cell('1', 2) }, 3),
        ];
        expect(check(history)).toBe('violation');
    });

    it('refuses keys that are each right while no moment explains them together', () => {
        const history = [
            txn([1, 20], { put: { a: '1' } }, done(2)),
            txn([1, 20], { put: { b: '1' } }, done(3)),
            readKeys([2, 3], { a: undefined, b: cell('1', 3) }, 2),
        ];
        expect(check(history)).toBe('violation');
    });

    it('refuses a guard that failed although it held', () => {
        const history = [
            txn([1, 2], { put: { a: '1' } }, done(2)),
            txn([3, 4], { if: { a: 2 }, put: { a: '2' } }, { succeeded: false, revision: 2 }),
        ];
        expect(check(history)).toBe('violation');
    });

    it('refuses two transactions with the same revision', () => {
        const history = [
            txn([1, 9], { put: { a: '1' } }, done(2)),
            txn([2, 9], { put: { b: '1' } }, done(2)),
        ];
        expect(check(history)).toBe('violation');
    });

    it('accepts a gap in the revisions that a transaction of unknown outcome explains, and no other', () => {
        const later = txn([5, 6], { put: { a: '2' } }, done(3));
        expect(check([txn(1, { put: { b: 'x' } }), later])).toBe('linearizable');
        expect(check([later])).toBe('violation');
        expect(check([later, txn(7, { put: { b: 'x' } })])).toBe('violation');
    });

    it('refuses a transaction of unknown outcome that took effect twice', () => {
        const history = [
            txn(1, { put: { a: 'x' } }),
            readKeys([2, 3], { a: cell('x', 2) }, 2),
            readKeys([4, 5], { a: cell('x', 3) }, 3),
        ];
        expect(check(history)).toBe('violation');
    });

    it('decides random histories of a correct store, and finds a value changed in one of them', () => {
        for (let seed = 1; seed <= 40; seed++) {
            const history = randomHistory(new Random(seed));
            expect(check(history)).toBe('linearizable');
            const broken = breakOneRead(history);
            if (broken !== undefined) expect(check(broken)).toBe('violation');
        }
    });
});

/** Operations of several clients, each taking effect at a random moment between its call and its return. */
function randomHistory(random: Random): ClientOperation[] {
    const keys = ['a', 'b', 'c'];
    const planned = Array.from({ length: 120 }, (_, i) => {
        const calledAt = random.below(2_000);
        const length = random.between(2, 80);
        return { i, calledAt, moment: calledAt + random.next() * length, at: calledAt + length };
    }).sort((a, b) => a.moment - b.moment);
    const cells = new Map<string, Cell>();
    let revision = 1;
    return planned.map(({ i, calledAt, at }): ClientOperation => {
        const key = random.pick(keys);
        const isLost = random.chance(0.15);
        if (random.chance(0.4)) {
            return readKeys([calledAt, at], Object.fromEntries(keys.map((k) => [k, cells.get(k)])), revision);
        }
        const guard = random.chance(0.5)
            ? { [key]: random.chance(0.7) ? (cells.get(key)?.modRevision ?? 0) : 1 }
            : {};
        const holds = Object.values(guard).every(
            (expected) => expected === (cells.get(key)?.modRevision ?? 0),
        );
        const happens = !isLost || random.chance(0.5);
        if (holds && happens) cells.set(key, cell(`v${i}`, ++revision));
        const change = { if: guard, put: { [key]: `v${i}` } };
        return isLost ? txn(calledAt, change) : txn([calledAt, at], change, { succeeded: holds, revision });
    });
}

function breakOneRead(history: readonly ClientOperation[]): ClientOperation[] | undefined {
    const victim = history.findLastIndex(
        ({ returned }) => returned?.output.type === 'read' && returned.output.cells[0] !== undefined,
    );
    const operation = history[victim];
    if (operation?.returned?.output.type !== 'read') return undefined;
    const [first, ...others] = operation.returned.output.cells;
    if (first === undefined) return undefined;
    const output = {
        ...operation.returned.output,
        cells: [cell('never written', first.modRevision), ...others],
    };
    return history.with(victim, { ...operation, returned: { ...operation.returned, output } });
}
