import { describe, expect, it } from '@jest/globals';
import { Correlation, isUnchangedAt, oldItem } from './correlate.ts';
import type { StructuralSchema } from './schema.ts';

const list = {
    type: 'array',
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['name', 'port'],
    items: {
        type: 'object',
        properties: {
            name: { type: 'string' },
            port: { type: 'integer' },
            size: { type: 'integer' },
        },
    },
} as unknown as StructuralSchema;
const schema = { type: 'object', properties: { items: list } } as unknown as StructuralSchema;

describe('what an item was before', () => {
    const old = [
        { name: 'a', port: 1, size: 1 },
        { name: 'a', size: 2 },
        { name: 'a', port: 1, size: 3 },
        { name: 'a', port: '1', size: 4 },
        'none',
        { name: 'a', port: null, size: 5 },
    ];

    it.each<[object, unknown]>([
        [{ name: 'a', port: 1 }, old[0]],
        [{ name: 'a' }, old[1]],
        [{ name: 'a', port: '1' }, old[3]],
        [{ name: 'a', port: null }, old[5]],
        [{ name: 'b', port: 1 }, undefined],
    ])('is the first with the same keys: %j', (item, before) => {
        expect(oldItem(item, old, list)).toBe(before);
    });

    it('is not known of a list without keys', () => {
        expect(oldItem({ name: 'a' }, old, { ...list, 'x-kubernetes-list-type': 'atomic' })).toBeUndefined();
    });
});

describe('a part of an updated object', () => {
    const item = (index: number, size = 0): object => ({ name: `n${index}`, port: index, size });

    it('is unchanged where its item was moved', () => {
        const object = Correlation.ofObject(
            { items: [item(1), item(2, 7)] },
            { items: [item(2), item(1)] },
            schema,
        );
        const isUnchanged = (...at: string[]): boolean => isUnchangedAt({ at, correlatedDepth: 9 }, object);
        expect(isUnchanged('items', '0', 'size')).toBe(true);
        expect(isUnchanged('items', '1', 'size')).toBe(false);
        expect(isUnchanged('items', '1', 'name')).toBe(true);
    });

    it('is told of many items and many errors in a moment', () => {
        const count = 30_000;
        const items = Array.from({ length: count }, (_, index) => item(index));
        const changed = items.map((_one, index) => item(index, index < count - 100 ? 0 : 1));
        const object = Correlation.ofObject({ items: changed }, { items }, schema);
        const start = process.cpuUsage().user;
        for (let index = count - 100; index < count; index++) {
            const at = ['items', String(index), 'size'];
            expect(isUnchangedAt({ at, correlatedDepth: 3 }, object)).toBe(false);
        }
        // Comparing each with each takes minutes.
        expect((process.cpuUsage().user - start) / 1_000).toBeLessThan(3_000);
    });
});
