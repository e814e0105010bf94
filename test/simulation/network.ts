import type { MemberId, RaftMessage } from '../../src/store/raft/types.ts';
import type { SimulationOptions } from './options.ts';
import type { Random } from './random.ts';
import type { Timeline } from './timeline.ts';

export interface NetworkOptions {
    faults: SimulationOptions['network'];
    timeline: Timeline;
    random: Random;
    deliver: (message: RaftMessage) => void;
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
        if (this.#isCut(message.from, message.to)) return;
        if (this.#isHealed) {
            this.#deliverLater(message);
            return;
        }
        if (random.chance(faults.lossProbability)) return;
        this.#deliverLater(message);
        if (random.chance(faults.duplicateProbability)) this.#deliverLater(message);
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
        const { faults, random, timeline } = this.#options;
        const shuffled = random.shuffled(members);
        const size = random.between(1, Math.max(1, members.length - 1));
        const [inside, outside] = [shuffled.slice(0, size), shuffled.slice(size)];
        const isOneWay = random.chance(faults.oneWayProbability);
        const cuts = inside.flatMap((a) =>
            outside.flatMap((b) => (isOneWay ? [`${a} ${b}`] : [`${a} ${b}`, `${b} ${a}`])),
        );
        for (const cut of cuts) this.#cuts.set(cut, (this.#cuts.get(cut) ?? 0) + 1);
        timeline.after(random.exponential(faults.partitionMeanMs), () => {
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
