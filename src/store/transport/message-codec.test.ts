import { describe, expect, it } from '@jest/globals';
import { seededRandom } from '../../../test/harness/seeded-random.ts';
import type { RaftMessage } from '../raft/types.ts';
import { FrameReader, frameBytesMax } from './frame.ts';
import { decodeMessage, encodeMessage, encodeMessageFrames, peekMessage, peekTerm } from './message-codec.ts';

type Generators = Record<RaftMessage['type'], () => object>;

/** Random messages of every type; numbers cluster around the borders of their encoding. */
class MessageGenerator {
    readonly #random: () => number;

    constructor(seed: number) {
        this.#random = seededRandom(seed);
    }

    below(limit: number): number {
        return Math.floor(this.#random() * limit);
    }

    uint(): number {
        const border = 2 ** this.below(54);
        return Math.min(Number.MAX_SAFE_INTEGER, Math.max(0, border - 1 + this.below(3)));
    }

    flag(): boolean {
        return this.#random() < 0.5;
    }

    id(): string {
        return Array.from({ length: 16 }, () => this.below(16).toString(16)).join('');
    }

    data(): Buffer {
        return Buffer.from(Array.from({ length: this.below(4) * this.below(100) }, () => this.below(256)));
    }

    list<T>(element: (at: number) => T): T[] {
        return Array.from({ length: this.below(5) }, (_, at) => element(at));
    }

    readonly #votes = () => ({ lastIndex: this.uint(), lastTerm: this.uint(), transfer: this.flag() });
    readonly #generators: Generators = {
        append: () => {
            const previousIndex = this.below(2 ** 40);
            return {
                previousIndex,
                previousTerm: this.uint(),
                commit: this.uint(),
                readRound: this.uint(),
                entries: this.list((at) => ({
                    index: previousIndex + 1 + at,
                    term: this.uint(),
                    type: (['noop', 'command', 'membership'] as const)[this.below(3)]!,
                    data: this.data(),
                })),
            };
        },
        appendReply: () => ({
            match: this.uint(),
            readRound: this.uint(),
            ...(this.flag() && {
                refused: { at: this.uint(), hintIndex: this.uint(), hintTerm: this.uint() },
            }),
        }),
        heartbeat: () => ({ commit: this.uint(), readRound: this.uint() }),
        heartbeatReply: () => ({ readRound: this.uint() }),
        commit: () => ({ commit: this.uint() }),
        preVote: this.#votes,
        vote: this.#votes,
        preVoteReply: () => ({ granted: this.flag() }),
        voteReply: () => ({ granted: this.flag() }),
        timeoutNow: () => ({}),
        propose: () => ({
            entries: this.list(() => ({
                type: this.flag() ? ('command' as const) : ('membership' as const),
                data: this.data(),
            })),
        }),
        readIndex: () => ({ context: this.uint() }),
        readIndexReply: () => ({ context: this.uint(), index: this.uint(), refused: this.flag() }),
        snapshotChunk: () => ({
            snapshot: {
                index: this.uint(),
                term: this.uint(),
                membership: { voters: this.list(() => this.id()), learners: this.list(() => this.id()) },
            },
            chunk: this.uint(),
            data: this.data(),
            last: this.flag(),
        }),
        snapshotReply: () => ({
            index: this.uint(),
            chunk: this.uint(),
            status: (['next', 'restart', 'installed'] as const)[this.below(3)]!,
        }),
    };

    message(): RaftMessage {
        const types = Object.keys(this.#generators) as RaftMessage['type'][];
        const type = types[this.below(types.length)]!;
        const base = { from: this.id(), to: this.id(), term: this.uint() };
        return { ...base, type, ...this.#generators[type]() } as RaftMessage;
    }
}

const seeds = Array.from({ length: 5 }, (_, at) => at + 1);
const messagesPerSeed = 300;

describe('message codec', () => {
    it.each(seeds)('gives back what was written, seed %d', (seed) => {
        const generator = new MessageGenerator(seed);
        for (let round = 0; round < messagesPerSeed; round += 1) {
            const message = generator.message();
            const body = encodeMessage(message);
            expect(decodeMessage(body)).toEqual({ type: 'decoded', value: message });
            expect(peekMessage(body)).toEqual({ type: message.type, from: message.from, to: message.to });
            expect(peekTerm(body)).toBe(message.term);
        }
    });

    it.each(seeds)('refuses what is cut off or too long, seed %d', (seed) => {
        const generator = new MessageGenerator(seed);
        for (let round = 0; round < messagesPerSeed; round += 1) {
            const body = encodeMessage(generator.message());
            expect(decodeMessage(body.subarray(0, generator.below(body.length))).type).toBe('malformed');
            expect(decodeMessage(Buffer.concat([body, Buffer.alloc(1)])).type).toBe('malformed');
        }
    });

    it.each(seeds)(
        'never throws, whatever a byte is changed to, and has one encoding only, seed %d',
        (seed) => {
            const generator = new MessageGenerator(seed);
            for (let round = 0; round < messagesPerSeed; round += 1) {
                const body = encodeMessage(generator.message());
                body[generator.below(body.length)] = generator.below(256);
                const decoded = decodeMessage(body);
                if (decoded.type === 'decoded') expect(encodeMessage(decoded.value)).toEqual(body);
            }
        },
    );

    it('refuses another format version by name', () => {
        const body = encodeMessage(new MessageGenerator(1).message());
        body[0] = 2;
        expect(decodeMessage(body)).toMatchObject({
            error: { name: 'MalformedMessageError', message: 'message format 2, this member knows 1' },
        });
    });

    it('does not allocate for a count that cannot be true', () => {
        const message: RaftMessage = {
            type: 'propose',
            from: '1'.repeat(16),
            to: '2'.repeat(16),
            term: 1,
            entries: [],
        };
        const body = Buffer.concat([
            encodeMessage(message).subarray(0, -1),
            Buffer.from('ffffffffffff0f', 'hex'),
        ]);
        expect(decodeMessage(body).type).toBe('malformed');
    });
});

describe('frames', () => {
    it.each(seeds)('come out of pieces of any size as they went in, seed %d', (seed) => {
        const generator = new MessageGenerator(seed);
        const messages = Array.from({ length: 30 }, () => generator.message());
        const stream = encodeMessageFrames(messages);
        const reader = new FrameReader(frameBytesMax);
        const received: unknown[] = [];
        for (let start = 0, end = 0; start < stream.length; start = end) {
            end = start + 1 + generator.below(generator.flag() ? 4 : 2_000);
            for (const frame of reader.read(stream.subarray(start, end))) {
                const decoded = decodeMessage(frame.body);
                received.push(decoded.type === 'decoded' ? decoded.value : decoded.error);
            }
        }
        expect(received).toEqual(messages);
    });

    it.each([
        ['longer than allowed', Buffer.from([0, 0, 1, 1, 4])],
        ['empty', Buffer.from([0, 0, 0, 0, 4])],
        ['of an unknown kind', Buffer.from([0, 0, 0, 1, 99])],
    ])('a frame that is %s is refused', (_, bytes) => {
        expect(() => [...new FrameReader(256).read(bytes)]).toThrow('frame');
    });
});
