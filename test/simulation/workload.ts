import type { MemberId } from '../../src/store/raft/types.ts';
import type { Answer, SimulatedMember } from './member.ts';
import type { Txn } from './machine.ts';
import type { SimulationOptions } from './options.ts';
import type { Random } from './random.ts';
import type { Timeline } from './timeline.ts';
import type { ClientInput, ClientOperation, ClientOutput } from './txn-model.ts';

export interface WorkloadOptions {
    options: SimulationOptions['clients'];
    timeline: Timeline;
    random: Random;
    members: ReadonlyMap<MemberId, SimulatedMember>;
}

/**
 * Clients that read, write and compare-and-swap through any member, each one operation at a time, and note
 * what they asked, when, and what they were told. After a timeout a client goes on without knowing.
 */
export class Workload {
    readonly history: ClientOperation[] = [];
    readonly #options: WorkloadOptions;
    #isStopped = false;
    #nextValue = 0;
    /** What clients have read last: the guards of their next transactions. */
    #lastSeen = new Map<string, number>();
    /** Makes times of calls and returns distinct, and their order that of the events. */
    #moment = 0;

    constructor(options: WorkloadOptions) {
        this.#options = options;
    }

    start(): void {
        for (let i = 0; i < this.#options.options.count; i++) this.#think();
    }

    /** No new operations; what is under way may still end. */
    stop(): void {
        this.#isStopped = true;
    }

    /** A write from outside; it is part of the history, since what clients still wait for may come after it. */
    write(member: SimulatedMember, txn: Txn, answer: (type: Answer<unknown>['type']) => void): void {
        const operation: ClientOperation = { input: { type: 'txn', txn }, calledAt: ++this.#moment };
        this.history.push(operation);
        member.write({ type: 'txn', txn }, (result) => {
            const outcome = typed('txn', result);
            if (outcome.type === 'done') this.#note(operation, outcome.outcome);
            if (outcome.type === 'refused') this.#forget(operation);
            answer(outcome.type);
        });
    }

    #think(): void {
        const { timeline, random, options } = this.#options;
        timeline.after(random.exponential(options.thinkMeanMs), () => {
            if (!this.#isStopped) this.#act();
        });
    }

    #act(): void {
        const { random, members, options, timeline } = this.#options;
        const input = this.#nextInput();
        const operation: ClientOperation = { input, calledAt: ++this.#moment };
        this.history.push(operation);
        let isOver = false;
        const end = (answer: Answer<ClientOutput>): void => {
            if (isOver) return;
            isOver = true;
            if (answer.type === 'done') this.#note(operation, answer.outcome);
            // A read of unknown outcome, or what never happened, says nothing.
            else if (answer.type === 'refused' || input.type === 'read') this.#forget(operation);
            this.#think();
        };
        timeline.after(options.timeoutMs, () => end({ type: 'unknown' }));
        const member = random.pick([...members.values()]);
        if (input.type === 'read') {
            member.read(input.keys, (answer) => end(typed('read', answer)));
        } else {
            member.write(input, (answer) => end(typed('txn', answer)));
        }
    }

    #nextInput(): ClientInput {
        const { random, options } = this.#options;
        const keys = Array.from({ length: options.keys }, (_, i) => `k${i}`);
        const chosen = random.shuffled(keys).slice(0, random.between(1, options.keys));
        if (random.chance(options.readShare)) return { type: 'read', keys: chosen };
        const isGuarded = random.chance(options.guardedShare);
        const txn: Txn = {
            compares: isGuarded
                ? chosen.map((key) => ({ key, modRevision: this.#lastSeen.get(key) ?? 0 }))
                : [],
            puts: chosen.map((key) =>
                random.chance(0.1) ? { key } : { key, value: `v${++this.#nextValue}` },
            ),
        };
        return { type: 'txn', txn };
    }

    #note(operation: ClientOperation, output: ClientOutput): void {
        operation.returned = { at: ++this.#moment, output };
        const { input } = operation;
        if (output.type === 'read' && input.type === 'read') {
            for (const [i, key] of input.keys.entries()) {
                this.#lastSeen.set(key, output.cells[i]?.modRevision ?? 0);
            }
        }
    }

    #forget(operation: ClientOperation): void {
        const at = this.history.lastIndexOf(operation);
        this.history.splice(at, 1);
    }
}

function typed<T extends 'read' | 'txn', O>(type: T, answer: Answer<O>): Answer<{ type: T } & O> {
    return answer.type === 'done' ? { type: 'done', outcome: { type, ...answer.outcome } } : answer;
}
