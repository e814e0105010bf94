import { describe, expect, it } from '@jest/globals';
import { seededRandom } from '../../../test/harness/seeded-random.ts';
import type { Command } from '../mvcc/command.ts';
import { keyMax, StoreError, type Compare, type RangeRequest, type StoreOp } from '../store.ts';
import { decodeAddress, decodeCommand, encodeCommand } from './command-codec.ts';

const rounds = 1_000;
const origin = '0123456789abcdef';

class Commands {
    readonly #random: () => number;

    constructor(seed: number) {
        this.#random = seededRandom(seed);
    }

    command(): Command {
        return this.#pick<() => Command>([
            () => ({ type: 'txn', request: { ...this.#branches(0), ...this.#maybeDurability() } }),
            () => ({ type: 'compact', revision: this.#number() }),
            () => ({ type: 'leaseGrant', id: this.#number(), ttlSeconds: this.#number() }),
            () => ({ type: 'leaseRevoke', id: this.#number() }),
            () => ({ type: 'alarm', member: origin, alarm: 'NOSPACE', active: this.#below(2) === 0 }),
        ])();
    }

    sequence(): number {
        return this.#pick([0, 127, 128, 2 ** 32, Number.MAX_SAFE_INTEGER]);
    }

    #branches(nesting: number): { compares: Compare[]; success: StoreOp[]; failure: StoreOp[] } {
        return {
            compares: this.#list(() => this.#compare()),
            success: this.#list(() => this.#op(nesting)),
            failure: this.#list(() => this.#op(nesting)),
        };
    }

    #compare(): Compare {
        const place = { key: this.#key(), ...this.#maybeEnd() };
        const result = this.#pick(['equal', 'notEqual', 'greater', 'less'] as const);
        const target = this.#pick(['modRevision', 'createRevision', 'version', 'lease', 'value'] as const);
        if (target === 'value') return { ...place, target, result, value: this.#bytes() };
        return { ...place, target, result, value: this.#number() };
    }

    #op(nesting: number): StoreOp {
        const type = this.#pick(['put', 'put', 'delete', 'range', nesting < 3 ? 'txn' : 'put'] as const);
        if (type === 'txn') return { type, ...this.#branches(nesting + 1) };
        if (type === 'delete') return { type, key: this.#key(), ...this.#maybeEnd() };
        if (type === 'range') return { type, ...this.#range() };
        return {
            type,
            key: this.#key(),
            value: this.#bytes(),
            ...this.#maybe(() => ({ lease: 1 + this.#below(2 ** 40) })),
            ...this.#maybe(() => ({ ignoreValue: true })),
            ...this.#maybe(() => ({ ignoreLease: true })),
        };
    }

    #range(): RangeRequest {
        const numbers = [
            'revision',
            'limit',
            'modRevisionMin',
            'modRevisionMax',
            'createRevisionMin',
            'createRevisionMax',
        ] as const;
        const range: RangeRequest = { key: this.#key(), ...this.#maybeEnd() };
        for (const name of numbers) {
            const value = this.#number();
            if (this.#below(3) === 0 && value !== 0) range[name] = value;
        }
        if (this.#below(4) === 0) range.keysOnly = true;
        if (this.#below(4) === 0) range.countOnly = true;
        if (this.#below(4) === 0) {
            const by = this.#pick(['key', 'version', 'createRevision', 'modRevision', 'value'] as const);
            range.sort = { by, descending: this.#below(2) === 0 };
        }
        return range;
    }

    #maybeEnd(): { end?: string } {
        return this.#maybe(() => ({ end: this.#below(3) === 0 ? keyMax : this.#key() }));
    }

    #maybeDurability(): { durability?: 'fsync' | 'relaxed' | 'renewal' } {
        return this.#maybe(() => ({ durability: this.#pick(['fsync', 'relaxed', 'renewal'] as const) }));
    }

    #number(): number {
        const edges = [0, 1, -1, 63, 64, 2 ** 31, 2 ** 51, -(2 ** 51), 2 ** 51 + 1, 2 ** 63, -(2 ** 63)];
        return this.#below(2) === 0 ? this.#pick(edges) : this.#below(2 ** 48);
    }

    #key(): string {
        return this.#bytes().toString('latin1');
    }

    #bytes(): Buffer {
        const length = this.#below(this.#below(20) === 0 ? 3_000 : 40);
        return Buffer.from(Array.from({ length }, () => this.#below(256)));
    }

    #list<T>(make: () => T): T[] {
        return Array.from({ length: this.#below(4) }, make);
    }

    #maybe<T extends object>(make: () => T): Partial<T> {
        return this.#below(2) === 0 ? {} : make();
    }

    #pick<T>(from: readonly T[]): T {
        return from[this.#below(from.length)]!;
    }

    #below(limit: number): number {
        return Math.floor(this.#random() * limit);
    }
}

function reasonOf(bytes: Buffer): string {
    try {
        decodeCommand(bytes);
        return 'accepted';
    } catch (error) {
        return error instanceof StoreError ? error.reason : String(error);
    }
}

describe('command codec', () => {
    it('any command comes back as it was', () => {
        for (let seed = 1; seed <= rounds; seed++) {
            const commands = new Commands(seed);
            const envelope = { origin, sequence: commands.sequence(), command: commands.command() };
            const bytes = encodeCommand(envelope);
            expect({ seed, ...decodeCommand(bytes) }).toEqual({ seed, ...envelope });
            const { sequence } = envelope;
            expect({ seed, ...decodeAddress(bytes) }).toEqual({ seed, origin, sequence });
        }
    });

    it('any flipped bit and any missing byte is found', () => {
        for (let seed = 1; seed <= 40; seed++) {
            const commands = new Commands(seed);
            const bytes = encodeCommand({ origin, sequence: seed, command: commands.command() });
            for (let i = 0; i < Math.min(bytes.length, 300); i++) {
                const flipped = Buffer.from(bytes);
                flipped[i] = flipped[i]! ^ (1 << (i % 8));
                expect({ seed, i, reason: reasonOf(flipped) }).toEqual({ seed, i, reason: 'corrupt' });
                expect(reasonOf(bytes.subarray(0, i))).toBe('corrupt');
            }
        }
    });

    it('nonsense behind a right checksum is refused, not run into', async () => {
        const { crc32 } = await import('node:zlib');
        for (let seed = 1; seed <= rounds; seed++) {
            const random = seededRandom(seed);
            const bytes = Buffer.from(Array.from({ length: 14 + (seed % 60) }, () => random() * 256));
            bytes[0] = 1;
            bytes.writeUInt32LE(crc32(bytes.subarray(0, -4)), bytes.length - 4);
            expect(['corrupt', 'accepted']).toContain(reasonOf(bytes));
        }
    });

    it('a newer format is named as such', async () => {
        const { crc32 } = await import('node:zlib');
        const bytes = Buffer.from(
            encodeCommand({ origin, sequence: 1, command: { type: 'leaseRevoke', id: 1 } }),
        );
        bytes[0] = 2;
        bytes.writeUInt32LE(crc32(bytes.subarray(0, -4)), bytes.length - 4);
        expect(reasonOf(bytes)).toBe('newerFormat');
    });

    it('a put of 256 bytes takes little more than its key and value', () => {
        const op: StoreOp = { type: 'put', key: '/registry/pods/default/a', value: Buffer.alloc(256) };
        const command: Command = { type: 'txn', request: { compares: [], success: [op], failure: [] } };
        const overhead = encodeCommand({ origin, sequence: 1, command }).length - op.key.length - 256;
        expect(overhead).toBeLessThan(30);
    });

    it('too deep a nesting is refused before it gets into the log', () => {
        let op: StoreOp = { type: 'delete', key: 'a' };
        for (let i = 0; i < 40; i++) op = { type: 'txn', compares: [], success: [op], failure: [] };
        const command: Command = { type: 'txn', request: { compares: [], success: [op], failure: [] } };
        expect(() => encodeCommand({ origin, sequence: 1, command })).toThrow('limited to 32 levels');
    });
});
