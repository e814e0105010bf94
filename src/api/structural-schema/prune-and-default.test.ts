import { describe, expect, it } from '@jest/globals';
import { coerceEmbedded } from './embedded.ts';
import { applyDefaults, pruneNulls } from './defaults.ts';
import { prune } from './prune.ts';
import type { StructuralSchema } from './schema.ts';

const text: StructuralSchema = { type: 'string' };
const of = (properties: Record<string, StructuralSchema>): StructuralSchema => ({
    type: 'object',
    properties,
});
const free: StructuralSchema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
const embedded: StructuralSchema = {
    ...of({ spec: of({ a: text }) }),
    'x-kubernetes-embedded-resource': true,
};

describe('pruning', () => {
    it.each<[string, StructuralSchema, object, object, string[]]>([
        ['unknown fields', of({ a: text }), { a: '1', b: 2 }, { a: '1' }, ['b']],
        [
            'fields in lists',
            of({ l: { type: 'array', items: of({ a: text }) } }),
            { l: [{ a: '1', b: 2 }] },
            { l: [{ a: '1' }] },
            ['l[0].b'],
        ],
        [
            'fields in maps',
            of({ m: { type: 'object', additionalProperties: of({}) } }),
            { m: { k: { b: 1 } } },
            { m: { k: {} } },
            ['m.k.b'],
        ],
        [
            'nothing of every object',
            of({}),
            { apiVersion: 'v1', kind: 'A', metadata: { x: 1 } },
            { apiVersion: 'v1', kind: 'A', metadata: { x: 1 } },
            [],
        ],
        ['nothing that is preserved', of({ f: free }), { f: { a: { b: 1 } } }, { f: { a: { b: 1 } } }, []],
        [
            'what is described below preserved fields',
            of({ f: { ...free, properties: { s: of({}) } } }),
            { f: { x: 1, s: { y: 1 } } },
            { f: { x: 1, s: {} } },
            ['f.s.y'],
        ],
        [
            'embedded resources like objects',
            of({ e: embedded }),
            { e: { kind: 'A', apiVersion: 'v1', metadata: {}, spec: { b: 1 }, c: 1 } },
            { e: { kind: 'A', apiVersion: 'v1', metadata: {}, spec: {} } },
            ['e.spec.b', 'e.c'],
        ],
        ['names of the prototype', of({ a: text }), { constructor: 1, a: '1' }, { a: '1' }, ['constructor']],
        [
            'maps of anything keep what they have',
            of({ m: { type: 'object', additionalProperties: true } }),
            { m: { a: 1 } },
            { m: { a: 1 } },
            [],
        ],
    ])('removes %s', (_what, schema, value, expected, paths) => {
        expect(prune(value, schema)).toMatchObject({ paths, count: paths.length });
        expect(value).toEqual(expected);
    });
});

describe('defaults', () => {
    const one: StructuralSchema = { type: 'integer', default: 1 };
    it.each<[string, StructuralSchema, object, object]>([
        ['missing fields', of({ a: one }), {}, { a: 1 }],
        ['not what is there', of({ a: one }), { a: 0 }, { a: 0 }],
        ['inside of what was set', of({ a: { ...of({ b: one }), default: {} } }), {}, { a: { b: 1 } }],
        ['nothing inside of what is missing', of({ a: of({ b: one }) }), {}, {}],
        [
            'in lists and maps',
            of({
                l: { type: 'array', items: of({ b: one }) },
                m: { type: 'object', additionalProperties: of({ b: one }) },
            }),
            { l: [{}], m: { k: {} } },
            { l: [{ b: 1 }], m: { k: { b: 1 } } },
        ],
        ['in place of null', of({ a: one }), { a: null }, { a: 1 }],
        [
            'not in place of a null that is allowed',
            of({ a: { ...one, nullable: true } }),
            { a: null },
            { a: null },
        ],
    ])('are set: %s', (_what, schema, value, expected) => {
        applyDefaults(value, schema);
        expect(value).toEqual(expected);
        expect(applyDefaults(value, schema)).toBe(0);
    });

    it('nulls that nothing replaces go, those that are allowed stay', () => {
        const value = { a: null, b: null, c: null };
        expect(pruneNulls(value, of({ a: text, b: { ...text, nullable: true }, c: one }))).toBe(1);
        expect(value).toEqual({ b: null, c: null });
    });

    it('a default is copied for every object', () => {
        const schema = of({ a: { ...free, default: { x: [] } } });
        const [first, second]: Record<string, unknown>[] = [{}, {}];
        applyDefaults(first, schema);
        applyDefaults(second, schema);
        expect(first?.a).not.toBe(second?.a);
    });
});

describe('metadata of embedded objects', () => {
    const embedded: StructuralSchema = {
        type: 'object',
        properties: {
            items: {
                type: 'array',
                items: { type: 'object', 'x-kubernetes-embedded-resource': true, properties: {} },
            },
        },
    };
    const item = (metadata: unknown): object => ({ apiVersion: 'v1', kind: 'Pod', metadata });

    it('keeps what metadata has, and tells of the rest', () => {
        const value = { items: [item({ name: 'a', labels: { a: 'b' }, color: 'red' }), item(null)] };
        expect(coerceEmbedded(value, embedded)).toEqual(['unknown field "items[0].metadata.color"']);
        expect(value.items).toEqual([
            item({ name: 'a', labels: { a: 'b' } }),
            { apiVersion: 'v1', kind: 'Pod' },
        ]);
    });

    it.each<[unknown, string]>([
        [item({ labels: { a: 1 } }), 'items[0].metadata: Invalid value'],
        [item('x'), 'items[0].metadata: Invalid value: "x"'],
        [{ kind: 1 }, 'items[0].kind: Invalid value: 1: must be a string'],
    ])('refuses %j', (value, message) => {
        expect(() => coerceEmbedded({ items: [value] }, embedded)).toThrow(message);
    });
});
