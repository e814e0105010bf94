import { describe, expect, it } from '@jest/globals';
import { createCelCompiler } from '../../../api/cel/compiler.ts';
import type { StructuralSchema } from '../../../api/structural-schema/schema.ts';
import { ruleErrors } from './definition-rules.ts';
import { ruleEnvironments } from './rule-compilation.ts';
import { declarationOf } from './rule-types.ts';

const compiler = createCelCompiler();
const string: StructuralSchema = { type: 'string' };
const integer: StructuralSchema = { type: 'integer' };
const number: StructuralSchema = { type: 'number' };
const byte: StructuralSchema = { type: 'string', format: 'byte' };
const duration: StructuralSchema = { type: 'string', format: 'duration' };
const date: StructuralSchema = { type: 'string', format: 'date' };
const dateTime: StructuralSchema = { type: 'string', format: 'date-time' };
const intOrString: StructuralSchema = { 'x-kubernetes-int-or-string': true };
const list = (items: StructuralSchema, maxItems?: number): StructuralSchema => ({
    type: 'array',
    items,
    ...(maxItems === undefined ? {} : { maxItems }),
});
const map = (values: StructuralSchema, maxProperties?: number): StructuralSchema => ({
    type: 'object',
    additionalProperties: values,
    ...(maxProperties === undefined ? {} : { maxProperties }),
});
const object = (properties: Record<string, StructuralSchema>): StructuralSchema => ({
    type: 'object',
    properties,
});
const keyed = (items: StructuralSchema): StructuralSchema => ({
    ...list(items),
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['k'],
});
/** Properties val1, val2, … */
const values = (...schemas: StructuralSchema[]): StructuralSchema =>
    object(Object.fromEntries(schemas.map((schema, index) => [`val${index + 1}`, schema])));

function estimate(schema: StructuralSchema, expression: string): bigint | string | undefined {
    const declaration = declarationOf(schema, true)!;
    const compiled = compiler.compile(expression, ruleEnvironments(declaration, true).plain);
    return compiled.type === 'compiled' ? compiled.program.estimatedCost : compiled.message;
}

/** A tenth of the largest number of 64 bits: what comparing texts of unknown length costs. */
const unknownComparison = 1844674407370955264n;

/** Estimates that upstream guards against change (apiextensions-apiserver celcoststability_test.go). */
const estimates: [name: string, schema: StructuralSchema, costs: Record<string, bigint | number>][] = [
    [
        'numbers',
        values(integer, number, integer),
        {
            'self.val1 == self.val3': 4,
            'type(self.val1) == int': 4,
            'self.val1 + 1 == 2147483647 + 1': 5,
            'self.val2 == 1.0': 2,
            'double(self.val1) < self.val2': 6,
            'double(5) < 10.0': 2,
            'int(self.val2) == self.val1': 5,
        },
    ],
    [
        'texts',
        values(string, string),
        {
            "self.val1 == self.val2 && self.val1 == 'Rook takes 👑' && self.val2 == 'Rook takes 👑'": 314585,
            "self.val1.startsWith('Rook')": 3,
            "self.val1.matches('^[^0-9]*$')": 943721,
            "!self.val1.matches('^[0-9]*$')": 629149,
            'size(self.val1) == 12': 4,
            "self.val1.charAt(3) == 'k'": 4,
            "self.val1.indexOf('o') == 1": 314576,
            "self.val1.replace(' ', 'x') == 'Rookxtakesx👑'": 629150,
            "self.val1.split(' ') == ['Rook', 'takes', '👑']": 629159,
            "self.val1.split(' ', 2) == ['Rook', 'takes 👑']": 629159,
            "self.val1.substring(4, 10).trim() == 'takes'": 629149,
            "self.val1.upperAscii() == 'ROOK TAKES 👑'": 314577,
            'self.val1.lowerAscii() == self.val1.lowerAscii()': 943723,
            'isQuantity(self.val1)': 314575,
            'quantity(self.val1).isLessThan(quantity(self.val2))': 629151,
            'quantity("200M").compareTo(quantity("0.2G")) == 0': 4,
        },
    ],
    [
        'bytes, times and spans',
        values(byte, byte, duration, duration, date, date, dateTime, dateTime),
        {
            'self.val1 == self.val2': 314577,
            "self.val1 == b'AB'": 3,
            "self.val3 == self.val4 && self.val3 == duration('1h') && self.val4 == duration('1h')": 16,
            "self.val3 == duration('1h2m') + duration('3s4ms')": 6,
            'self.val3.getHours() == 1': 4,
            'self.val5 == self.val6': 6,
            "self.val7.getDate('01:00') == 18": 4,
            'self.val7 == self.val8': 8,
        },
    ],
    [
        'conversions',
        values(string, byte, dateTime),
        {
            'bytes(self.val1) == self.val2': 629150,
            'string(self.val2) == self.val1': 629150,
            'string(self.val3) == self.val1': 314578,
        },
    ],
    [
        'allowed values',
        object({ phase: { type: 'string', enum: ['Pending', 'Available'] } }),
        { "self.phase == 'Pending'": 3, "self.phase in ['Pending', 'Available']": 14 },
    ],
    [
        'lists',
        values(list(integer), list(integer)),
        {
            '1 in self.val1': 1572865,
            'self.val2[0] in self.val1': 1572868,
            'self.val1 + self.val2 == [1, 2, 3, 1, 2, 3]': 16,
            'self.val1 + [4, 5] == [1, 2, 3, 4, 5]': 24,
            'has(self.val1) && has(self.val2)': 2,
            'self.val1.all(k, size(self.val1) > 0)': 11010044,
            'self.val1.exists_one(k, self.val1 == [2])': 23592949,
            '!self.val1.exists_one(k, size(self.val1) > 0)': 9437183,
            'size(self.val1.filter(k, size(self.val1) > 1)) == 1': 26738686,
            'self.val1.all(e, e > 0)': 7864318,
            'self.val1.exists(e, e > 2)': 9437181,
            'size(self.val1.filter(e, e%2 == 0)) == 3': 25165823,
            'self.val1.map(e, e * 20).filter(e, e > 50).exists(e, e == 60)': 53477367,
        },
    ],
    [
        'maps',
        values(map(string), map(integer)),
        {
            'self.val1 == self.val1': 39326,
            "!('k3' in self.val1)": 4,
            "self.val1 == {'k1': 'a', 'k2': 'b'}": 33,
            'self.val1.all(k, size(self.val1) > 0)': 2752508,
            'self.val2.all(k, self.val2[k] > 0)': 3595115,
            'self.val2.exists_one(k, self.val2[k] == 2)': 2696338,
            'size(self.val2.filter(k, self.val2[k] > 1)) == 1': 8089017,
        },
    ],
    [
        'lists with keys',
        object({ listMap: keyed(object({ k: string, v: string, v2: string })) }),
        {
            'has(self.listMap[0].v)': 3,
            "self.listMap.all(m, m.k.startsWith('a'))": 6291453,
            "self.listMap.all(m, !has(m.v2) || m.v2 == 'z')": 8388603,
            "size(self.listMap.filter(m, m.k == 'a1')) == 1": 16777215,
            "self.listMap.map(m, m.v).exists(v, v == 'b1')": 19922939,
            "self.listMap.map(m, has(m.v2) && m.v2 == 'z', m.v2).size() == 1": 18874365,
            "self.listMap.filter(m, has(m.v2) && m.v2 == 'z').map(m, m.v2).size() == 1": 32505851,
        },
    ],
    [
        'lists of lists',
        object({ objs: list(keyed(object({ k: string, v: string }))) }),
        {
            'self.objs[0] == self.objs[1]': 104864,
            'self.objs[0] + self.objs[2] == self.objs[2]': 104868,
            'self.objs[2] + [self.objs[0][0], self.objs[0][1]] == self.objs[0]': 104883,
            'size(self.objs[0] + [self.objs[3][0]]) == 3': 20,
            'self.objs[0].all(k, size(self.objs[0]) > 0)': 8388604,
        },
    ],
    [
        'the names of embedded objects',
        object({ embedded: { type: 'object', 'x-kubernetes-embedded-resource': true } }),
        {
            "self.embedded.metadata.generateName == 'pickItForMe'": 6,
            "self.metadata.name == 'foo'": 4,
            'has(self.embedded)': 1,
        },
    ],
    [
        'numbers or texts',
        object({ min: intOrString, current: integer, available: integer }),
        {
            "type(self.min) == int ? self.min == 1 : self.min == '25%'": 7,
            "self.min != ['anything']": 13,
            "type(self.min) == string && self.min.matches(r'(\\d+(\\.\\d+)?%)')": 1258298,
            "type(self.min) == int ? self.current <= self.min : double(self.current) / double(self.available) >= double(self.min.replace('%', '')) / 100.0": 629162,
        },
    ],
    [
        'bounded containers',
        object({
            maps: map(map(string, 10), 10),
            lists: map(list(string, 10), 10),
            listed: list(map(string, 10), 10),
        }),
        {
            "self.maps['x']['y'] == 'b'": 5,
            'self.maps.map(k, k).map(k, k).size() == 1': 286,
            'self.maps.map(k, self.maps[k].map(m, m)).size() == 1': 1585,
            'self.lists.map(k, self.lists[k].map(l, l)).size() == 1': 1585,
            'self.listed.map(e, e.map(m, m)).size() == 1': 1555,
        },
    ],
    [
        'optional values',
        object({ obj: object({ field: string }), m: map(string), l: list(string) }),
        {
            "optional.of('a') != optional.of('b')": unknownComparison + 2n,
            "optional.of('a').or(optional.of('a')).hasValue()": 4,
            "self.obj.?field == optional.of('a')": unknownComparison + 4n,
            "self.obj.?field.orValue('v') == 'a'": 5,
            "self.m[?'k'] == optional.of('v')": unknownComparison + 4n,
            'type(self) == type(self)': unknownComparison + 4n,
        },
    ],
];

describe('estimated costs of rules', () => {
    it.each(estimates)('of %s are those of upstream', (_name, schema, costs) => {
        const expected = Object.entries(costs).map(([rule, cost]) => [rule, BigInt(cost)]);
        const found = Object.keys(costs).map((rule) => [rule, estimate(schema, rule)]);
        expect(found).toEqual(expected);
    });

    it.each([
        [16, 909_090],
        [63, 333_333],
        [253, 94_339],
        [1024, 24_154],
    ])('let %i characters be looked for in %i texts, and in no more', (maxLength, itemsMax) => {
        const rules = [{ rule: "self.all(x, x.contains('gpu'))" }];
        const errors = (maxItems: number): string[] => {
            const tags = {
                ...list({ type: 'string', maxLength }, maxItems),
                'x-kubernetes-validations': rules,
            };
            return ruleErrors(object({ tags }), compiler, 'schema').map(({ message }) => message);
        };
        expect(errors(itemsMax)).toEqual([]);
        expect(errors(itemsMax + 1)).toEqual([
            expect.stringMatching(
                /^Forbidden: estimated rule cost exceeds budget by factor of 1\.0000\d\dx \(try/,
            ),
        ]);
    });
});

const advice =
    '(try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)';

describe('rules that may cost too much', () => {
    const wasteful = (messageExpression?: string): StructuralSchema =>
        object({
            tags: {
                ...list(string),
                'x-kubernetes-validations': [
                    {
                        rule: "self.all(x, x.contains('gpu'))",
                        ...(messageExpression ? { messageExpression } : {}),
                    },
                ],
            },
        });

    it('are refused by themselves and by the sum of all', () => {
        const rule = 'schema.properties[tags].x-kubernetes-validations[0].rule';
        expect(
            ruleErrors(wasteful(), compiler, 'schema').map(({ field, message }) => [field, message]),
        ).toEqual([
            [rule, `Forbidden: estimated rule cost exceeds budget by factor of more than 100x ${advice}`],
            [
                rule,
                'Forbidden: contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema',
            ],
            [
                'schema',
                `Forbidden: x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema exceeds budget by factor of more than 100x ${advice}`,
            ],
        ]);
    });

    it('count as often as the parts that they are for may be there', () => {
        const rules = [{ rule: "self.contains('a')" }];
        const errors = (maxItems: number | undefined): string[] => {
            const name = { type: 'string', maxLength: 100, 'x-kubernetes-validations': rules };
            const schema = object({ pods: list(object({ names: list(name, 100) }), maxItems) });
            return ruleErrors(schema, compiler, 'schema').map(({ message }) => message);
        };
        // 41 for one of them.
        expect(errors(2439)).toEqual([]);
        expect(errors(4000)).toEqual([
            `Forbidden: estimated rule cost exceeds budget by factor of 1.6x ${advice}`,
        ]);
        expect(errors(undefined)).toHaveLength(1);
    });

    it('have messages that may cost too much themselves', () => {
        const errors = ruleErrors(
            object({
                a: {
                    ...integer,
                    'x-kubernetes-validations': [
                        { rule: 'self > 0', messageExpression: "'a' + string(self)" },
                    ],
                },
            }),
            compiler,
            'schema',
        );
        expect(errors[0]).toEqual({
            reason: 'FieldValueForbidden',
            field: 'schema.properties[a].x-kubernetes-validations[0].messageExpression',
            message: `Forbidden: estimated messageExpression cost exceeds budget by factor of more than 100x ${advice}`,
        });
    });
});
