import type { MemberId, RaftMessage } from '../../src/store/raft/types.ts';
import type { SimulationOptions } from './options.ts';
import type { Random } from './random.ts';
import type { Timeline } from './timeline.ts';

export interface NetworkOptions {
    faults: SimulationOptions['network'];
    timeline: Timeline;
    random: Random;
    deliver: (message: RaftMessage) => void;
    /** What `from` sends to `to` does not arrive, and it learns that. */
    onUnreachable: (from: MemberId, to: MemberId) => void;
}

/** Loses, delays, reorders and doubles messages, and cuts directions of links. */
export class Network {
    readonly #options: NetworkOptions;
    /** Directions that are cut, as "from to", with how many partitions cut them. */
    #cuts = new Map<string, number>();
    #isHealed = false;
    delivered = 0;

    constructor(options: NetworkOptions) {
        this.#options = options;
    }

    send(message: RaftMessage): void {
        const { faults, random } = this.#options;
        if (this.#isCut(message.from, message.to)) {
            this.#reportUnreachable(message);
            return;
        }
        if (this.#isHealed) {
            this.#deliverLater(message);
            return;
        }
        if (random.chance(faults.lossProbability)) {
            this.#reportUnreachable(message);
            return;
        }
        this.#deliverLater(message);
        if (random.chance(faults.duplicateProbability)) this.#deliverLater(message);
    }

    /** After a while, when the member may have sent more, or hears from the other again. */
    #reportUnreachable({ from, to }: RaftMessage): void {
        const { faults, random, timeline, onUnreachable } = this.#options;
        if (faults.reportedProbability === 0 || !random.chance(faults.reportedProbability)) return;
        timeline.after(faults.delayMinMs + random.exponential(faults.delayMeanMs), () =>
            onUnreachable(from, to),
        );
    }

    #deliverLater(message: RaftMessage): void {
        const { faults, random, timeline, deliver } = this.#options;
        const delayMs = faults.delayMinMs + random.exponential(faults.delayMeanMs);
        timeline.after(delayMs, () => {
            // What is on its way when a link is cut is lost as well.
            if (this.#isCut(message.from, message.to)) return;
            this.delivered += 1;
            deliver(message);
        });
    }

    /** Separates a random group of `members` from the others for a while, in one direction or both. */
    partition(members: readonly MemberId[]): void {
        const { faults, random } = this.#options;
        const shuffled = random.shuffled(members);
        const size = random.between(1, Math.max(1, members.length - 1));
        const [inside, outside] = [shuffled.slice(0, size), shuffled.slice(size)];
        const isOneWay = random.chance(faults.oneWayProbability);
        const cuts = inside.flatMap((a) =>
            outside.flatMap((b) => (isOneWay ? [`${a} ${b}`] : [`${a} ${b}`, `${b} ${a}`])),
        );
        this.#cut(cuts, random.exponential(faults.partitionMeanMs));
    }

    /** Separates one from the others, in both directions. */
    cutOff(id: MemberId, others: readonly MemberId[]): void {
        const { faults, random } = this.#options;
        const cuts = others
            .filter((other) => other !== id)
            .flatMap((other) => [`${id} ${other}`, `${other} ${id}`]);
        this.#cut(cuts, random.exponential(faults.partitionMeanMs));
    }

    #cut(cuts: readonly string[], forMs: number): void {
        for (const cut of cuts) this.#cuts.set(cut, (this.#cuts.get(cut) ?? 0) + 1);
        this.#options.timeline.after(forMs, () => {
            for (const cut of cuts) this.#cuts.set(cut, (this.#cuts.get(cut) ?? 0) - 1);
        });
    }

    heal(): void {
        this.#isHealed = true;
        this.#cuts.clear();
    }

    #isCut(from: MemberId, to: MemberId): boolean {
        return !this.#isHealed && (this.#cuts.get(`${from} ${to}`) ?? 0) > 0;
    }
}
