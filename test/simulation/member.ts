import type {
    ChunkToRead,
    ChunkToStore,
    Entry,
    HardState,
    MemberId,
    Membership,
    MembershipChange,
    ProposeResult,
    Raft,
    RaftConfig,
    RaftMessage,
    RaftStatus,
    Ready,
    SnapshotMeta,
} from '../../src/store/raft/types.ts';
import type { Core } from './core.ts';
import { describeEntries, describeEntry, describeMembership, shortId } from './describe.ts';
import { copyOf, newImage, SimulatedDisk, type Image } from './disk.ts';
import { decodeCommand, encodeCommand, type Command, type ReadOutcome, type TxnOutcome } from './machine.ts';
import type { Random } from './random.ts';
import type { SafetyObserver } from './safety.ts';

export type WorkKind = 'sync' | 'apply' | 'snapshot' | 'retry';

export interface DiskCondition {
    /** Writes and syncs are refused. */
    isFull: (id: MemberId) => boolean;
    /** A driver that is broken on purpose: it takes a sync that failed for one that was done. */
    ignoresFailures: boolean;
}

/** The world around a member: who carries its messages, and how long things take. */
export interface MemberEnvironment {
    core: Core;
    random: Random;
    safety: SafetyObserver;
    raftConfig: Omit<RaftConfig, 'id' | 'random'>;
    log: { keepEntries: number; snapshotChunkBytes: number };
    send: (message: RaftMessage) => void;
    /** The callback comes after as long as this kind of work takes; 'retry' is the wait after a refused write. */
    later: (kind: WorkKind, callback: () => void) => void;
    disk?: DiskCondition | undefined;
    /** Its state has moved on. */
    onProgress?: ((member: SimulatedMember) => void) | undefined;
    /** What happens, for those who want to read along; the text is made only when somebody does. */
    trace?: ((text: () => string) => void) | undefined;
    onCrash?: ((member: SimulatedMember) => void) | undefined;
}

/** Why a request has no answer: 'refused' did not happen, 'unknown' may have happened or happen yet. */
export type Answer<T> = { type: 'done'; outcome: T } | { type: 'refused' } | { type: 'unknown' };

interface PendingRead {
    keys: readonly string[];
    answer: (answer: Answer<ReadOutcome>) => void;
    index: number | undefined;
}

/** Everything that a crash takes away. */
interface Running {
    raft: Raft;
    /** Of the process, to tell late callbacks of an earlier one. */
    incarnation: number;
    toPersist: ({ type: 'ready'; ready: Ready } | { type: 'install'; request: ChunkToStore })[];
    isSyncing: boolean;
    toApply: Entry[];
    isApplying: boolean;
    staging: { snapshot: SnapshotMeta; chunks: Buffer[] } | undefined;
    opened: Map<MemberId, { snapshot: SnapshotMeta; state: Buffer }>;
    sequence: number;
    writes: Map<number, (answer: Answer<TxnOutcome>) => void>;
    reads: Map<number, PendingRead>;
}

/** Unwinds what the member was doing when it crashed in the middle of it. */
class CrashSignal extends Error {}

/**
 * Drives one core over a simulated disk, as store/member.ts drives it over LevelDB:
 *
 *     ready ─► send messages ─► write, sync ─► persisted ─► send messagesAfterPersist
 *         └──► apply committed entries (write, no sync) ─► appliedTo ─► answer clients
 *
 * Each arrow is a step, at which the member can crash. Disk and machine stay, everything else goes.
 */
export class SimulatedMember {
    readonly id: MemberId;
    readonly #environment: MemberEnvironment;
    readonly #initial: Membership;
    #disk: SimulatedDisk;
    #running: Running | undefined;
    #incarnation = 0;
    /** Steps until it crashes; undefined for not at all. */
    #crashAfterSteps: number | undefined;
    #losesTail = false;

    constructor(id: MemberId, initial: Membership, environment: MemberEnvironment) {
        this.id = id;
        this.#environment = environment;
        this.#initial = initial;
        this.#disk = new SimulatedDisk(newImage(initial));
    }

    get isRunning(): boolean {
        return this.#running !== undefined;
    }
    get incarnation(): number {
        return this.#incarnation;
    }
    get durable(): Readonly<Image> {
        return this.#disk.durable;
    }
    get view(): Readonly<Image> {
        return this.#disk.view;
    }
    get status(): RaftStatus | undefined {
        return this.#running?.raft.status();
    }

    start(): void {
        this.#incarnation += 1;
        this.#trace(() => `starts with ${this.#diskText()}`);
        this.#crashAfterSteps = undefined;
        const { core, raftConfig, random } = this.#environment;
        const config = { ...raftConfig, id: this.id, random: () => random.next() };
        this.#running = {
            raft: core.createRaft(config, this.#disk.persistedState()),
            incarnation: this.#incarnation,
            toPersist: [],
            isSyncing: false,
            toApply: [],
            isApplying: false,
            staging: undefined,
            opened: new Map(),
            sequence: 0,
            writes: new Map(),
            reads: new Map(),
        };
        this.#input(() => undefined);
    }

    /** The process ends now. `losesTail`: nothing that was not synced is there afterwards. */
    crash(losesTail: boolean): void {
        const running = this.#running;
        if (running === undefined) return;
        this.#running = undefined;
        this.#disk.crash(this.#environment.random, losesTail);
        this.#trace(() => `crashes, keeps ${this.#diskText()}`);
        for (const answer of running.writes.values()) answer({ type: 'unknown' });
        for (const { answer } of running.reads.values()) answer({ type: 'unknown' });
        this.#environment.onCrash?.(this);
    }

    crashWithin(steps: number, losesTail: boolean): void {
        this.#crashAfterSteps = steps;
        this.#losesTail = losesTail;
    }

    /** What is on the disk before the first start, for scenarios that begin in the middle. */
    presetLog(hardState: HardState, entries: readonly Entry[]): void {
        this.#disk.write({ type: 'raft', hardState, entries });
        this.#disk.synced(this.#disk.position);
    }

    /** Forgets the log up to what is applied, whatever the options say. */
    compactNow(): void {
        this.#input((running) => this.#compactTo(running, this.view.applied.index));
    }

    cancelCrash(): void {
        this.#crashAfterSteps = undefined;
    }

    /** A disk that knows of nothing, as a member's that joins. */
    emptyDisk(): Image {
        return newImage({ voters: [], learners: [] });
    }

    /** The disk of its first start: what it has when its directory was deleted and it is started as it was then. */
    firstDisk(): Image {
        return newImage(this.#initial);
    }

    copyDisk(): Image {
        return copyOf(this.durable);
    }

    /** While it is not running: another disk is in its place now. */
    replaceDisk(image: Image): void {
        this.#disk = new SimulatedDisk(image);
        this.#trace(() => `has another disk: ${this.#diskText()}`);
    }

    /** The connection to a member broke. */
    unreachable(id: MemberId): void {
        this.#input(({ raft }) => raft.reportUnreachable(id));
    }

    setTimeouts(timeouts: { electionTicks: number; heartbeatTicks: number }): void {
        this.#input(({ raft }) => raft.setTimeouts(timeouts));
    }

    tick(): void {
        this.#input(({ raft }) => raft.tick());
    }

    receive(message: RaftMessage): void {
        this.#input(({ raft }) => raft.step(message));
    }

    campaign(): void {
        this.#input(({ raft }) => raft.campaign());
    }

    transferLeadership(to: MemberId): ReturnType<Raft['transferLeadership']> | undefined {
        return this.#input(({ raft }) => raft.transferLeadership(to));
    }

    proposeMembership(change: MembershipChange): ProposeResult | undefined {
        return this.#input(({ raft }) => raft.proposeMembership(change));
    }

    write(
        request: Command['request'],
        answer: (answer: Answer<TxnOutcome>) => void,
    ): ProposeResult | undefined {
        const result = this.#input((running) => {
            const sequence = ++running.sequence;
            const data = encodeCommand({ origin: this.#origin(running), sequence, request });
            const proposed = running.raft.propose([{ type: 'command', data }]);
            if (proposed.type === 'refused') answer({ type: 'refused' });
            else running.writes.set(sequence, answer);
            return proposed;
        });
        if (result === undefined) answer({ type: 'refused' });
        return result;
    }

    read(keys: readonly string[], answer: (answer: Answer<ReadOutcome>) => void): void {
        if (this.#running === undefined) {
            answer({ type: 'refused' });
            return;
        }
        this.#input(({ raft, reads }) => {
            const context = this.#incarnation * 1_000_000 + this.#nextRead++;
            reads.set(context, { keys, answer, index: undefined });
            raft.readIndex(context);
        });
    }
    #nextRead = 0;

    #trace(text: () => string): void {
        this.#environment.trace?.(() => `${shortId(this.id)} ${text()}`);
    }

    /** Runs one input to its end: the core's answer to it, and what follows at once. */
    #input<T>(input: (running: Running) => T): T | undefined {
        const running = this.#running;
        if (running === undefined) return undefined;
        try {
            const result = input(running);
            this.#pump(running);
            return result;
        } catch (error) {
            if (!(error instanceof CrashSignal)) throw error;
            return undefined;
        }
    }

    /** A place where a crash may come. */
    #step(): void {
        if (this.#crashAfterSteps === undefined) return;
        this.#crashAfterSteps -= 1;
        if (this.#crashAfterSteps > 0) return;
        this.#crashAfterSteps = undefined;
        this.crash(this.#losesTail);
        throw new CrashSignal();
    }

    #later(running: Running, kind: WorkKind, callback: () => void): void {
        this.#environment.later(kind, () => {
            if (this.#running === running) this.#input(callback);
        });
    }

    #pump(running: Running): void {
        const { raft, toPersist, toApply } = running;
        while (raft.hasReady()) {
            const ready = raft.ready();
            this.#environment.safety.onStatus(this, raft.status());
            this.#send([...ready.messages, ...ready.commitNotices]);
            toPersist.push({ type: 'ready', ready });
            toApply.push(...ready.committed);
            for (const read of ready.reads) this.#onReadIndex(running, read);
            for (const request of ready.chunksToRead) this.#readChunk(running, request);
            for (const request of ready.chunksToStore) this.#storeChunk(running, request);
            this.#persist(running);
            this.#applyLater(running);
        }
        this.#environment.safety.onStatus(this, raft.status());
        this.#answerReads(running);
    }

    #diskText(): string {
        const { hardState, snapshot, entries, applied } = this.#disk.view;
        const vote = hardState.votedFor === '' ? '' : ` vote ${shortId(hardState.votedFor)}`;
        const log = describeEntries(entries, this.#environment.core);
        const base = `${snapshot.index}/${snapshot.term} ${describeMembership(snapshot.membership)}`;
        return `term ${hardState.term}${vote} applied ${applied.index} log from ${base} ${log}`;
    }

    #writeText({ hardState, entries, mustSync }: Ready): string {
        const vote =
            hardState === undefined || hardState.votedFor === ''
                ? ''
                : ` vote ${shortId(hardState.votedFor)}`;
        const state =
            hardState === undefined ? '' : `term ${hardState.term}${vote} commit ${hardState.commit} `;
        return `${state}${describeEntries(entries, this.#environment.core)}${mustSync ? '' : ' without sync'}`;
    }

    #send(messages: readonly RaftMessage[]): void {
        for (const message of messages) {
            this.#step();
            this.#environment.safety.onSend(this, message);
            this.#environment.send(message);
        }
    }

    /** Everything that waits goes to the disk with one sync. What a full disk refuses waits, and is tried again. */
    #persist(running: Running): void {
        const { toPersist } = running;
        if (running.isSyncing || toPersist.length === 0) return;
        const { disk } = this.#environment;
        if (disk?.ignoresFailures !== true && this.#refuses(running)) {
            running.isSyncing = true;
            this.#later(running, 'retry', () => {
                running.isSyncing = false;
                this.#persist(running);
            });
            return;
        }
        const batch = toPersist.splice(0);
        let mustSync = false;
        for (const item of batch) {
            this.#step();
            if (item.type === 'install') {
                this.#install(running, item.request);
                mustSync = true;
                continue;
            }
            const { hardState, entries } = item.ready;
            mustSync ||= item.ready.mustSync;
            if (hardState === undefined && entries.length === 0) continue;
            this.#environment.safety.onAppend(this, entries);
            this.#disk.write({ type: 'raft', hardState, entries });
            this.#trace(() => `writes ${this.#writeText(item.ready)}`);
        }
        if (!mustSync) {
            this.#persisted(running, batch);
            return;
        }
        running.isSyncing = true;
        this.#sync(running, () => {
            running.isSyncing = false;
            this.#persisted(running, batch);
            this.#persist(running);
        });
    }

    /** Until it succeeds: the core cannot take back what it has handed out. */
    #sync(running: Running, done: () => void): void {
        const { position } = this.#disk;
        this.#later(running, 'sync', () => {
            if (!this.#refuses(running)) this.#disk.synced(position);
            else if (this.#environment.disk?.ignoresFailures !== true) {
                this.#later(running, 'retry', () => this.#sync(running, done));
                return;
            }
            done();
        });
    }

    /** A leader whose disk refuses writes hands over to the most complete of the others that it hears of. */
    #refuses({ raft }: Running): boolean {
        if (this.#environment.disk?.isFull(this.id) !== true) return false;
        this.#trace(() => 'cannot write');
        const { progress, role, transferringTo, membership } = raft.status();
        if (role !== 'leader' || transferringTo !== '') return true;
        const [heir] = progress
            .filter(({ id, active }) => active && membership.voters.includes(id))
            .sort((a, b) => b.match - a.match);
        if (heir !== undefined) raft.transferLeadership(heir.id);
        return true;
    }

    #persisted({ raft }: Running, batch: Running['toPersist']): void {
        for (const item of batch) {
            this.#step();
            if (item.type === 'ready') {
                raft.persisted(item.ready);
                this.#send(item.ready.messagesAfterPersist);
            } else {
                raft.snapshotChunkStored(item.request, 'installed');
            }
        }
    }

    #applyLater(running: Running): void {
        if (running.isApplying || running.toApply.length === 0) return;
        running.isApplying = true;
        this.#later(running, this.#refuses(running) ? 'retry' : 'apply', () => {
            running.isApplying = false;
            if (this.#refuses(running)) {
                this.#applyLater(running);
                return;
            }
            const group = running.toApply.splice(0, this.#environment.random.between(1, 20));
            for (const entry of group) this.#apply(running, entry);
            this.#environment.onProgress?.(this);
            this.#answerReads(running);
            this.#compactLog(running);
            this.#applyLater(running);
        });
    }

    #apply(running: Running, entry: Entry): void {
        this.#step();
        // A snapshot that was installed meanwhile contains it.
        if (entry.index <= this.view.applied.index) return;
        this.#environment.safety.onApply(this, entry);
        this.#trace(() => `applies ${describeEntry(entry, this.#environment.core)}`);
        const membership = this.#membershipAfter(this.view.machine.membership, entry);
        const outcome = this.#disk.write({ type: 'apply', entry, membership });
        this.#step();
        running.raft.appliedTo(entry.index);
        if (entry.type !== 'command' || outcome === undefined) return;
        const { origin, sequence } = decodeCommand(entry.data);
        if (origin !== this.#origin(running)) return;
        running.writes.get(sequence)?.({ type: 'done', outcome });
        running.writes.delete(sequence);
    }

    #origin({ incarnation }: Running): string {
        return `${this.id}.${incarnation}`;
    }

    #membershipAfter(membership: Membership, entry: Entry): Membership | undefined {
        if (entry.type !== 'membership') return undefined;
        const { core } = this.#environment;
        const change = core.decodeMembershipChange(entry.data);
        return change === undefined ? undefined : core.applyMembershipChange(membership, change);
    }

    #compactLog(running: Running): void {
        const { keepEntries } = this.#environment.log;
        const { snapshot, applied } = this.view;
        const index = applied.index - keepEntries;
        if (index - snapshot.index > keepEntries) this.#compactTo(running, index);
    }

    #compactTo({ raft }: Running, index: number): void {
        const { snapshot, entries } = this.view;
        if (index <= snapshot.index) return;
        this.#step();
        let { membership } = snapshot;
        let { term } = snapshot;
        for (const entry of entries.slice(0, index - snapshot.index)) {
            membership = this.#membershipAfter(membership, entry) ?? membership;
            term = entry.term;
        }
        this.#trace(() => `compacts its log to ${index}`);
        this.#disk.write({ type: 'compactLog', snapshot: { index, term, membership } });
        raft.compactLog(index, membership);
    }

    #onReadIndex({ reads }: Running, read: Ready['reads'][number]): void {
        const pending = reads.get(read.context);
        if (pending === undefined) return;
        if ('index' in read) {
            pending.index = read.index;
            return;
        }
        reads.delete(read.context);
        pending.answer({ type: 'refused' });
    }

    #answerReads({ reads }: Running): void {
        const { applied, machine } = this.view;
        for (const [context, { index, keys, answer }] of reads) {
            if (index === undefined || index > applied.index) continue;
            reads.delete(context);
            answer({ type: 'done', outcome: machine.read(keys) });
        }
    }

    #readChunk(running: Running, request: ChunkToRead): void {
        this.#later(running, 'snapshot', () => {
            const { to, chunk } = request;
            const { applied, machine } = this.view;
            if (chunk === 0) {
                const snapshot = { ...applied, membership: machine.membership };
                running.opened.set(to, { snapshot, state: machine.serialize() });
            }
            const opened = running.opened.get(to);
            const wanted = request.snapshot?.index ?? opened?.snapshot.index;
            if (opened === undefined || opened.snapshot.index !== wanted) {
                running.raft.snapshotChunkRead(request, 'failed');
                return;
            }
            const { snapshotChunkBytes } = this.#environment.log;
            const end = (chunk + 1) * snapshotChunkBytes;
            const data = opened.state.subarray(chunk * snapshotChunkBytes, end);
            const last = end >= opened.state.length;
            running.raft.snapshotChunkRead(request, { snapshot: opened.snapshot, data, last });
        });
    }

    #storeChunk(running: Running, request: ChunkToStore): void {
        const { snapshot, chunk, data, last } = request;
        if (chunk === 0) running.staging = { snapshot, chunks: [] };
        const { staging } = running;
        if (staging?.snapshot.index !== snapshot.index || staging.chunks.length !== chunk) {
            this.#later(running, 'snapshot', () => running.raft.snapshotChunkStored(request, 'failed'));
            return;
        }
        staging.chunks.push(data);
        if (last) running.toPersist.push({ type: 'install', request });
        else this.#later(running, 'snapshot', () => running.raft.snapshotChunkStored(request, 'stored'));
    }

    #install(running: Running, { snapshot }: ChunkToStore): void {
        this.#environment.safety.onInstall(this, snapshot);
        this.#trace(
            () =>
                `installs snapshot ${snapshot.index}/${snapshot.term} ${describeMembership(snapshot.membership)}`,
        );
        const state = Buffer.concat(running.staging?.chunks ?? []);
        running.staging = undefined;
        this.#disk.write({ type: 'install', snapshot, state });
        running.toApply = running.toApply.filter(({ index }) => index > snapshot.index);
        this.#environment.onProgress?.(this);
    }
}
