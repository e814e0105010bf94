import { describe, expect, it } from '@jest/globals';
import { builtinSchema } from './builtin-schema.ts';
import { extractSet } from './extract-set.ts';
import {
    difference,
    emptySet,
    type FieldSet,
    hasPath,
    intersection,
    leaves,
    pathsOf,
    recursiveDifference,
    restrictTo,
    setOf,
    union,
} from './field-set.ts';
import { decodeFields } from './fields-v1.ts';
import { structuralFieldSchema } from './structural-schema.ts';

const a = setOf(['f:a'], ['f:a', 'f:b'], ['f:c', 'f:d']);
const b = setOf(['f:a', 'f:b'], ['f:c']);

describe('a set of fields', () => {
    it('has the shape of FieldsV1', () => {
        expect(a).toEqual({ 'f:a': { '.': {}, 'f:b': {} }, 'f:c': { 'f:d': {} } });
        expect([hasPath(a, ['f:a']), hasPath(a, ['f:c']), hasPath(a, ['f:c', 'f:d'])]).toEqual([
            true,
            false,
            true,
        ]);
        expect(pathsOf(a)).toEqual([['f:a'], ['f:a', 'f:b'], ['f:c', 'f:d']]);
    });

    it.each<[string, FieldSet, FieldSet]>([
        ['union', union(a, b), { 'f:a': { '.': {}, 'f:b': {} }, 'f:c': { '.': {}, 'f:d': {} } }],
        ['intersection', intersection(a, b), { 'f:a': { 'f:b': {} } }],
        ['difference', difference(a, b), { 'f:a': {}, 'f:c': { 'f:d': {} } }],
        ['difference the other way', difference(b, a), { 'f:c': {} }],
        ['recursive difference', recursiveDifference(a, b), { 'f:a': {} }],
        ['leaves', leaves(a), { 'f:a': { 'f:b': {} }, 'f:c': { 'f:d': {} } }],
        ['restriction', restrictTo(a, ['f:c']), { 'f:c': { 'f:d': {} } }],
        ['restriction to what is not there', restrictTo(a, ['f:x', 'f:y']), {}],
        ['difference with itself', difference(a, a), {}],
    ])('%s', (_, result, expected) => {
        expect(result).toEqual(expected);
    });

    it('is returned itself by operations that change nothing', () => {
        expect(union(a, setOf(['f:a', 'f:b']))).toBe(a);
        expect(difference(a, setOf(['f:x'], ['f:c']))).toBe(a);
        expect(union(emptySet, a)).toBe(a);
    });
});

describe('decodeFields', () => {
    it('brings elements into canonical form, and shares equal nodes', () => {
        const one = decodeFields({ 'k:{"b":1,"a":"x"}': { '.': {} }, 'f:z': {} });
        expect(Object.keys(one)).toEqual(['f:z', 'k:{"a":"x","b":1}']);
        expect(decodeFields(JSON.parse(JSON.stringify(one)))).toBe(one);
    });

    it.each<[string, unknown]>([
        ['a list', []],
        ['an unknown element', { 'x:a': {} }],
        ['keys that are no object', { 'k:[1]': {} }],
        ['a value below', { 'f:a': 1 }],
        ['a text that is no JSON', { 'v:{': {} }],
    ])('refuses %s', (_, fields) => {
        expect(() => decodeFields(fields)).toThrow();
    });

    it('refuses what is too deep', () => {
        let node = {};
        for (let i = 0; i < 300; i++) node = { 'f:a': node };
        expect(() => decodeFields(node)).toThrow('too deep');
    });
});

describe('schemas', () => {
    it('know how built-in types merge', () => {
        const pod = builtinSchema('V1Pod')!;
        const set = extractSet(pod, {
            metadata: { finalizers: ['x/y'], ownerReferences: [{ uid: 'u', name: 'n' }] },
            spec: {
                nodeSelector: { a: 'b' },
                containers: [
                    {
                        name: 'c',
                        command: ['x'],
                        ports: [{ containerPort: 80 }],
                        resources: { limits: { cpu: '1' } },
                    },
                ],
                tolerations: [{ key: 'k' }],
            },
        });
        expect(set).toEqual({
            'f:metadata': {
                'f:finalizers': { 'v:"x/y"': {} },
                'f:ownerReferences': { 'k:{"uid":"u"}': {} },
            },
            'f:spec': {
                'f:nodeSelector': {},
                'f:containers': {
                    'k:{"name":"c"}': {
                        '.': {},
                        'f:name': {},
                        'f:command': {},
                        'f:ports': {
                            'k:{"containerPort":80,"protocol":"TCP"}': { '.': {}, 'f:containerPort': {} },
                        },
                        'f:resources': { 'f:limits': { 'f:cpu': {} } },
                    },
                },
                'f:tolerations': {},
            },
        });
    });

    it('are made of structural schemas', () => {
        const schema = structuralFieldSchema({
            type: 'object',
            properties: {
                spec: {
                    type: 'object',
                    properties: {
                        list: {
                            type: 'array',
                            'x-kubernetes-list-type': 'map',
                            'x-kubernetes-list-map-keys': ['id'],
                            items: { type: 'object', properties: { id: { type: 'string' } } },
                        },
                        whole: { type: 'object', 'x-kubernetes-map-type': 'atomic' },
                        open: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
                    },
                },
            },
        });
        const object = { kind: 'X', spec: { list: [{ id: 'a' }], whole: { a: 1 }, open: { a: { b: 1 } } } };
        expect(extractSet(schema, object)).toEqual({
            'f:kind': {},
            'f:spec': {
                'f:list': { 'k:{"id":"a"}': { '.': {}, 'f:id': {} } },
                'f:whole': {},
                'f:open': { 'f:a': { '.': {}, 'f:b': {} } },
            },
        });
    });
});
