import { seededRandom } from '../../../test/harness/seeded-random.ts';
import { assert } from '../../util/assert.ts';
import { createRaft } from './raft.ts';
import type {
    CommitNotice,
    Entry,
    HardState,
    MemberId,
    Membership,
    PersistedState,
    Raft,
    RaftConfig,
    RaftMessage,
    Ready,
    SnapshotMeta,
} from './types.ts';

export const testConfig: Omit<RaftConfig, 'id' | 'random'> = {
    electionTicks: 10,
    heartbeatTicks: 2,
    appendBytesMax: 1024,
    inflightAppendsMax: 4,
    uncommittedBytesMax: 1024 * 1024,
    pendingReadsMax: 100,
    readMode: 'quorum',
};

/** A log given by the terms of its entries, as the figures of the paper draw it. */
export function logOfTerms(terms: readonly number[], data = ''): Entry[] {
    return terms.map((term, at) => ({ index: at + 1, term, type: 'command', data: Buffer.from(data) }));
}

interface Disk {
    hardState: HardState;
    snapshot: SnapshotMeta;
    entries: Entry[];
    applied: number;
    /** What the state machine has applied, in order; a snapshot is a copy of it. */
    state: Entry[];
}

export interface TestMember {
    raft: Raft;
    disk: Disk;
    reads: Ready['reads'][number][];
    /** Chunks of a snapshot, before the last one has come. */
    staged: Entry[];
}

/** Members on imagined disks and wires: synchronous, in order and reliable unless the test says otherwise. */
export class TestNetwork {
    readonly members = new Map<MemberId, TestMember>();
    readonly random: () => number;
    /** What is on the wire. */
    wire: RaftMessage[] = [];
    /** The commit notices so far that a driver may put off. They go on the wire at once. */
    readonly notices: CommitNotice[] = [];
    /** False loses the message. */
    filter: (message: RaftMessage) => boolean = () => true;
    /** Members whose disk does nothing at the moment. */
    readonly stalledDisks = new Set<MemberId>();
    readonly #stalled = new Map<MemberId, Ready[]>();
    readonly #config: Partial<RaftConfig>;
    snapshotChunkEntries = 2;

    constructor(options: { seed?: number; config?: Partial<RaftConfig> } = {}) {
        this.random = seededRandom(options.seed ?? 1);
        this.#config = options.config ?? {};
    }

    static of(ids: string, options: { seed?: number; config?: Partial<RaftConfig> } = {}): TestNetwork {
        const network = new TestNetwork(options);
        for (const id of ids) network.add(id, { membership: { voters: Array.from(ids), learners: [] } });
        return network;
    }

    add(
        id: MemberId,
        options: { membership?: Membership; terms?: readonly number[]; hardState?: HardState } = {},
    ): Raft {
        const entries = logOfTerms(options.terms ?? []);
        const membership = options.membership ?? { voters: [], learners: [] };
        const disk: Disk = {
            hardState: options.hardState ?? { term: entries.at(-1)?.term ?? 0, votedFor: '', commit: 0 },
            snapshot: { index: 0, term: 0, membership },
            entries,
            applied: 0,
            state: [],
        };
        return this.#start(id, disk);
    }

    /** Everything that was not written is forgotten. */
    restart(id: MemberId): Raft {
        this.#stalled.delete(id);
        this.stalledDisks.delete(id);
        return this.#start(id, this.member(id).disk);
    }

    member(id: MemberId): TestMember {
        const member = this.members.get(id);
        assert(member !== undefined, 'the member exists', { id });
        return member;
    }

    raft(id: MemberId): Raft {
        return this.member(id).raft;
    }

    /** Carries out what everybody wants done, until nobody wants anything. */
    settle(): void {
        for (let round = 0; round < 10_000; round++) {
            let busy = false;
            for (const [id, member] of this.members) {
                if (!member.raft.hasReady()) continue;
                busy = true;
                this.#carryOut(id, member);
            }
            busy = this.deliver() || busy;
            if (!busy) return;
        }
        throw new Error('the network does not come to rest');
    }

    /** Everybody, or those named, hear the clock. */
    tick(ticks = 1, ids?: string): void {
        for (let at = 0; at < ticks; at++) {
            for (const [id, { raft }] of this.members) if (ids?.includes(id) ?? true) raft.tick();
            this.settle();
        }
    }

    deliver(): boolean {
        const messages = this.wire;
        this.wire = [];
        for (const message of messages) {
            if (this.filter(message)) this.members.get(message.to)?.raft.step(message);
        }
        return messages.length > 0;
    }

    elect(id: MemberId): void {
        this.raft(id).campaign();
        this.settle();
        assert(this.raft(id).status().role === 'leader', 'elected', { ...this.raft(id).status() });
    }

    /** Until one of those named leads: who hears nobody else. */
    electAmong(ids: string): MemberId {
        for (let at = 0; at < 1_000; at++) {
            const leader = this.leaders().find((id) => ids.includes(id));
            if (leader !== undefined) return leader;
            this.tick(1, ids);
        }
        throw new Error('nobody was elected');
    }

    propose(id: MemberId, text: string): ReturnType<Raft['propose']> {
        return this.raft(id).propose([{ type: 'command', data: Buffer.from(text) }]);
    }

    leaders(): MemberId[] {
        return [...this.members.keys()].filter((id) => this.raft(id).status().role === 'leader');
    }

    /** The applied commands' texts. */
    applied(id: MemberId): string[] {
        return this.member(id)
            .disk.state.filter(({ type }) => type === 'command')
            .map(({ data }) => data.toString());
    }

    /** Terms of the log on disk. */
    terms(id: MemberId): number[] {
        return this.member(id).disk.entries.map(({ term }) => term);
    }

    cut(...groups: string[]): void {
        this.filter = ({ from, to }) => groups.some((group) => group.includes(from) && group.includes(to));
    }

    heal(): void {
        this.filter = () => true;
    }

    resumeDisk(id: MemberId): void {
        this.stalledDisks.delete(id);
        for (const ready of this.#stalled.get(id) ?? []) this.#persist(this.member(id), ready);
        this.#stalled.delete(id);
    }

    #start(id: MemberId, disk: Disk): Raft {
        const config: RaftConfig = { ...testConfig, random: this.random, ...this.#config, id };
        const { hardState, snapshot, applied } = disk;
        const persisted: PersistedState = { hardState, snapshot, entries: [...disk.entries], applied };
        const raft = createRaft(config, persisted);
        this.members.set(id, { raft, disk, reads: [], staged: [] });
        return raft;
    }

    #carryOut(id: MemberId, member: TestMember): void {
        const ready = member.raft.ready();
        this.wire.push(...ready.messages, ...ready.commitNotices);
        this.notices.push(...ready.commitNotices);
        member.reads.push(...ready.reads);
        if (this.stalledDisks.has(id)) this.#stalled.set(id, [...(this.#stalled.get(id) ?? []), ready]);
        else this.#persist(member, ready);
        for (const entry of ready.committed) {
            assert(entry.index === member.disk.applied + 1, 'applied in order', { index: entry.index });
            member.disk.state.push(entry);
            member.disk.applied = entry.index;
        }
        member.raft.appliedTo(member.disk.applied);
        this.#carryChunks(member, ready, this.stalledDisks.has(id));
    }

    #persist(member: TestMember, ready: Ready): void {
        const { disk } = member;
        const [first] = ready.entries;
        if (first !== undefined) {
            disk.entries.length = first.index - disk.snapshot.index - 1;
            disk.entries.push(...ready.entries);
        }
        if (ready.hardState !== undefined) disk.hardState = ready.hardState;
        member.raft.persisted(ready);
        this.wire.push(...ready.messagesAfterPersist);
    }

    #carryChunks(member: TestMember, ready: Ready, stalled: boolean): void {
        const { raft, disk } = member;
        for (const request of ready.chunksToRead) {
            const snapshot = request.snapshot ?? this.snapshotOf(member);
            const start = request.chunk * this.snapshotChunkEntries;
            const end = Math.min(start + this.snapshotChunkEntries, snapshot.index);
            const data = Buffer.from(JSON.stringify(disk.state.slice(start, end)));
            raft.snapshotChunkRead(request, { snapshot, data, last: end === snapshot.index });
        }
        for (const request of ready.chunksToStore) {
            if (stalled) {
                raft.snapshotChunkStored(request, 'failed');
                continue;
            }
            if (request.chunk === 0) member.staged = [];
            const entries = JSON.parse(request.data.toString()) as (Entry & { data: { data: number[] } })[];
            member.staged.push(...entries.map((entry) => ({ ...entry, data: Buffer.from(entry.data.data) })));
            if (request.last) {
                disk.snapshot = request.snapshot;
                disk.entries = [];
                disk.applied = request.snapshot.index;
                disk.state = member.staged;
            }
            raft.snapshotChunkStored(request, request.last ? 'installed' : 'stored');
        }
    }

    snapshotOf({ raft, disk }: TestMember): SnapshotMeta {
        const term = disk.state.at(-1)?.term ?? 0;
        return { index: disk.applied, term, membership: raft.status().membership };
    }

    /** Forgets the log up to what is applied, here and on disk. */
    compact(id: MemberId): void {
        const member = this.member(id);
        const snapshot = this.snapshotOf(member);
        member.disk.entries.splice(0, snapshot.index - member.disk.snapshot.index);
        member.disk.snapshot = snapshot;
        member.raft.compactLog(snapshot.index, snapshot.membership);
    }
}
