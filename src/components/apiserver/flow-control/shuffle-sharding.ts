import { createHash } from 'node:crypto';
import { BoundedMap } from '../../../util/bounded-map.ts';

/** Flows whose hands a level remembers, so that hashing is done once for each. */
const handsRememberedMax = 1024;
/** Bits of the hash that are used; validation keeps decks and hands below that. */
const hashBits = 60n;

/**
 * Deals every flow a hand of queues out of a deck, always the same one. Two flows rarely share their whole
 * hand, so a flow that fills its queues leaves other flows at least one of theirs.
 *
 * Example, a deck of 5 and hands of 3: a hash of 37 gives 37 % 5 = 2, then 7 % 4 = 3, then 1 % 3 = 1. Each
 * number counts, from zero, the cards that are left: 2 of 0 1 2 3 4, 3 of 0 1 3 4, 1 of 0 1 3: cards 2, 4, 1.
 */
export class Dealer {
    readonly #deckSize: number;
    readonly #handSize: number;
    readonly #hands = new BoundedMap<string, readonly number[]>(handsRememberedMax);

    constructor(deckSize: number, handSize: number) {
        this.#deckSize = deckSize;
        this.#handSize = Math.min(handSize, deckSize);
    }

    handOf(flow: string): readonly number[] {
        let hand = this.#hands.get(flow);
        if (hand === undefined) {
            hand = deal(hashOf(flow), this.#deckSize, this.#handSize);
            this.#hands.set(flow, hand);
        }
        return hand;
    }
}

export function hashOf(flow: string): bigint {
    return createHash('sha256').update(flow).digest().readBigUInt64LE() & ((1n << hashBits) - 1n);
}

export function deal(hash: bigint, deckSize: number, handSize: number): number[] {
    const hand: number[] = [];
    let rest = hash;
    for (let dealt = 0; dealt < handSize; dealt++) {
        const left = BigInt(deckSize - dealt);
        let card = Number(rest % left);
        rest /= left;
        for (const taken of [...hand].sort((a, b) => a - b)) if (card >= taken) card++;
        hand.push(card);
    }
    return hand;
}
