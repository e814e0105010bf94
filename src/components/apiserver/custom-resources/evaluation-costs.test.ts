import { describe, expect, it } from '@jest/globals';
import { createCelCompiler } from '../../../api/cel/compiler.ts';
import type { StructuralSchema } from '../../../api/structural-schema/schema.ts';
import { ruleEnvironments } from './rule-compilation.ts';
import { declarationOf } from './rule-types.ts';

const compiler = createCelCompiler();
const string: StructuralSchema = { type: 'string' };
const integer: StructuralSchema = { type: 'integer' };
const list = (items: StructuralSchema, more: StructuralSchema = {}): StructuralSchema => ({
    ...more,
    type: 'array',
    items,
});
const object = (properties: Record<string, StructuralSchema>): StructuralSchema => ({
    type: 'object',
    properties,
});
const set = list(string, { 'x-kubernetes-list-type': 'set' });

function costOf(schema: StructuralSchema, self: unknown, rule: string): number | string {
    const declaration = declarationOf(schema, true);
    if (declaration === undefined) return 'no declaration';
    const compiled = compiler.compile(rule, ruleEnvironments(declaration, false).plain);
    if (compiled.type === 'invalid') return compiled.message;
    const outcome = compiled.program.evaluate({ self }, 1_000_000);
    return outcome.type === 'value' ? outcome.cost : outcome.type;
}

/** Costs that upstream guards against change (apiextensions-apiserver celcoststability_test.go). */
const costs: [name: string, schema: StructuralSchema, self: unknown, costs: Record<string, number>][] = [
    [
        'numbers',
        object({ val1: integer, val2: integer, val3: { type: 'number' } }),
        { val1: 5, val2: 5, val3: 10 },
        {
            'self.val1 == self.val2': 5,
            'type(self.val1) == int': 4,
            'self.val1 + 1 == 5 + 1': 5,
            'double(self.val1) < self.val3': 6,
            'int(self.val3) == self.val1': 6,
        },
    ],
    [
        'texts',
        object({ val1: string, val2: string }),
        { val1: 'Rook takes 👑', val2: '200M' },
        {
            "self.val1.startsWith('Rook')": 4,
            'size(self.val1) == 12': 4,
            "self.val1.charAt(3) == 'k'": 4,
            "self.val1.split(' ', 2) == ['Rook', 'takes 👑']": 6,
            "self.val1.upperAscii() == 'ROOK TAKES 👑'": 6,
            'isQuantity(self.val2)': 3,
            'quantity("50Mi").isGreaterThan(quantity("50M"))': 3,
            'quantity(self.val2).isInteger()': 4,
        },
    ],
    [
        'lists',
        object({ val1: set, val2: set, numbers: list(integer) }),
        {
            val1: ['a', 'b', 'c'],
            val2: ['a', 'c', 'b'],
            numbers: [1, 1, 2, 2, 3, 3, 4, 5],
        },
        {
            'self.val1 == self.val2': 5,
            "'a' in self.val1": 5,
            "!('x' in self.val1)": 6,
            "sets.contains(self.val1, ['a'])": 6,
            "sets.equivalent(self.val1, ['a', 'b', 'c'])": 21,
            "sets.intersects(self.val1, ['a'])": 6,
            '2 in self.numbers': 10,
            'self.numbers.all(e, e > 0)': 43,
            'self.numbers.exists(e, e > 2)': 36,
            'self.numbers.exists_one(e, e > 4)': 22,
            '!self.numbers.exists(e, e < 0)': 52,
            'size(self.numbers.filter(e, e%2 == 0)) == 3': 68,
            'size(self.numbers) == 8': 4,
        },
    ],
    [
        'maps and objects',
        object({ val: { type: 'object', additionalProperties: integer }, a: object({ b: integer }) }),
        { val: { b: 1, d: 2 }, a: { b: 1 } },
        {
            "!('a' in self.val)": 4,
            'has(self.val.b)': 2,
            'self.val.all(k, self.val[k] > 0)': 17,
            'self.val.exists_one(k, self.val[k] == 2)': 14,
            'size(self.val.filter(k, self.val[k] > 1)) == 1': 26,
            'has(self.a.b)': 2,
        },
    ],
];

describe('what evaluating a rule costs', () => {
    it.each(costs)('with %s is what it costs upstream', (_name, schema, self, expected) => {
        const found = Object.keys(expected).map((rule) => [rule, costOf(schema, self, rule)]);
        expect(Object.fromEntries(found)).toEqual(expected);
    });
});
