import { describe, expect, it } from '@jest/globals';
import { assert } from '../../util/assert.ts';
import { seededRandom } from '../../../test/harness/seeded-random.ts';
import { TestNetwork } from './test-network.ts';
import type { Entry, MemberId, RaftMessage } from './types.ts';

const seedsCount = Number(process.env['RAFT_CHAOS_SEEDS'] ?? 20);
const firstSeed = Number(process.env['RAFT_CHAOS_FIRST_SEED'] ?? 0);
const stepsPerSeed = 600;

/** A whole life of a cluster from one seed: loss, delay, disorder, doubles, stalled disks, crashes, compaction. */
class Life {
    readonly ids: readonly MemberId[];
    readonly network: TestNetwork;
    readonly #random: () => number;
    readonly #leaderOf = new Map<number, MemberId>();
    readonly #truth: Entry[] = [];
    readonly #readsAskedAt = new Map<number, number>();
    #held: RaftMessage[] = [];
    #step = 0;

    constructor(seed: number) {
        const ids = ['abc', 'abcd', 'abcde'][seed % 3] ?? 'abc';
        this.ids = Array.from(ids);
        this.network = TestNetwork.of(ids, { seed });
        this.#random = seededRandom(seed * 7919 + 1);
        this.network.filter = (message) => {
            const chance = this.#random();
            if (chance < 0.05) return false;
            if (chance < 0.15) this.#held.push(message);
            return chance >= 0.1;
        };
    }

    step(): void {
        this.#step++;
        this.#act(this.#pick());
        if (this.#random() < 0.3) {
            this.network.wire.push(...this.#held.sort(() => this.#random() - 0.5));
            this.#held = [];
        }
        this.network.settle();
        for (const id of this.ids) {
            this.#checkLeader(id);
            this.#checkHistory(id);
            this.#checkReads(id);
        }
    }

    #act(id: MemberId): void {
        const { network } = this;
        const chance = this.#random();
        if (chance < 0.5) network.raft(id).tick();
        else if (chance < 0.75) network.propose(id, `v${this.#step}`);
        else if (chance < 0.78) network.stalledDisks.add(id);
        else if (chance < 0.84) network.resumeDisk(id);
        else if (chance < 0.86) network.restart(id);
        else if (chance < 0.88 && !network.stalledDisks.has(id)) network.compact(id);
        else if (chance < 0.89) network.raft(id).transferLeadership(this.#pick());
        else if (chance < 0.95) this.#read(id);
    }

    #read(id: MemberId): void {
        const commit = Math.max(...this.ids.map((other) => this.network.raft(other).status().commit));
        this.#readsAskedAt.set(this.#step, commit);
        this.network.raft(id).readIndex(this.#step);
    }

    #checkLeader(id: MemberId): void {
        const { role, term } = this.network.raft(id).status();
        if (role !== 'leader') return;
        const known = this.#leaderOf.get(term) ?? id;
        assert(known === id, 'one leader a term', { term, known, id });
        this.#leaderOf.set(term, id);
    }

    #checkHistory(id: MemberId): void {
        const { state } = this.network.member(id).disk;
        for (let at = this.#truth.length; at < state.length; at++) this.#truth.push(state[at]!);
        const last = state.at(-1);
        const same = this.#truth[state.length - 1];
        assert(
            last === undefined || (last.term === same?.term && last.data.equals(same.data)),
            'all apply the same',
            { id, last, same },
        );
    }

    #checkReads(id: MemberId): void {
        for (const read of this.network.member(id).reads.splice(0)) {
            const atLeast = this.#readsAskedAt.get(read.context) ?? 0;
            assert('refused' in read || read.index >= atLeast, 'reads are linearizable', {
                ...read,
                atLeast,
            });
        }
    }

    #pick(): MemberId {
        return this.ids[Math.floor(this.#random() * this.ids.length)]!;
    }
}

describe('a cluster under fire', () => {
    it.each(Array.from({ length: seedsCount }, (_, at) => firstSeed + at))(
        'has one leader a term and one history, and comes to rest with everything everywhere (seed %i)',
        (seed) => {
            const life = new Life(seed);
            for (let at = 0; at < stepsPerSeed; at++) life.step();
            const { network, ids } = life;
            network.heal();
            for (const id of ids) network.resumeDisk(id);
            network.tick(100);
            const [leader = ''] = network.leaders();
            expect(network.leaders()).toHaveLength(1);
            network.propose(leader, 'end');
            network.tick(10);
            const [first, ...others] = ids.map((id) => network.applied(id));
            expect(first?.at(-1)).toBe('end');
            for (const other of others) expect(other).toEqual(first);
        },
    );
});
