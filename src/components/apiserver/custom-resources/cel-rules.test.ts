import { describe, expect, it } from '@jest/globals';
import { createCelCompiler } from '../../../api/cel/compiler.ts';
import type { StructuralSchema } from '../../../api/structural-schema/schema.ts';
import { ObjectRules } from './cel-rules.ts';
import { ruleErrors } from './definition-rules.ts';
import type { Rule } from './rule-compilation.ts';

const compiler = createCelCompiler();
const string: StructuralSchema = { type: 'string' };
const integer: StructuralSchema = { type: 'integer' };

function ruled(schema: StructuralSchema, ...rules: (string | Partial<Rule>)[]): StructuralSchema {
    const own = rules.map((rule) => (typeof rule === 'string' ? { rule } : { rule: 'false', ...rule }));
    return { ...schema, 'x-kubernetes-validations': own };
}

function object(properties: Record<string, StructuralSchema>): StructuralSchema {
    return { type: 'object', properties };
}

/** "field: message" of what the rules of a schema say about an object. */
function judge(schema: StructuralSchema, value: unknown, old?: unknown): string[] {
    const errors = new ObjectRules(schema, compiler).validate(value, { old });
    return errors.map(({ field, message }) => `${field}: ${message}`);
}

/** Warnings of an update, which must not be refused. */
function warnings(schema: StructuralSchema, value: unknown, old: unknown): string[] {
    const texts: string[] = [];
    const warn = (text: string): unknown => texts.push(text);
    expect(new ObjectRules(schema, compiler).validate(value, { old, warn })).toEqual([]);
    return texts;
}

function refusals(schema: StructuralSchema): string[] {
    return ruleErrors(schema, compiler, 'schema').map(({ field, message }) => `${field}: ${message}`);
}

const keyed: StructuralSchema = {
    type: 'array',
    items: object({ name: string, port: integer }),
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['name'],
};
const set: StructuralSchema = { type: 'array', items: string, 'x-kubernetes-list-type': 'set' };
const plain: StructuralSchema = { type: 'array', items: string };

describe('lists in rules', () => {
    const ports = [
        { name: 'http', port: 80 },
        { name: 'https', port: 443 },
    ];
    const schema = object({ set, other: set, plain, keyed, changed: keyed });
    const data = {
        set: ['a', 'b'],
        other: ['b', 'a'],
        plain: ['b', 'a'],
        keyed: ports,
        changed: [
            { name: 'https', port: 8443 },
            { name: 'dns', port: 53 },
        ],
    };

    it.each([
        ['sets are equal in any order', 'self.set == self.other && self.set == self.plain'],
        ['the first list decides whether order counts', 'self.plain != self.set'],
        [
            'sets are merged',
            "self.set + ['c', 'a'] == ['c', 'b', 'a'] && (self.set + ['c', 'a']).size() == 3",
        ],
        ['merged sets keep the order of the first', "(self.set + ['c', 'a'])[2] == 'c'"],
        ['other lists follow each other', "self.plain + ['a'] == ['b', 'a', 'a']"],
        ['lists with keys are equal in any order', 'self.keyed == [self.keyed[1], self.keyed[0]]'],
        ['their elements are compared', 'self.keyed != self.changed'],
        [
            'lists with keys are merged, the second winning',
            "(self.keyed + self.changed).map(p, p.name) == ['http', 'https', 'dns'] && (self.keyed + self.changed)[1].port == 8443",
        ],
    ])('%s', (_name, rule) => {
        expect(judge(ruled(schema, rule), data)).toEqual([]);
    });

    it('are correlated by their keys', () => {
        const items = ruled(keyed.items!, { rule: 'self.port >= oldSelf.port', message: 'only grows' });
        const schema = object({ ports: { ...keyed, items } });
        const swapped = {
            ports: [
                { name: 'https', port: 444 },
                { name: 'http', port: 79 },
                { name: 'new', port: 1 },
            ],
        };
        expect(judge(schema, swapped, { ports })).toEqual(['ports[1]: Invalid value: only grows']);
        expect(judge(schema, swapped)).toEqual([]);
    });
});

describe('rules about changes', () => {
    it('judge what did not change as well, others do not', () => {
        const schema = object({
            count: ruled(integer, { rule: 'self > oldSelf', message: 'must grow' }, 'self < 5'),
        });
        expect(judge(schema, { count: 9 }, { count: 9 })).toEqual(['count: Invalid value: 9: must grow']);
        expect(judge(schema, { count: 10 }, { count: 9 })).toEqual([
            'count: Invalid value: 10: failed rule: self < 5',
        ]);
    });

    it('see an old value that need not be there with optionalOldSelf', () => {
        const rule = { rule: "oldSelf.orValue('a') == self", optionalOldSelf: true };
        const schema = object({ name: ruled(string, rule) });
        expect(judge(schema, { name: 'a' })).toEqual([]);
        expect(judge(schema, { name: 'b' })).toHaveLength(1);
        expect(judge(schema, { name: 'b' }, { name: 'b' })).toEqual([]);
        expect(judge(schema, { name: 'b' }, { name: 'a' })).toHaveLength(1);
    });

    it('are refused where old and new cannot be told to be the same', () => {
        const schema = object({ names: { ...plain, items: ruled(string, 'self == oldSelf') } });
        expect(
            refusals({
                ...schema,
                properties: {
                    names: {
                        ...plain,
                        maxItems: 5,
                        items: ruled({ ...string, maxLength: 5 }, 'self == oldSelf'),
                    },
                },
            }),
        ).toEqual([
            'schema.properties[names].items.x-kubernetes-validations[0].rule: Invalid value: "self == oldSelf": oldSelf cannot be used on the uncorrelatable portion of the schema within schema.properties[names]',
        ]);
        const never = object({ a: ruled(integer, { rule: 'self > 0', optionalOldSelf: true }) });
        expect(refusals(never)).toEqual([
            'schema.properties[a].x-kubernetes-validations[0].optionalOldSelf: Invalid value: true: may not be set if oldSelf is not used in rule',
        ]);
    });
});

describe('rules that were broken before', () => {
    const broken = { rule: 'self > 9', message: 'too small' };

    it('are warned of where nothing changed', () => {
        const schema = object({ count: ruled(integer, broken), other: integer });
        expect(warnings(schema, { count: 1, other: 2 }, { count: 1, other: 1 })).toEqual([
            'count: Invalid value: 1: too small',
        ]);
        expect(judge(schema, { count: 2 }, { count: 1 })).toEqual(['count: Invalid value: 2: too small']);
    });

    it('are still errors where they cannot be evaluated', () => {
        const schema = object({ count: ruled(integer, '1 / self > 0') });
        expect(judge(schema, { count: 0 }, { count: 0 })).toEqual([
            'count: Invalid value: "integer": division by zero evaluating rule: 1 / self > 0',
        ]);
    });

    it('are warned of for items by their keys, in whatever order', () => {
        const items = ruled(keyed.items!, { rule: 'self.port > 100', message: 'too low' });
        const schema = object({ ports: { ...keyed, items } });
        const [a, b] = [
            { name: 'a', port: 1 },
            { name: 'b', port: 2 },
        ];
        expect(warnings(schema, { ports: [b, a] }, { ports: [a, b] })).toEqual([
            'ports[0]: Invalid value: too low',
            'ports[1]: Invalid value: too low',
        ]);
        expect(judge(schema, { ports: [{ ...a, port: 3 }, b] }, { ports: [a, b] })).toEqual([
            'ports[0]: Invalid value: too low',
        ]);
    });

    it('are errors for items of plain lists, unless the whole list is the same', () => {
        const schema = object({ list: { ...plain, items: ruled(string, { rule: "self != 'x'" }) } });
        expect(warnings(schema, { list: ['x', 'y'] }, { list: ['x', 'y'] })).toHaveLength(1);
        expect(judge(schema, { list: ['x', 'z'] }, { list: ['x', 'y'] })).toHaveLength(1);
    });

    it('are errors where no schema says what a member is', () => {
        const free = { ...object({}), 'x-kubernetes-preserve-unknown-fields': true };
        const schema = object({ free: ruled(free, { rule: 'false' }) });
        expect(judge(schema, { free: { a: 1 } }, { free: { a: 1 } })).toHaveLength(1);
        expect(warnings(schema, { free: {} }, { free: {} })).toHaveLength(1);
    });

    it('inside of allOf are warned of only where what is around the part is the same', () => {
        const count = { ...integer, allOf: [ruled({}, broken)] };
        const schema = object({ spec: object({ count, other: integer }) });
        const old = { spec: { count: 1, other: 1 } };
        expect(judge(schema, { spec: { count: 1, other: 1 } })).toEqual([
            'spec.count: Invalid value: 1: too small',
        ]);
        expect(warnings(schema, { spec: { count: 1, other: 1 } }, old)).toHaveLength(1);
        expect(judge(schema, { spec: { count: 1, other: 2 } }, old)).toHaveLength(1);
    });
});

describe('rules inside of allOf', () => {
    it('judge the part, and the parts inside of it', () => {
        const inner = { properties: { name: ruled({}, "self != 'x'") }, allOf: [ruled({}, 'self.port > 1')] };
        const schema = object({ spec: { ...object({ name: string, port: integer }), allOf: [inner] } });
        expect(judge(schema, { spec: { name: 'x', port: 1 } })).toEqual([
            'spec: Invalid value: failed rule: self.port > 1',
            'spec.name: Invalid value: "x": failed rule: self != \'x\'',
        ]);
        expect(judge(schema, { spec: { name: 'y', port: 2 } })).toEqual([]);
    });
});

describe('what a failed rule says', () => {
    it.each<[string, Partial<Rule>, string]>([
        ['its text', { rule: 'self == 2' }, 'a: Invalid value: 1: failed rule: self == 2'],
        ['its message', { message: ' must be two ' }, 'a: Invalid value: 1: must be two'],
        ['its own message', { messageExpression: "'not ' + string(self)" }, 'a: Invalid value: 1: not 1'],
        [
            'its text where the message cannot be made',
            { messageExpression: 'string(1 / (self - 1))' },
            'a: Invalid value: 1: failed rule: false',
        ],
        ['that a field is required', { reason: 'FieldValueRequired', message: 'm' }, 'a: Required value: m'],
        ['that a field is forbidden', { reason: 'FieldValueForbidden', message: 'm' }, 'a: Forbidden: m'],
        ['that a value is a duplicate', { reason: 'FieldValueDuplicate' }, 'a: Duplicate value: 1'],
        [
            'what went wrong',
            { rule: '1 / (self - 1) > 0' },
            'a: Invalid value: "integer": division by zero evaluating rule: 1 / (self - 1) > 0',
        ],
    ])('%s', (_name, rule, expected) => {
        expect(judge(object({ a: ruled(integer, rule) }), { a: 1 })).toEqual([expected]);
    });

    it('is told of a field inside, and of members by key', () => {
        const spec = {
            type: 'object',
            additionalProperties: ruled(object({ b: string }), { fieldPath: '.b', message: 'm' }),
        };
        expect(judge(object({ spec }), { spec: { k: { b: 'x' } } })).toEqual(['spec[k].b: Invalid value: m']);
    });

    it('about types that do not fit is told in words', () => {
        const value: StructuralSchema = { 'x-kubernetes-int-or-string': true };
        expect(judge(object({ v: ruled(value, 'self < 5') }), { v: 'a' })).toEqual([
            `v: Invalid value: "": 'no such overload': call arguments did not match a supported operator, function or macro signature for rule: self < 5`,
        ]);
    });
});

describe('what evaluation may cost', () => {
    /** Costs about so much, and does next to nothing. */
    const costing = (units: number) => `[[self]].flatten(${units}).size() == 1`;

    it('is bounded for one rule', () => {
        const schema = object({ a: ruled(integer, costing(1_000_000), 'false') });
        expect(judge(schema, { a: 1 })).toEqual([
            `a: Invalid value: "integer": 'operation cancelled: actual cost limit exceeded': no further validation rules will be run due to call cost exceeds limit for rule: ${costing(1_000_000)}`,
        ]);
    });

    it('is bounded for all rules of an object', () => {
        const rules = Array<string>(11).fill(costing(990_000));
        const schema = object({ a: ruled(integer, ...rules.slice(1)), b: ruled(integer, 'self == 2') });
        expect(judge(schema, { a: 1, b: 1 })).toEqual(['b: Invalid value: 1: failed rule: self == 2']);
        const over = object({ a: ruled(integer, ...rules), b: ruled(integer, 'false') });
        expect(judge(over, { a: 1, b: 1 })).toEqual([
            'a: Invalid value: "integer": validation failed due to running out of cost budget, no further validation rules will be run',
        ]);
    });

    it('is bounded for messages', () => {
        const messageExpression = `string(${costing(1_000_000)})`;
        const schema = object({ a: ruled(integer, { messageExpression }, 'false') });
        expect(judge(schema, { a: 1 })).toEqual([
            `a: Invalid value: "integer": no further validation rules will be run due to call cost exceeds limit for messageExpression: ${JSON.stringify(messageExpression)}`,
        ]);
    });
});

describe('rules of a definition', () => {
    it.each<[string, Partial<Rule>, string]>([
        ['have a text', { rule: ' ' }, 'rule: Required value: rule is not specified'],
        [
            'give booleans',
            { rule: 'self' },
            'rule: Invalid value: {"Rule":"self","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: cel expression must evaluate to a bool',
        ],
        [
            'have messages of one line',
            { message: 'a\nb' },
            'message: Invalid value: "a\\nb": message must not contain line breaks',
        ],
        [
            'of several lines have a message',
            { rule: 'true ||\nfalse' },
            'message: Required value: message must be specified if rule contains line breaks',
        ],
        [
            'have known reasons',
            { reason: 'Because' },
            'reason: Unsupported value: "Because": supported values: "FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"',
        ],
        [
            'name fields that there are',
            { fieldPath: '.none' },
            'fieldPath: Invalid value: ".none": fieldPath must be a valid path',
        ],
        [
            'make messages of text',
            { messageExpression: '1' },
            'messageExpression: Invalid value: {"Rule":"false","Message":"","MessageExpression":"1","Reason":null,"FieldPath":"","OptionalOldSelf":null}: messageExpression must evaluate to a string',
        ],
        [
            'make messages that compile',
            { messageExpression: 'x' },
            expect.stringContaining(
                "messageExpression compilation failed: ERROR: <input>:1:1: undeclared reference to 'x' (in container '')",
            ) as unknown as string,
        ],
    ])('%s', (_name, rule, expected) => {
        const at = 'schema.properties[a].x-kubernetes-validations[0].';
        const found = refusals(object({ a: ruled(integer, rule) })).map((text) => text.replace(at, ''));
        expect(found).toEqual([expected]);
    });

    it('do not see fields of unknown type', () => {
        const unknown: StructuralSchema = { 'x-kubernetes-preserve-unknown-fields': true };
        expect(refusals(ruled(object({ any: unknown }), 'has(self.any)'))).toEqual([
            expect.stringContaining("undefined field 'any'"),
        ]);
    });
});
