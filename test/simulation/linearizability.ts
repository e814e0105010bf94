/**
 * Is a concurrent history explained by some order of its operations, in which each takes effect at one moment
 * between its call and its return? Wing and Gong's search ("Testing and Verifying Concurrent Objects", 1993)
 * with Lowe's memoisation of what was tried ("Testing for linearizability", 2017).
 *
 *     time ──►    call a    call b    return a    call c    return b    return c
 *
 * The next operation in the order may be any that was called before the first return among those left: a or b
 * here, not c. Choose one that fits the state, remove its call and return, go on; when none fits, take the last
 * choice back. A configuration (which operations are done, in what state) is visited once.
 *
 * An operation whose outcome is unknown returns never: it may take effect at any time after its call, or not at all.
 */
export interface Operation<Input, Output> {
    input: Input;
    calledAt: number;
    /** Absent when the outcome is unknown. */
    returned?: { at: number; output: Output } | undefined;
}

/** The sequential behaviour that the history is held against. States are immutable. */
export interface Model<State, Input, Output> {
    initial: State;
    /** The state afterwards; undefined when `output` is not what the operation gives in `state`. */
    step(state: State, input: Input, output: Output | undefined): State | undefined;
    /** Equal exactly for equal states. */
    key(state: State): string;
}

export type Verdict<Input, Output> =
    | { type: 'linearizable' }
    /** `longest` is an explanation of as many operations as possible, `stuck` what could not follow. */
    | {
          type: 'violation';
          longest: readonly Operation<Input, Output>[];
          stuck: readonly Operation<Input, Output>[];
      }
    | { type: 'undecided' };

interface Node<Input, Output> {
    operation: Operation<Input, Output>;
    id: number;
    kind: 'call' | 'return';
    /** Of a call: its return, when the outcome is known. */
    match: Node<Input, Output> | undefined;
    previous: Node<Input, Output> | undefined;
    next: Node<Input, Output> | undefined;
}

/** Configurations visited before the search is given up as 'undecided'. */
const configurationsMaxDefault = 2_000_000;

export function checkLinearizable<State, Input, Output>(
    model: Model<State, Input, Output>,
    history: readonly Operation<Input, Output>[],
    configurationsMax = configurationsMaxDefault,
): Verdict<Input, Output> {
    return new Search(model, history).run(configurationsMax);
}

class Search<State, Input, Output> {
    readonly #model: Model<State, Input, Output>;
    readonly #head: Node<Input, Output>;
    readonly #done: Uint32Array;
    readonly #visited = new Set<string>();
    #known: number;
    #state: State;
    #trail: { call: Node<Input, Output>; before: State }[] = [];
    #longest: Operation<Input, Output>[] = [];
    #stuck: Operation<Input, Output>[] = [];

    constructor(model: Model<State, Input, Output>, history: readonly Operation<Input, Output>[]) {
        this.#model = model;
        this.#state = model.initial;
        this.#done = new Uint32Array(Math.ceil(history.length / 32));
        this.#known = history.filter(({ returned }) => returned !== undefined).length;
        this.#head = link(history);
    }

    run(configurationsMax: number): Verdict<Input, Output> {
        let node = this.#head.next;
        while (this.#known > 0) {
            if (this.#visited.size > configurationsMax) return { type: 'undecided' };
            if (node?.kind === 'call') {
                node = this.#advance(node) ? this.#head.next : node.next;
                continue;
            }
            // The first return left, or the end: nothing that may be next fits.
            this.#remember();
            const last = this.#trail.pop();
            if (last === undefined) return { type: 'violation', longest: this.#longest, stuck: this.#stuck };
            this.#restore(last.call);
            this.#state = last.before;
            node = last.call.next;
        }
        return { type: 'linearizable' };
    }

    /** Puts the operation next in the order, unless it does not fit or that was tried. */
    #advance(call: Node<Input, Output>): boolean {
        const { input, returned } = call.operation;
        const after = this.#model.step(this.#state, input, returned?.output);
        if (after === undefined) return false;
        this.#flip(call.id);
        const configuration = `${String.fromCharCode(...halves(this.#done))}${this.#model.key(after)}`;
        if (this.#visited.has(configuration)) {
            this.#flip(call.id);
            return false;
        }
        this.#visited.add(configuration);
        this.#trail.push({ call, before: this.#state });
        this.#state = after;
        unlink(call);
        if (call.match !== undefined) {
            unlink(call.match);
            this.#known -= 1;
        }
        return true;
    }

    #restore(call: Node<Input, Output>): void {
        this.#flip(call.id);
        if (call.match !== undefined) {
            relink(call.match);
            this.#known += 1;
        }
        relink(call);
    }

    #flip(id: number): void {
        const word = id >>> 5;
        this.#done[word] = (this.#done[word] ?? 0) ^ (1 << (id & 31));
    }

    #remember(): void {
        if (
            this.#trail.length < this.#longest.length ||
            (this.#stuck.length > 0 && this.#trail.length === this.#longest.length)
        )
            return;
        this.#longest = this.#trail.map(({ call }) => call.operation);
        this.#stuck = [];
        for (let node = this.#head.next; node?.kind === 'call'; node = node.next) {
            this.#stuck.push(node.operation);
        }
    }
}

function* halves(words: Uint32Array): Generator<number> {
    for (const word of words) {
        yield word & 0xffff;
        yield word >>> 16;
    }
}

/** All calls and returns in the order of time, behind a head; a return comes after calls of the same time. */
function link<Input, Output>(history: readonly Operation<Input, Output>[]): Node<Input, Output> {
    const nodes: (Node<Input, Output> & { at: number })[] = [];
    for (const [id, operation] of history.entries()) {
        const common = { operation, id, previous: undefined, next: undefined };
        const call = { ...common, kind: 'call' as const, match: undefined, at: operation.calledAt };
        nodes.push(call);
        if (operation.returned === undefined) continue;
        const back = { ...common, kind: 'return' as const, match: undefined, at: operation.returned.at };
        nodes.push(back);
        (call as Node<Input, Output>).match = back;
    }
    nodes.sort((a, b) => a.at - b.at || (a.kind === b.kind ? a.id - b.id : a.kind === 'call' ? -1 : 1));
    const [first] = nodes;
    const operation = first?.operation ?? { input: undefined as Input, calledAt: 0 };
    const head: Node<Input, Output> = {
        operation,
        id: -1,
        kind: 'call',
        match: undefined,
        previous: undefined,
        next: undefined,
    };
    let tail = head;
    for (const node of nodes) {
        tail.next = node;
        node.previous = tail;
        tail = node;
    }
    return head;
}

function unlink<Input, Output>(node: Node<Input, Output>): void {
    if (node.previous !== undefined) node.previous.next = node.next;
    if (node.next !== undefined) node.next.previous = node.previous;
}

/** Undoes `unlink`; in the reverse order of the unlinks. */
function relink<Input, Output>(node: Node<Input, Output>): void {
    if (node.previous !== undefined) node.previous.next = node;
    if (node.next !== undefined) node.next.previous = node;
}
