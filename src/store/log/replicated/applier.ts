import { unreachable } from '../../../util/assert.ts';
import type { Logger } from '../../../util/logger.ts';
import type { Clock } from '../../../util/clock.ts';
import type { Entry, MemberId } from '../../raft/types.ts';
import { StoreError } from '../../store.ts';
import {
    groupBytesMax,
    groupCommandsMax,
    type DiskWrite,
    type PreparedGroup,
    type StateMachine,
} from '../log.ts';
import { appliedWrite, type AppliedRecord } from '../raft-records.ts';
import { retryAfterFailureMs } from '../single-member-log.ts';
import type { LogWriter } from './log-writer.ts';
import type { Proposals } from './proposals.ts';

/** How commands travel; see log/command-codec.ts. */
export interface CommandCodec<Command> {
    encode(envelope: { origin: MemberId; sequence: number; command: Command }): Buffer;
    decode(bytes: Buffer): { origin: MemberId; sequence: number; command: Command };
    /** Whose it is, without a look at the rest. */
    decodeAddress(bytes: Buffer): { origin: MemberId; sequence: number };
}

/** What a membership entry does to the list of members. */
export interface AppliedMembership {
    writes: readonly DiskWrite[];
    /** Makes it known in this process. */
    publish(): void;
}

interface AwaitedCommand<Command> {
    command: Command;
    /** Undefined when no caller of this member waits for the outcome: it is another's, or from an earlier life. */
    sequence: number | undefined;
}

export interface ApplierOptions<Command, Outcome> {
    self: MemberId;
    machine: StateMachine<Command, Outcome>;
    codec: CommandCodec<Command>;
    writer: LogWriter;
    proposals: Proposals<Command, Outcome>;
    clock: Clock;
    logger: Logger;
    applied: AppliedRecord;
    applyMembership: (entry: Entry) => AppliedMembership;
    onApplied: (applied: AppliedRecord, entries: readonly Entry[]) => void;
    /** This member cannot go on: what the others apply, it cannot. */
    onFatal: (error: Error) => void;
}

/**
 * Applies what is committed, in order, group by group. The effects are visible, and callers have their outcomes,
 * before the state is on disk: the entries that lead to it are, so a restart applies them again.
 */
export class Applier<Command, Outcome> {
    readonly #options: ApplierOptions<Command, Outcome>;
    #entries: Entry[] = [];
    #applied: AppliedRecord;
    #loop: Promise<void> | undefined;
    #exclusive = 0;
    #state: 'open' | 'failed' | 'closed' = 'open';

    constructor(options: ApplierOptions<Command, Outcome>) {
        this.#options = options;
        this.#applied = options.applied;
    }

    get applied(): AppliedRecord {
        return this.#applied;
    }

    push(entries: readonly Entry[]): void {
        for (const entry of entries) this.#entries.push(entry);
        this.#wake();
    }

    /** Runs `work` between two groups, while nothing is prepared. */
    async runExclusive<T>(work: () => Promise<T>): Promise<T> {
        this.#exclusive += 1;
        try {
            await this.#loop;
            return await work();
        } finally {
            this.#exclusive -= 1;
            this.#wake();
        }
    }

    /** A snapshot took the place of everything up to it. To be called exclusively. */
    reset(applied: AppliedRecord): void {
        this.#applied = applied;
        this.#entries = this.#entries.filter(({ index }) => index > applied.index);
    }

    async close(): Promise<void> {
        if (this.#state === 'open') this.#state = 'closed';
        this.#entries = [];
        await this.#loop;
    }

    #wake(): void {
        if (this.#exclusive > 0 || this.#entries.length === 0 || this.#state !== 'open') return;
        this.#loop ??= this.#run();
    }

    async #run(): Promise<void> {
        try {
            while (this.#entries.length > 0 && this.#exclusive === 0 && this.#state === 'open') {
                const group = this.#takeGroup();
                try {
                    await this.#applyGroup(group);
                } catch (error) {
                    // Nothing of the group was committed.
                    this.#entries.unshift(...group);
                    if (!(await this.#mayRetry(error))) return;
                }
            }
        } finally {
            this.#loop = undefined;
        }
    }

    #takeGroup(): Entry[] {
        let bytes = 0;
        let count = 0;
        for (const { type, data } of this.#entries) {
            if (type === 'membership' && count > 0) break;
            bytes += data.length;
            if (count === groupCommandsMax || (count > 0 && bytes > groupBytesMax)) break;
            count += 1;
            if (type === 'membership') break;
        }
        return this.#entries.splice(0, count);
    }

    async #applyGroup(group: readonly Entry[]): Promise<void> {
        const commands: AwaitedCommand<Command>[] = [];
        let membership: AppliedMembership | undefined;
        for (const entry of group) {
            switch (entry.type) {
                case 'noop':
                    break;
                case 'membership':
                    membership = this.#options.applyMembership(entry);
                    break;
                case 'command':
                    commands.push(this.#commandOf(entry));
                    break;
                default:
                    unreachable(entry.type);
            }
        }
        const prepared = this.#options.machine.prepare(
            commands.map(({ command }) => command),
            commands.map(({ sequence }) => sequence !== undefined),
        );
        try {
            await prepared.load();
        } catch (error) {
            prepared.rollback();
            throw error;
        }
        this.#commit(group, { prepared, commands, membership });
    }

    #commit(
        group: readonly Entry[],
        {
            prepared,
            commands,
            membership,
        }: {
            prepared: PreparedGroup<Outcome>;
            commands: readonly AwaitedCommand<Command>[];
            membership: AppliedMembership | undefined;
        },
    ): void {
        const { writer, proposals, onApplied } = this.#options;
        const last = group.at(-1);
        if (last === undefined) return;
        const { revision } = prepared;
        const settled = prepared.commit(false);
        this.#applied = { index: last.index, term: last.term, revision };
        writer.enqueue({
            writes: [...prepared.writes, ...(membership?.writes ?? []), appliedWrite(this.#applied)],
            mode: 'lazy',
            done: () => {
                prepared.written();
            },
        });
        for (const [i, { sequence }] of commands.entries()) {
            const outcome = settled[i];
            if (sequence !== undefined && outcome !== undefined) proposals.settle(sequence, outcome);
        }
        membership?.publish();
        proposals.termApplied(last.term);
        onApplied(this.#applied, group);
    }

    /** The caller's own command where it still waits: it has `decoded` objects that are not in the log. */
    #commandOf(entry: Entry): AwaitedCommand<Command> {
        const { self, codec, proposals } = this.#options;
        const { origin, sequence } = codec.decodeAddress(entry.data);
        const own = origin === self ? proposals.commandOf(sequence) : undefined;
        if (own !== undefined) return { sequence, command: own };
        return { sequence: undefined, command: codec.decode(entry.data).command };
    }

    /** The disk may be readable again; what cannot be understood stays so. */
    async #mayRetry(error: unknown): Promise<boolean> {
        const { logger, clock, onFatal } = this.#options;
        const transient =
            error instanceof StoreError && error.reason !== 'corrupt' && error.reason !== 'newerFormat';
        if (!transient || this.#state !== 'open') {
            if (this.#state === 'open') {
                this.#state = 'failed';
                onFatal(error instanceof Error ? error : new Error(String(error)));
            }
            return false;
        }
        logger.error({ err: error }, 'cannot apply committed commands, it will be tried again');
        await new Promise<void>((resolve) => {
            clock.setTimer(retryAfterFailureMs, resolve);
        });
        return true;
    }
}
