import { expect, test } from '@jest/globals';
import type { CelEnvironment } from './cel.ts';
import { createCelCompiler } from './compiler.ts';

/**
 * Random expressions over random data: compiling gives a program or a message, evaluating gives an outcome within the
 * limit, and nothing throws. One seed makes one run.
 */

type Random = () => number;

function seeded(seed: number): Random {
    let state = seed;
    return () => {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        return state / 2 ** 32;
    };
}

function pick<T>(random: Random, from: readonly T[]): T {
    const chosen = from[Math.floor(random() * from.length)];
    if (chosen === undefined) throw new Error('nothing to choose from');
    return chosen;
}

const atoms = [
    ...[
        '0',
        '1',
        '-1',
        '9223372036854775807',
        '1u',
        '1.5',
        '1e308',
        'true',
        'false',
        'null',
        '""',
        '"a"',
        '"10.0.0.0/8"',
    ],
    ...[
        '"1Gi"',
        '"2026-01-01T00:00:00Z"',
        '"1h"',
        'b"x"',
        '[]',
        '{}',
        'v',
        'data',
        'text',
        'list',
        'map',
        'data.a',
        'data.list',
    ],
    ...[
        'data.?b',
        'map["k"]',
        'list[0]',
        'type(1)',
        'optional.none()',
        'double("NaN")',
        'string',
        'has(data.a)',
        '"%s"',
        '"(a+)+$"',
    ],
];
const shapes = [
    ...[
        '# + #',
        '# - #',
        '# * #',
        '# / #',
        '# % #',
        '# == #',
        '# < #',
        '# >= #',
        '# && #',
        '# || #',
        '# in #',
        '!#',
        '-#',
    ],
    ...[
        '# ? # : #',
        '#[#]',
        '#[?#]',
        '#.a',
        '#.?a',
        '[#, #]',
        '{#: #}',
        'dyn(#)',
        'int(#)',
        'string(#)',
        'double(#)',
        'size(#)',
    ],
    ...[
        '#.all(v, #)',
        '#.exists(v, #)',
        '#.map(v, #)',
        '#.filter(v, #)',
        '#.exists_one(v, #)',
        '#.all(v, w, #)',
    ],
    ...[
        '#.transformMap(v, w, #)',
        '#.transformList(v, w, #)',
        'cel.bind(v, #, #)',
        '#.optMap(v, #)',
        '#.orValue(#)',
        '#.value()',
    ],
    ...[
        '#.matches(#)',
        '#.replace(#, #)',
        '#.split(#)',
        '#.join(#)',
        '#.format([#, #])',
        '#.substring(#)',
        '#.indexOf(#)',
    ],
    ...[
        'quantity(#).add(quantity(#))',
        'cidr(#).containsIP(#)',
        'ip(#)',
        'url(#)',
        'semver(#)',
        'duration(#)',
        'timestamp(#)',
    ],
    ...[
        '#.sum()',
        '#.min()',
        '#.isSorted()',
        'sets.contains(#, #)',
        '#.getHours(#)',
        'format.named(#)',
        '#.find(#)',
        '#.trim()',
    ],
];

function expression(random: Random, depth: number): string {
    if (depth === 0 || random() < 0.15)
        return random() < 0.3 ? `dyn(${pick(random, atoms)})` : pick(random, atoms);
    return pick(random, shapes).replaceAll('#', () => {
        const part = expression(random, depth - 1);
        return random() < 0.5 ? `(${part})` : part;
    });
}

/** A text with something in it that does not belong there. */
function damaged(random: Random, text: string): string {
    const at = Math.floor(random() * (text.length + 1));
    const junk = pick(random, [
        '(',
        ')',
        '"',
        '\\',
        '@',
        '.',
        '[',
        '{',
        '\u0000',
        '😀',
        '\ud800',
        '?',
        '//',
        '`',
        '1x',
        ' in ',
    ]);
    return text.slice(0, at) + junk + text.slice(at + Math.floor(random() * 3));
}

const costLimit = 10_000;
const dyn = { kind: 'dyn' } as const;
const environment: CelEnvironment = {
    libraries: ['bindings', 'jsonPatch'],
    variables: {
        v: dyn,
        data: dyn,
        text: { kind: 'string' },
        list: { kind: 'list', of: dyn },
        map: { kind: 'map', keys: { kind: 'string' }, of: dyn },
    },
};
const values = [
    null,
    0,
    1.5,
    -1,
    'a',
    '',
    true,
    [],
    {},
    [1, 'a', null],
    { a: { a: [1] }, list: [3, 1] },
    1e300,
    'aaaaaaaaaaaaaaaaaaaaaaaa!',
];

test.each([1, 2, 3, 4])('no expression throws or runs long (seed %i)', (seed) => {
    const random = seeded(seed);
    const compiler = createCelCompiler({ programsMax: 10 });
    const counts = { value: 0, error: 0, overBudget: 0, invalid: 0 };
    for (let round = 0; round < 1500; round++) {
        const text = expression(random, 1 + Math.floor(random() * 5));
        const source = random() < 0.1 ? damaged(random, text) : text;
        const compiled = compiler.compile(source, environment);
        if (compiled.type === 'invalid') {
            counts.invalid++;
            expect(compiled.message).toMatch(/^compilation failed: ERROR: <input>:\d+:\d+: /);
            continue;
        }
        const variables = Object.fromEntries(
            Object.keys(environment.variables).map((name) => [name, pick(random, values)]),
        );
        const outcome = compiled.program.evaluate(variables, costLimit);
        counts[outcome.type]++;
        if (outcome.type !== 'overBudget') expect(outcome.cost).toBeLessThanOrEqual(costLimit);
    }
    // All kinds of outcome were seen, so that the test is about something.
    expect(counts.value).toBeGreaterThan(50);
    expect(counts.error).toBeGreaterThan(50);
    expect(counts.invalid).toBeGreaterThan(50);
});
