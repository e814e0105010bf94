import type { MemberId } from '../../src/store/raft/types.ts';
import type { EventBatch } from './machine.ts';
import type { SimulatedMember } from './member.ts';
import type { SimulationOptions } from './options.ts';
import type { Random } from './random.ts';
import type { Timeline } from './timeline.ts';
import type { WatchRecord, WatchStream } from './watch-guarantees.ts';

export interface WatcherOptions {
    options: SimulationOptions['watchers'];
    keys: readonly string[];
    timeline: Timeline;
    random: Random;
    members: ReadonlyMap<MemberId, SimulatedMember>;
}

interface Connection {
    member: SimulatedMember;
    incarnation: number;
    /** Next revision that the member has to send. */
    next: number;
    stream: { startRevision: number; keys: ReadonlySet<string>; records: WatchRecord[] };
    /** On their way, in order. */
    inFlight: WatchRecord[];
}

/**
 * Watches some keys on one member after the other, and goes on each time from what it received last. When
 * that is compacted it begins a new session, as one that lists anew.
 */
export class Watcher {
    readonly sessions: WatchStream[][] = [];
    readonly #options: WatcherOptions;
    readonly #keys: ReadonlySet<string>;
    #connection: Connection | undefined;
    #received = 0;

    constructor(options: WatcherOptions) {
        this.#options = options;
        this.#keys = new Set(options.keys);
        this.#startSession();
        this.#moveNowAndThen();
        this.#askForBookmarks();
    }

    /** The member has applied something, or has replaced its state by a snapshot. */
    onProgress(member: SimulatedMember): void {
        if (this.#connection?.member === member) this.#pull(this.#connection);
    }

    onCrash(member: SimulatedMember): void {
        if (this.#connection?.member === member) this.#connection = undefined;
    }

    #startSession(): void {
        this.sessions.push([]);
        this.#received = 0;
    }

    #moveNowAndThen(): void {
        const { timeline, random, options } = this.#options;
        const pause = this.#connection === undefined ? options.moveEveryMs / 10 : options.moveEveryMs;
        timeline.after(random.exponential(pause), () => {
            this.#connect();
            this.#moveNowAndThen();
        });
    }

    #connect(): void {
        const { random, members } = this.#options;
        const running = [...members.values()].filter(({ isRunning }) => isRunning);
        if (running.length === 0) return;
        const member = random.pick(running);
        const isNew = this.sessions.at(-1)?.length === 0;
        const { revision } = member.view.machine;
        const startRevision = isNew ? revision + 1 : this.#received + 1;
        if (isNew) this.#received = revision;
        const stream = { startRevision, keys: this.#keys, records: [] };
        this.#connection = {
            member,
            incarnation: member.incarnation,
            next: startRevision,
            stream,
            inFlight: [],
        };
        this.sessions.at(-1)?.push(stream);
        this.#pull(this.#connection);
    }

    #askForBookmarks(): void {
        const { timeline, random, options } = this.#options;
        timeline.after(random.exponential(options.bookmarkEveryMs), () => {
            const connection = this.#connection;
            const revision = connection?.member.view.machine.revision ?? 0;
            // A member that is behind says nothing: it has not reached the start yet.
            if (connection !== undefined && revision >= connection.next - 1) {
                this.#send(connection, { type: 'bookmark', revision });
            }
            this.#askForBookmarks();
        });
    }

    #pull(connection: Connection): void {
        const { machine } = connection.member.view;
        if (machine.compacted >= connection.next && machine.revision >= connection.next) {
            this.#connection = undefined;
            this.#startSession();
            return;
        }
        for (const batch of batchesFrom(machine.history, connection.next)) {
            connection.next = batch.revision + 1;
            const events = batch.events.filter(({ key }) => this.#keys.has(key));
            if (events.length > 0)
                this.#send(connection, { type: 'batch', revision: batch.revision, events });
        }
    }

    /** A stream keeps its order, whatever its pace. */
    #send(connection: Connection, record: WatchRecord): void {
        const { timeline, random, options } = this.#options;
        connection.inFlight.push(record);
        timeline.after(random.exponential(options.delayMeanMs), () => {
            const first = connection.inFlight.shift();
            if (first === undefined || this.#connection !== connection) return;
            connection.stream.records.push(first);
            this.#received = Math.max(this.#received, first.revision);
        });
    }
}

function batchesFrom(history: readonly EventBatch[], revision: number): readonly EventBatch[] {
    const newest = history.at(-1)?.revision ?? 0;
    return history.slice(Math.max(0, history.length - (newest - revision + 1)));
}
