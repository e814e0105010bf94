import { describe, expect, test } from '@jest/globals';
import type { CelEnvironment, CelOutcome } from './cel.ts';
import { createCelCompiler } from './compiler.ts';
import {
    authorizerFunctions,
    authorizerType,
    type CelAuthorizationRequest,
    type CelAuthorizer,
    requestResourceCheck,
    resourceCheckType,
} from './library/authorizer.ts';

const compiler = createCelCompiler();
const plain: CelEnvironment = {
    libraries: ['bindings'],
    variables: { items: { kind: 'list', of: { kind: 'int' } }, any: { kind: 'dyn' } },
};

interface Run {
    environment?: CelEnvironment;
    variables?: Record<string, unknown>;
    costLimit?: number;
}

function run(
    expression: string,
    { environment = plain, variables = {}, costLimit = 1_000_000 }: Run = {},
): CelOutcome {
    const compiled = compiler.compile(expression, environment);
    if (compiled.type === 'invalid') throw new Error(compiled.message);
    return compiled.program.evaluate(variables, costLimit);
}

describe('cost', () => {
    const items = Array.from({ length: 1000 }, (_, index) => index);

    test.each([
        ['any.a.b == 1', 4],
        ['any.a.b == 1 && any.a.b < 2', 8],
        ['items.all(i, i >= 0)', 3 * 1000 + 2 * 1000 + 2],
        ['items.exists(i, i == 0)', 4 + 2 + 3 + 2],
        ['"abc".contains("b")', 1],
        [`"${'a'.repeat(100)}".matches("${'a'.repeat(40)}")`, 110],
        ['has(any.a)', 1],
        ['1 in [1, 2, 3]', 3],
    ])('%s costs %i', (expression, cost) => {
        expect(run(expression, { variables: { items, any: { a: { b: 1 } } } })).toMatchObject({
            type: 'value',
            cost,
        });
    });

    test.each([
        ['nested loops', 'items.all(a, items.all(b, items.all(c, a + b + c >= 0)))'],
        [
            'a text that doubles',
            'cel.bind(a, any + any, cel.bind(b, a + a, cel.bind(c, b + b, items.all(i, (c + c).size() > i))))',
        ],
        ['a text that is replaced by a long one', 'any.replace("a", any).replace("a", any).size() > 0'],
        ['a short pattern that is a large program', 'items.all(i, !any.matches("a{900}b"))'],
        ['a list that doubles', doubling('[items, items].map(l, l)', 40)],
    ])('%s ends at the limit', (_name, expression) => {
        const started = performance.now();
        const outcome = run(expression, { variables: { items, any: 'a'.repeat(5000) }, costLimit: 20_000 });
        expect(outcome.type).toBe('overBudget');
        expect(performance.now() - started).toBeLessThan(5000);
    });

    test('what overruns the limit is not caught by a logical operator', () => {
        expect(run('items.all(i, i >= 0) || true', { variables: { items }, costLimit: 100 }).type).toBe(
            'overBudget',
        );
    });
});

/** Every binding is a pair of the one before: small to write, large to walk. */
function doubling(start: string, times: number): string {
    const names = Array.from({ length: times }, (_, index) => `v${index}`);
    const body = `v${times - 1} == v${times - 1} + []`;
    return names.reduceRight(
        (inner, name, index) =>
            `cel.bind(${name}, ${index === 0 ? start : `[v${index - 1}, v${index - 1}].map(x, dyn(x))`}, ${inner})`,
        body,
    );
}

describe('bounds of a text', () => {
    const refused = (expression: string) => {
        const compiled = compiler.compile(expression, plain);
        return compiled.type === 'invalid' ? compiled.message.split('\n')[0] : undefined;
    };

    test('a text that is too long is refused', () => {
        expect(refused(`"${'a'.repeat(100_000)}"`)).toContain(
            'expression code point size exceeds limit: size: 100002, limit 100000',
        );
    });

    test.each([
        ['parentheses', '('.repeat(1000) + '1' + ')'.repeat(1000)],
        ['lists', '['.repeat(1000) + ']'.repeat(1000)],
        ['sums', `1${' + 1'.repeat(5000)}`],
        ['selections', `any${'.a'.repeat(5000)}`],
        ['conditions', `${'true ? 1 : '.repeat(1000)}1`],
        ['comprehensions', `${'[1].map(x, '.repeat(1000)}1${')'.repeat(1000)}`],
    ])('%s that nest too deep are refused', (_name, expression) => {
        expect(refused(expression)).toContain('expression recursion limit exceeded');
    });

    test('a chain of one logical operator may be as long as the text', () => {
        expect(run(`true${' && true'.repeat(5000)}`)).toMatchObject({ type: 'value', value: true });
        expect(run(`${'!'.repeat(9999)}true`)).toMatchObject({ type: 'value', value: false });
    });
});

describe('what is kept', () => {
    test('the same text in the same environment is compiled once', () => {
        const first = compiler.compile('1 + 1', plain);
        expect(compiler.compile('1 + 1', plain)).toBe(first);
        expect(compiler.compile('1 + 1', { ...plain })).not.toBe(first);
    });

    test('what was used longest ago goes first, by number and by size', () => {
        const small = createCelCompiler({ programsMax: 2, charactersMax: 1000 });
        const first = small.compile('1', plain);
        small.compile('2', plain);
        expect(small.compile('1', plain)).toBe(first);
        small.compile('3', plain);
        expect(small.compile('1', plain)).toBe(first);
        small.compile(`"${'a'.repeat(998)}"`, plain);
        expect(small.compile('1', plain)).not.toBe(first);
    });
});

test('a program says which variables it names', () => {
    const compiled = compiler.compile('items.exists(any, any == 1)', plain);
    if (compiled.type !== 'compiled') throw new Error(compiled.message);
    expect([...compiled.program.references]).toEqual(['items']);
    expect(compiled.program.resultType).toEqual({ kind: 'bool' });
});

test('numbers of JSON are what is declared; undeclared fields are not seen', () => {
    const environment: CelEnvironment = {
        variables: { o: { kind: 'object', fields: { ratio: { kind: 'double' }, count: { kind: 'int' } } } },
    };
    const variables = { o: { ratio: 2, count: 3, secret: 'x' } };
    expect(run('type(o.ratio) == double && type(o.count) == int', { environment, variables })).toMatchObject({
        value: true,
    });
    expect(run('o', { environment, variables })).toMatchObject({ value: { ratio: 2, count: 3 } });
});

test('names of prototypes are no fields and no variables', () => {
    const environment: CelEnvironment = {
        variables: { o: { kind: 'object', fields: {} }, any: { kind: 'dyn' } },
    };
    for (const expression of ['o.constructor', 'constructor', 'toString', '__proto__', 'valueOf()'])
        expect(compiler.compile(expression, environment)).toMatchObject({ type: 'invalid' });
    for (const key of ['constructor', '__proto__', 'toString'])
        expect(run(`any.${key}`, { environment, variables: { any: {} } })).toMatchObject({
            type: 'error',
            message: `no such key: ${key}`,
        });
});

describe('construction', () => {
    const environment: CelEnvironment = {
        variables: { n: { kind: 'int' } },
        constructible: (name) => (/^Object(\.|$)|^JSONPatch$/.test(name) ? { kind: 'dyn' } : undefined),
        libraries: ['jsonPatch'],
    };

    test('objects are plain JSON', () => {
        const outcome = run('Object{spec: Object.spec{replicas: n + 1, ?paused: optional.none()}}', {
            environment,
            variables: { n: 1 },
        });
        expect(outcome).toMatchObject({ type: 'value', value: { spec: { replicas: 2 } } });
        expect(outcome).toHaveProperty('value.spec', { replicas: 2 });
    });

    test('a JSON patch is a list of operations', () => {
        expect(
            run('[JSONPatch{op: "add", path: "/a/" + jsonpatch.escapeKey("b/c"), value: {"x": n}}]', {
                environment,
                variables: { n: 1 },
            }),
        ).toMatchObject({
            value: [{ op: 'add', path: '/a/b~1c', value: { x: 1 } }],
        });
    });
});

describe('the authorizer', () => {
    const environment: CelEnvironment = {
        variables: { authorizer: authorizerType, 'authorizer.requestResource': resourceCheckType },
        functions: authorizerFunctions,
    };
    const asked: CelAuthorizationRequest[] = [];
    const authorizer: CelAuthorizer = {
        authorize(request) {
            asked.push(request);
            return request.verb === 'create'
                ? { allowed: true, reason: '' }
                : { allowed: false, reason: 'no', error: 'down' };
        },
    };
    const ask = (expression: string) => {
        const resource = {
            group: 'apps',
            resource: 'deployments',
            subresource: '',
            namespace: 'd',
            name: 'x',
        };
        const variables = {
            authorizer,
            'authorizer.requestResource': requestResourceCheck(authorizer, resource),
        };
        asked.length = 0;
        return run(expression, { environment, variables });
    };

    test('checks of resources reach the host', () => {
        expect(
            ask(
                'authorizer.group("").resource("pods").subresource("log").namespace("x").name("n").check("create").allowed()',
            ),
        ).toMatchObject({ type: 'value', value: true });
        expect(asked).toEqual([
            expect.objectContaining({
                group: '',
                resource: 'pods',
                subresource: 'log',
                namespace: 'x',
                name: 'n',
                verb: 'create',
            }),
        ]);
    });

    test('a service account may be asked for', () => {
        expect(
            ask('authorizer.serviceAccount("ns", "sa").path("/healthz").check("get").reason()'),
        ).toMatchObject({ value: 'no' });
        expect(asked).toEqual([
            { serviceAccount: { namespace: 'ns', name: 'sa' }, path: '/healthz', verb: 'get' },
        ]);
    });

    test('the resource of the request is a variable of its own', () => {
        expect(ask('authorizer.requestResource.check("create").allowed()')).toMatchObject({ value: true });
        expect(asked).toEqual([expect.objectContaining({ resource: 'deployments', name: 'x' })]);
    });

    test('errors of a decision and of a question', () => {
        expect(ask('authorizer.requestResource.check("get").error()')).toMatchObject({ value: 'down' });
        expect(ask('authorizer.group("").resource(" ").check("get").allowed()')).toMatchObject({
            type: 'error',
            message: 'resource must not be empty',
        });
        expect(ask('authorizer.serviceAccount("a.b", "c").path("/x").check("get").allowed()')).toMatchObject({
            message: 'Invalid service account namespace',
        });
        expect(compiler.compile('authorizer.check("get")', environment)).toMatchObject({
            message: expect.stringContaining(
                `found no matching overload for 'check' applied to 'kubernetes.authorization.Authorizer.(string)'`,
            ),
        });
    });

    test('no more than two checks fit into an expression', () => {
        const check = 'authorizer.requestResource.check("create").allowed()';
        expect(ask(`${check} && ${check}`).type).toBe('value');
        expect(ask(`${check} && ${check} && ${check}`).type).toBe('overBudget');
    });
});
