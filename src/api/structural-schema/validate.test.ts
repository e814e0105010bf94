import { beforeAll, describe, expect, it } from '@jest/globals';
import { formatFieldError } from '../meta/field-error.ts';
import { Correlation, isUnchangedAt } from './correlate.ts';
import { validateEmbedded } from './embedded.ts';
import { parseJsonPath } from './json-path.ts';
import { validateListTypes } from './list-types.ts';
import { compilePattern } from './pattern.ts';
import type { StructuralSchema } from './schema.ts';
import { loadSchemaCompiler, type SchemaCompiler } from './validate.ts';

const of = (properties: Record<string, StructuralSchema>, more: object = {}): StructuralSchema => ({
    type: 'object',
    properties,
    ...more,
});

describe('validation by schema', () => {
    let compile: SchemaCompiler;
    beforeAll(async () => {
        compile = await loadSchemaCompiler();
    });

    it.each<[string, StructuralSchema, unknown, string[]]>([
        [
            'type',
            { type: 'string' },
            1,
            ['a: Invalid value: "integer": a in body must be of type string: "integer"'],
        ],
        [
            'null',
            { type: 'string' },
            null,
            ['a: Invalid value: "null": a in body must be of type string: "null"'],
        ],
        ['nullable', { type: 'string', nullable: true }, null, []],
        ['a nullable enum', { type: 'string', nullable: true, enum: ['x'] }, null, []],
        ['int-or-string', { 'x-kubernetes-int-or-string': true }, '8%', []],
        [
            'not int-or-string',
            { 'x-kubernetes-int-or-string': true },
            true,
            ['a: Invalid value: "boolean": a in body must be of type integer,string: "boolean"'],
        ],
        [
            'minimum',
            { type: 'integer', minimum: 1 },
            0,
            ['a: Invalid value: 0: a in body should be greater than or equal to 1'],
        ],
        [
            'exclusive maximum',
            { type: 'number', maximum: 1, exclusiveMaximum: true },
            1,
            ['a: Invalid value: 1: a in body should be less than 1'],
        ],
        [
            'multiple',
            { type: 'integer', multipleOf: 2 },
            3,
            ['a: Invalid value: 3: a in body should be a multiple of 2'],
        ],
        [
            'short text',
            { type: 'string', minLength: 2 },
            'x',
            ['a: Invalid value: "x": a in body should be at least 2 chars long'],
        ],
        ['long text', { type: 'string', maxLength: 2 }, 'xyz', ['a: Too long: may not be more than 2 bytes']],
        [
            'few items',
            { type: 'array', items: { type: 'string' }, minItems: 1 },
            [],
            ['a: Invalid value: 0: a in body should have at least 1 items'],
        ],
        [
            'many members',
            { type: 'object', additionalProperties: { type: 'string' }, maxProperties: 1 },
            { x: '', y: '' },
            ['a: Too many: 2: must have at most 1 item'],
        ],
        [
            'format',
            { type: 'string', format: 'date-time' },
            'now',
            ['a: Invalid value: "now": a in body must be of type date-time: "now"'],
        ],
        ['an unknown format', { type: 'string', format: 'whatever' }, 'now', []],
        ['required', of({}, { required: ['x'] }), {}, ['a.x: Required value']],
        [
            'anyOf',
            of({}, { anyOf: [{ required: ['x'] }, { required: ['y'] }] }),
            {},
            ['a: Invalid value: "": "a" must validate at least one schema (anyOf)', 'a.x: Required value'],
        ],
        [
            'two of oneOf',
            of({}, { oneOf: [{ required: ['x'] }, { required: ['y'] }] }),
            { x: 1, y: 1 },
            [
                'a: Invalid value: "": "a" must validate one and only one schema (oneOf). Found 2 valid alternatives',
            ],
        ],
        [
            'not',
            of({}, { not: { required: ['x'] } }),
            { x: 1 },
            ['a: Invalid value: "": "a" must not validate the schema (not)'],
        ],
    ])('%s', (_what, schema, value, errors) => {
        expect(compile(of({ a: schema }))({ a: value }).map(formatFieldError)).toEqual(errors);
    });

    it('lists hold no duplicates where they are sets or have keys', () => {
        const items = of({ k: { type: 'string' }, v: { type: 'string' } });
        const schema = of({
            set: { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set' },
            map: {
                type: 'array',
                items,
                'x-kubernetes-list-type': 'map',
                'x-kubernetes-list-map-keys': ['k'],
            },
        });
        const errors = validateListTypes(
            {
                set: ['a', 'b', 'a'],
                map: [
                    { k: '1', v: 'a' },
                    { k: '1', v: 'b' },
                ],
            },
            schema,
        );
        expect(errors.map(formatFieldError)).toEqual([
            'set[2]: Duplicate value: "a"',
            'map[1]: Duplicate value: {"k":"1"}',
        ]);
    });

    it('embedded objects have a type', () => {
        const schema = of({
            e: {
                type: 'object',
                'x-kubernetes-embedded-resource': true,
                'x-kubernetes-preserve-unknown-fields': true,
            },
        });
        expect(validateEmbedded({ e: { kind: 'Pod' } }, schema).map(formatFieldError)).toEqual([
            'e.apiVersion: Required value: must not be empty',
        ]);
    });

    it('what did not change is found by key, not by index', () => {
        const items = of({ k: { type: 'string' }, v: { type: 'integer' } });
        const keyed: StructuralSchema = {
            type: 'array',
            items,
            'x-kubernetes-list-type': 'map',
            'x-kubernetes-list-map-keys': ['k'],
        };
        const [old, object] = [{ l: [{ k: 'a', v: 1 }] }, { l: [{ k: 'b' }, { k: 'a', v: 1 }] }];
        const isUnchanged = (at: string[], list: StructuralSchema): boolean =>
            isUnchangedAt(
                { at, correlatedDepth: at.length },
                Correlation.ofObject(object, old, of({ l: list })),
            );
        expect(isUnchanged(['l', '1', 'v'], keyed)).toBe(true);
        expect(isUnchanged(['l', '0'], keyed)).toBe(false);
        expect(isUnchanged(['l', '1', 'v'], { type: 'array', items })).toBe(false);
    });

    it('what a schema inside of allOf finds goes by the part that has the allOf', async () => {
        const compile = await loadSchemaCompiler();
        const spec: StructuralSchema = {
            ...of({ a: { type: 'string' }, b: { type: 'string' } }),
            allOf: [{ properties: { a: { maxLength: 1 } } }],
        };
        const schema = of({ spec, other: { type: 'string', maxLength: 1 } });
        const tolerated = (object: object, old: object): boolean[] =>
            compile(schema)(object).map((error) =>
                isUnchangedAt(error, Correlation.ofObject(object, old, schema)),
            );
        const old = { spec: { a: 'long', b: 'x' }, other: 'long' };
        expect(tolerated({ ...old, spec: { a: 'long', b: 'y' } }, old)).toEqual([false, true]);
        expect(tolerated({ ...old, other: 'longer' }, old)).toEqual([true, false]);
    });
});

describe('patterns', () => {
    it('are read as Go has them', () => {
        expect(compilePattern('(?i)^abc$').test('ABC')).toBe(true);
        expect(compilePattern('^[[:alpha:]]+\\z').test('ab')).toBe(true);
        expect(compilePattern('(?P<x>a)').test('a')).toBe(true);
        expect(() => compilePattern('(')).toThrow(SyntaxError);
    });

    it.each(['^(a+)+$', '^(a|a)*$', '^(a{1,30}){1,30}$'])('%s ends in time for any text', (pattern) => {
        const begin = performance.now();
        expect(compilePattern(pattern).test(`${'a'.repeat(40)}!`)).toBe(false);
        expect(performance.now() - begin).toBeLessThan(5_000);
    });
});

describe('JSON paths', () => {
    const object = {
        spec: {
            'a.b': 1,
            list: [
                { type: 'A', v: 1 },
                { type: 'B', v: 2 },
            ],
        },
    };
    it.each<[string, unknown[]]>([
        ['.spec.list[0].type', ['A']],
        ['.spec.list[-1].type', ['B']],
        ['.spec.list[*].v', [1, 2]],
        ['.spec.list[?(@.type=="B")].v', [2]],
        ['.spec.list[?(@.v>1)].type', ['B']],
        [".spec['a.b']", [1]],
        ['.spec.a\\.b', [1]],
        ['..type', ['A', 'B']],
        ['.spec.none.deeper', []],
        ['.constructor', []],
    ])('%s', (path, found) => {
        expect(parseJsonPath(path).find(object)).toEqual(found);
    });

    it.each(['spec', '.spec[', '.spec[]', '.a[?(x)]'])('%s is none', (path) => {
        expect(() => parseJsonPath(path)).toThrow();
    });
});
