import { describe, expect, it } from '@jest/globals';
import { keyMax, keyOfText } from '../store.ts';
import { KeyIndex, versionAt, type KeyEntry } from './key-index.ts';
import { compareKeys } from './key-order.ts';

function entry(key: string): KeyEntry {
    return { key, older: undefined, modRevision: 1, createRevision: 1, version: 1, lease: 0 };
}

describe('the key index', () => {
    it('agrees with a sorted list through thousands of random insertions and removals', () => {
        const index = new KeyIndex();
        const model = new Set<string>();
        let seed = 42;
        const random = (below: number): number => (seed = (seed * 48_271) % 2_147_483_647) % below;
        for (let step = 0; step < 20_000; step++) {
            const key = `/k/${random(3_000)}`;
            if (model.has(key)) index.remove(key);
            else index.insert(entry(key));
            if (!model.delete(key)) model.add(key);
        }
        const sorted = [...model].sort(compareKeys);
        expect(index.size).toBe(sorted.length);
        const visited = (from: string, end?: string): string[] => {
            const keys: string[] = [];
            index.forEach(from, end, ({ key }) => keys.push(key));
            return keys;
        };
        expect(visited('/', '0')).toEqual(sorted);
        for (let i = 0; i < 200; i++) {
            const [from, end] = [`/k/${random(3_100)}`, `/k/${random(3_100)}`];
            expect(visited(from, end)).toEqual(sorted.filter((key) => key >= from && key < end));
            expect(visited(from)).toEqual(model.has(from) ? [from] : []);
        }
        for (const key of sorted) index.remove(key);
        expect(visited('/', '0')).toEqual([]);
    });

    it('finds the version that a revision sees', () => {
        const versions = { ...entry('/a'), older: [5, 7, -8], modRevision: 12 };
        const seen = [4, 5, 6, 7, 8, 11, 12, 99].map((revision) => versionAt(versions, revision));
        expect(seen).toEqual([0, 5, 5, 7, 0, 0, 12, 12]);
        expect(versionAt({ ...versions, version: 0 }, 12)).toBe(0);
    });
});

describe('the order of keys', () => {
    it('is that of their UTF-8 bytes', () => {
        const texts = ['', '/', '/a', '/a/b', '/ab', '/é', '/ÿ', '/\u0800', '/\ue000', '/\uffff', '/😀'];
        for (const a of texts) {
            expect(compareKeys(keyOfText(a), keyMax)).toBe(-1);
            for (const b of texts) {
                const bytes = Buffer.compare(Buffer.from(a), Buffer.from(b));
                expect(compareKeys(keyOfText(a), keyOfText(b))).toBe(bytes);
            }
        }
    });
});
