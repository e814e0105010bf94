/**
 * The log: brings commands into one order, makes them durable, hands them to a state machine.
 *
 * With several members (Raft) an entry is persisted in every member's log first and applied to its
 * state machine later: two writes, because the log may run ahead of what is committed. A single member
 * commits what it persists, so a separate log would write every byte twice, and SD cards wear out by
 * bytes written. Therefore the state machine does not write by itself: it *prepares* a group of commands,
 * which yields disk writes and a `commit` that publishes them. Who drives it decides when:
 *
 *     single member:  prepare ── write(group, sync) ── commit          the state write is the log write
 *     Raft:           append(log, sync) ── replicate ── prepare ── write(group + applied index) ── commit
 *
 * In both cases one LevelDB batch holds a whole group: after a crash either all of it is there or nothing.
 */
export interface Log<Command, Outcome> {
    /**
     * Resolves with the state machine's outcome once the command is durable and applied, in the order of
     * the calls. Rejects with StoreError: 'closed'; 'timeout' when too much is waiting already (the caller
     * may retry later); 'noSpace' and other disk errors, after which nothing of the command is visible in
     * this process, though after a crash it may turn out to have been written.
     */
    propose(command: Command, options: ProposeOptions): Promise<Outcome>;

    /** Resolves when local state has everything that was acknowledged before the call. */
    readBarrier(): Promise<void>;

    /**
     * Runs `work` between two groups, with nothing else writing: maintenance of the state machine that
     * changes no state (removing what nobody can read any more). Everything applied is durable then.
     */
    runExclusive<T>(work: () => Promise<T>): Promise<T>;

    /** Writes what is held back and lets what waits finish; later calls reject with 'closed'. */
    close(): Promise<void>;
}

export interface ProposeOptions {
    durability: Durability;
    /** Size for the queue's bound. */
    bytes: number;
}

/**
 * 'relaxed' and 'renewal' commands are applied at once and written together with the next durable group,
 * at most `relaxedDelayMaxMs` and `renewalDelayMaxMs` later; a crash before that forgets them.
 */
export type Durability = 'fsync' | 'relaxed' | 'renewal';

export interface StateMachine<Command, Outcome> {
    /**
     * Evaluates `commands` one after the other, each seeing the effects of those before it. Nothing of it
     * is visible to readers before `commit`. At most one group is prepared at a time. Where `wanted` is false
     * nobody waits for the outcome: what it would say need not be read.
     */
    prepare(commands: readonly Command[], wanted?: readonly boolean[]): PreparedGroup<Outcome>;
}

export interface PreparedGroup<Outcome> {
    /** To be written atomically; empty when the group changes nothing. */
    readonly writes: readonly DiskWrite[];

    /** The state machine's revision with this group: what the applied record says of it. */
    readonly revision: number;

    /** Reads what the outcomes need from disk; may run while `writes` are on their way. */
    load(): Promise<void>;

    /**
     * Publishes: readers see the group, watchers are called, all synchronously and in order. Returns one
     * outcome per command. `durable` says whether the writes have reached the disk; if not, the state
     * machine keeps them readable until `written` is called.
     */
    commit(durable: boolean): readonly Settled<Outcome>[];

    /** The writes of a group committed with `durable: false` have reached the disk. */
    written(): void;

    /** Forgets the group, as though it was never prepared. */
    rollback(): void;
}

/** The outcome of one command; a command that fails by itself does not affect the others of its group. */
export type Settled<Outcome> = { type: 'resolved'; outcome: Outcome } | { type: 'rejected'; error: unknown };

/** One element of an atomic batch. */
export type DiskWrite = { type: 'put'; key: Buffer; value: Buffer } | { type: 'del'; key: Buffer };

/** Longest time that a relaxed command waits for company before it is written by itself. */
export const relaxedDelayMaxMs = 5_000;
/**
 * The same for a renewal. Losing some costs nothing: who watches a lease counts from when it saw the lease
 * change, not from the time in it. An idle cluster writes little else, and each write wears a whole page.
 */
export const renewalDelayMaxMs = 300_000;
/** Relaxed commands that may be in memory only; the next one is written at once, with all of them. */
export const relaxedPendingMax = 256;
export const relaxedPendingBytesMax = 1024 * 1024;
/** Commands and bytes of one group: bounds the latency of those that wait and the size of a batch. */
export const groupCommandsMax = 1_024;
export const groupBytesMax = 4 * 1024 * 1024;
/** What may wait for its group; callers beyond it are refused with 'timeout'. */
export const pendingCommandsMax = 20_000;
export const pendingBytesMax = 64 * 1024 * 1024;
