import { expect, test } from '@jest/globals';
import type { CelEnvironment } from './cel.ts';
import { createCelCompiler } from './compiler.ts';

/** What is refused before it runs, in cel-go's words and at its places. */

const string = { kind: 'string' } as const;
const environment: CelEnvironment = {
    variables: {
        x: { kind: 'int' },
        any: { kind: 'dyn' },
        self: {
            kind: 'object',
            name: 'selfType',
            fields: {
                name: string,
                count: { kind: 'int' },
                tags: { kind: 'list', of: string },
                labels: { kind: 'map', keys: string, of: string },
                spec: { kind: 'object', name: 'selfType.spec', fields: { on: { kind: 'bool' } } },
            },
        },
    },
    constructible: (name) =>
        name === 'Object'
            ? { kind: 'object', name, fields: { count: { kind: 'int' }, name: string } }
            : undefined,
};
const compiler = createCelCompiler();
const expected =
    "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}";

const rows: readonly (readonly [string, string, string])[] = [
    ['self.foo', '1:5', "undefined field 'foo'"],
    ['self.spec.off', '1:10', "undefined field 'off'"],
    ['has(self.foo)', '1:4', "undefined field 'foo'"],
    ['y', '1:1', "undeclared reference to 'y' (in container '')"],
    ['y.z.w', '1:1', "undeclared reference to 'y' (in container '')"],
    ['foo(1)', '1:4', "undeclared reference to 'foo' (in container '')"],
    ['x.foo()', '1:6', "undeclared reference to 'foo' (in container '')"],
    ['1 + "a"', '1:3', "found no matching overload for '_+_' applied to '(int, string)'"],
    ['1 + 1u', '1:3', "found no matching overload for '_+_' applied to '(int, uint)'"],
    ['1 + 1.0', '1:3', "found no matching overload for '_+_' applied to '(int, double)'"],
    ['1 == 1.0', '1:3', "found no matching overload for '_==_' applied to '(int, double)'"],
    ['x == null', '1:3', "found no matching overload for '_==_' applied to '(int, null)'"],
    ['self.name == 1', '1:11', "found no matching overload for '_==_' applied to '(string, int)'"],
    ['self.name < 1', '1:11', "found no matching overload for '_<_' applied to '(string, int)'"],
    [
        'self.tags == [1]',
        '1:11',
        "found no matching overload for '_==_' applied to '(list(string), list(int))'",
    ],
    ['1 in self.tags', '1:3', "found no matching overload for '@in' applied to '(int, list(string))'"],
    [
        '1 in self.labels',
        '1:3',
        "found no matching overload for '@in' applied to '(int, map(string, string))'",
    ],
    ['self + self', '1:6', "found no matching overload for '_+_' applied to '(selfType, selfType)'"],
    ['!x', '1:1', "found no matching overload for '!_' applied to '(int)'"],
    ['-"a"', '1:1', "found no matching overload for '-_' applied to '(string)'"],
    ['x && true', '1:3', "found no matching overload for '_&&_' applied to '(int, bool)'"],
    ['true || x', '1:6', "found no matching overload for '_||_' applied to '(bool, int)'"],
    ['x ? 1 : 2', '1:3', "found no matching overload for '_?_:_' applied to '(int, int, int)'"],
    ['true ? 1 : "a"', '1:6', "found no matching overload for '_?_:_' applied to '(bool, int, string)'"],
    ['"a".startsWith(1)', '1:15', "found no matching overload for 'startsWith' applied to 'string.(int)'"],
    [
        'startsWith("a", "b")',
        '1:11',
        "found no matching overload for 'startsWith' applied to '(string, string)'",
    ],
    ['size(1)', '1:5', "found no matching overload for 'size' applied to '(int)'"],
    ['self.tags["a"]', '1:10', "found no matching overload for '_[_]' applied to '(list(string), string)'"],
    [
        'self.labels[1]',
        '1:12',
        "found no matching overload for '_[_]' applied to '(map(string, string), int)'",
    ],
    ['x.name', '1:2', "type 'int' does not support field selection"],
    ['quantity("1").value', '1:14', "type 'kubernetes.Quantity' does not support field selection"],
    [
        'x.all(i, true)',
        '1:1',
        "expression of type 'int' cannot be range of a comprehension (must be list, map, or dynamic)",
    ],
    ['self.tags.all(t, t)', '1:18', "found no matching overload for '_&&_' applied to '(bool, string)'"],
    ['self.tags.all(t, t > 1)', '1:20', "found no matching overload for '_>_' applied to '(string, int)'"],
    [
        'self.tags.map(t, t).sum()',
        '1:24',
        "found no matching overload for 'sum' applied to 'list(string).()'",
    ],
    ['self.tags.all(t.x, true)', '1:16', 'argument must be a simple name'],
    ['has(self)', '1:5', 'invalid argument to has() macro'],
    ['[1, "a"]', '1:5', "expected type 'int' but found 'string'"],
    ['{"a": 1, "b": "c"}', '1:15', "expected type 'int' but found 'string'"],
    ['{"a": 1, 2: 1}', '1:10', "expected type 'string' but found 'int'"],
    ['duration("1 hour")', '1:10', 'invalid duration argument'],
    ['timestamp("yesterday")', '1:11', 'invalid timestamp argument'],
    ['self.name.matches("a(")', '1:19', 'invalid matches argument'],
    ['self.name.matches("(?=a)")', '1:19', 'invalid matches argument'],
    ['Widget{}', '1:7', "undeclared reference to 'Widget' (in container '')"],
    ['Object{size: 1}', '1:12', "undefined field 'size'"],
    ['Object{count: "a"}', '1:13', "expected type of field 'count' is 'int' but provided type is 'string'"],
    ['1 +', '1:4', `Syntax error: mismatched input '<EOF>' expecting ${expected}`],
    ['', '1:1', `Syntax error: mismatched input '<EOF>' expecting ${expected}`],
    ['*x', '1:1', `Syntax error: mismatched input '*' expecting ${expected}`],
    ['a b', '1:3', "Syntax error: extraneous input 'b' expecting <EOF>"],
    ['a b c', '1:3', "Syntax error: mismatched input 'b' expecting <EOF>"],
    ['(1', '1:3', "Syntax error: missing ')' at '<EOF>'"],
    ['[1', '1:3', "Syntax error: missing ']' at '<EOF>'"],
    ['x @ 1', '1:3', "Syntax error: token recognition error at: '@'"],
    ['"abc', '1:1', `Syntax error: token recognition error at: '"abc'`],
    ['break', '1:1', 'reserved identifier: break'],
    ['9223372036854775808', '1:1', 'invalid int literal'],
    ['18446744073709551616u', '1:1', 'invalid uint literal'],
    ['x == 1 &&\n  self.foo', '2:7', "undefined field 'foo'"],
    ['"é😀" + 1', '1:6', "found no matching overload for '_+_' applied to '(string, int)'"],
];

test.each(rows.map(([expression, place, message]) => ({ expression, place, message })))(
    '$expression',
    ({ expression, place, message }) => {
        const compiled = compiler.compile(expression, environment);
        if (compiled.type !== 'invalid') throw new Error('it was compiled');
        const [line = 1, column = 1] = place.split(':').map(Number);
        const text = expression.split('\n')[line - 1] ?? '';
        expect(compiled.message).toBe(
            `compilation failed: ERROR: <input>:${place}: ${message}\n | ${text}\n | ${'.'.repeat(column - 1)}^`,
        );
        expect(compiled.fault).toBe('expression');
    },
);

test('every mistake is told, in the order of the text, and one mistake is told once', () => {
    const compiled = compiler.compile('self.foo + 1 == self.bar.baz', environment);
    expect(compiled).toEqual({
        type: 'invalid',
        fault: 'expression',
        message: [
            "compilation failed: ERROR: <input>:1:5: undefined field 'foo'",
            ' | self.foo + 1 == self.bar.baz',
            ' | ....^',
            "ERROR: <input>:1:21: undefined field 'bar'",
            ' | self.foo + 1 == self.bar.baz',
            ' | ....................^',
        ].join('\n'),
    });
});

test('a result of another type is refused, unless any will do', () => {
    const wantsBool: CelEnvironment = { ...environment, result: { kind: 'bool' } };
    expect(compiler.compile('x', wantsBool)).toEqual({
        type: 'invalid',
        fault: 'result',
        message: 'must evaluate to bool',
    });
    expect(compiler.compile('any', wantsBool)).toMatchObject({ type: 'invalid' });
    expect(compiler.compile('x > 1', wantsBool)).toMatchObject({ type: 'compiled' });
    expect(compiler.compile('x', { ...environment, result: { kind: 'dyn' } })).toMatchObject({
        type: 'compiled',
    });
});

test.each([
    ['cel.bind(a, 1, 2)', 'cel', 'bind'],
    ['jsonpatch.escapeKey("a")', 'jsonpatch', 'escapeKey'],
])('%s is known where its library is, and nowhere else', (expression, receiver, name) => {
    const compiled = compiler.compile(expression, { variables: {} });
    expect(compiled).toMatchObject({ type: 'invalid', fault: 'expression' });
    const { message } = compiled as { message: string };
    expect(message).toContain(`undeclared reference to '${receiver}' (in container '')`);
    expect(message).toContain(`undeclared reference to '${name}' (in container '')`);
    const known = compiler.compile(expression, { variables: {}, libraries: ['bindings', 'jsonPatch'] });
    expect(known.type).toBe('compiled');
});
