import { describe, expect, it } from '@jest/globals';
import { formatFieldError } from '../meta/field-error.ts';
import { defaultErrors } from './default-rules.ts';
import { structuralErrors } from './rules.ts';
import type { StructuralSchema } from './schema.ts';
import { loadSchemaCompiler } from './validate.ts';

const wrong = (schema: unknown): string[] =>
    structuralErrors(schema as StructuralSchema, 's').map(formatFieldError);
const inSpec = (spec: object): object => ({ type: 'object', properties: { spec } });
const at = 's.properties[spec]';

describe('structural rules', () => {
    it.each<[string, object, string[]]>([
        ['no type at the root', {}, ['s.type: Required value: must not be empty at the root']],
        [
            'another type at the root',
            { type: 'array', items: {} },
            [
                's.type: Invalid value: "array": must be object at the root',
                's.items.type: Required value: must not be empty for specified array items',
            ],
        ],
        [
            'no type of a field',
            inSpec({}),
            [`${at}.type: Required value: must not be empty for specified object fields`],
        ],
        [
            'an unknown type',
            inSpec({ type: 'float' }),
            [
                `${at}.type: Unsupported value: "float": supported values: "array", "boolean", "integer", "number", "object", "string"`,
            ],
        ],
        [
            'the type null',
            inSpec({ type: 'null' }),
            [`${at}.type: Forbidden: type cannot be set to null, use nullable as an alternative`],
        ],
        [
            'a reference',
            inSpec({ type: 'object', $ref: '#/a' }),
            [`${at}.$ref: Forbidden: $ref is not supported`],
        ],
        [
            'unique items',
            inSpec({ type: 'array', items: { type: 'string' }, uniqueItems: true }),
            [
                `${at}.uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic`,
            ],
        ],
        [
            'a list without items',
            inSpec({ type: 'array' }),
            [`${at}.items: Required value: must be specified`],
        ],
        [
            'properties beside values of a map',
            inSpec({
                type: 'object',
                properties: { a: { type: 'string' } },
                additionalProperties: { type: 'string' },
            }),
            [
                `${at}.additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive`,
            ],
        ],
        [
            'a typed int-or-string',
            inSpec({ type: 'string', 'x-kubernetes-int-or-string': true }),
            [`${at}.type: Invalid value: "string": must be empty if x-kubernetes-int-or-string is true`],
        ],
        [
            'rules of metadata',
            {
                type: 'object',
                properties: { metadata: { type: 'object', properties: { labels: { type: 'object' } } } },
            },
            [
                's.properties[metadata]: Forbidden: must not specify anything other than name and generateName, but metadata is implicitly specified',
            ],
        ],
        [
            'a type in anyOf',
            inSpec({ type: 'object', anyOf: [{ type: 'string' }] }),
            [`${at}.anyOf[0].type: Forbidden: must be empty to be structural`],
        ],
        ...['allOf', 'anyOf', 'oneOf'].map((key): [string, object, string[]] => [
            `rules of the expression language in ${key}`,
            inSpec({ type: 'object', [key]: [{ 'x-kubernetes-validations': [{ rule: 'true' }] }] }),
            [`${at}.${key}[0].x-kubernetes-validations: Forbidden: must be empty to be structural`],
        ]),
        [
            'rules of the expression language in not, at any depth',
            inSpec({
                type: 'object',
                properties: { a: { type: 'string' } },
                not: { properties: { a: { 'x-kubernetes-validations': [{ rule: 'true' }] } } },
            }),
            [`${at}.not.properties[a].x-kubernetes-validations: Forbidden: must be empty to be structural`],
        ],
        [
            'keys of a list in allOf',
            inSpec({
                type: 'array',
                items: { type: 'object' },
                allOf: [{ 'x-kubernetes-list-map-keys': ['a'] }],
            }),
            [`${at}.allOf[0].x-kubernetes-list-map-keys: Forbidden: must be empty to be structural`],
        ],
        [
            'metadata in allOf',
            {
                type: 'object',
                properties: { metadata: { type: 'object' } },
                allOf: [{ properties: { metadata: { properties: { name: { minLength: 3 } } } } }],
            },
            [
                's.allOf[0].properties[metadata]: Forbidden: must not be specified in a nested context',
                's.properties[metadata].properties[name]: Required value: because it is defined in s.allOf[0].properties[metadata].properties[name]',
            ],
        ],
        [
            'types of int-or-string in another order',
            inSpec({ 'x-kubernetes-int-or-string': true, anyOf: [{ type: 'string' }, { type: 'integer' }] }),
            [
                `${at}.anyOf[0].type: Forbidden: must be empty to be structural`,
                `${at}.anyOf[1].type: Forbidden: must be empty to be structural`,
            ],
        ],
        [
            'values of a map at the root',
            { type: 'object', additionalProperties: { type: 'string' } },
            ['s.additionalProperties: Forbidden: must not be used at the root'],
        ],
        [
            'a field that only oneOf knows',
            inSpec({ type: 'object', oneOf: [{ properties: { a: {} } }] }),
            [`${at}.properties[a]: Required value: because it is defined in ${at}.oneOf[0].properties[a]`],
        ],
        [
            'a keyed list without keys',
            inSpec({ type: 'array', 'x-kubernetes-list-type': 'map', items: { type: 'object' } }),
            [
                `${at}.x-kubernetes-list-map-keys: Required value: must not be empty if x-kubernetes-list-type is map`,
            ],
        ],
        [
            'keys that may be missing',
            inSpec({
                type: 'array',
                'x-kubernetes-list-type': 'map',
                'x-kubernetes-list-map-keys': ['k'],
                items: { type: 'object', properties: { k: { type: 'string' } } },
            }),
            [
                `${at}.items.properties[k].default: Required value: this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property`,
            ],
        ],
        [
            'a set of maps',
            inSpec({ type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'object' } }),
            [
                `${at}.items.x-kubernetes-map-type: Invalid value: "": must be atomic as item of a list with x-kubernetes-list-type=set`,
            ],
        ],
        [
            'an embedded resource without content',
            inSpec({ type: 'object', 'x-kubernetes-embedded-resource': true }),
            [
                `${at}.properties: Required value: must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields`,
            ],
        ],
    ])('refuse %s', (_what, schema, errors) => {
        expect(wrong(schema)).toEqual(errors);
    });

    it.each<[string, object]>([
        [
            'int-or-string with its usual anyOf',
            inSpec({ 'x-kubernetes-int-or-string': true, anyOf: [{ type: 'integer' }, { type: 'string' }] }),
        ],
        [
            'int-or-string with its usual anyOf inside of allOf',
            inSpec({
                'x-kubernetes-int-or-string': true,
                allOf: [{ anyOf: [{ type: 'integer' }, { type: 'string' }] }, { pattern: '^1' }],
            }),
        ],
        [
            'fields that are preserved without a type',
            inSpec({ 'x-kubernetes-preserve-unknown-fields': true }),
        ],
        [
            'oneOf of required fields',
            inSpec({
                type: 'object',
                properties: { a: { type: 'string' } },
                oneOf: [{ required: ['a'] }, { not: { required: ['a'] } }],
            }),
        ],
    ])('take %s', (_what, schema) => {
        expect(wrong(schema)).toEqual([]);
    });

    it('refuse what is nested without end', () => {
        let schema: object = { type: 'string' };
        for (let i = 0; i < 150; i++) schema = inSpec(schema);
        expect(wrong(schema)).toEqual([expect.stringContaining('the schema is nested too deeply')]);
    });
});

describe('defaults in schemas', () => {
    it.each([
        [
            { type: 'integer', default: 'a' },
            '.default: Invalid value: "string": default in body must be of type integer: "string"',
        ],
        [
            { type: 'object', properties: {}, default: { a: 1 } },
            '.default: Invalid value: {"a":1}: must not have unknown fields',
        ],
    ])('%j is wrong', async (schema, message) => {
        const compile = await loadSchemaCompiler();
        const errors = defaultErrors(inSpec(schema), 's', compile);
        expect(errors.map(formatFieldError)).toEqual([at + message]);
    });
});
