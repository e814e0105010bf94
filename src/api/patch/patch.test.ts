import { describe, expect, it } from '@jest/globals';
import { deepFreeze } from '../meta/deep.ts';
import { StatusError } from '../meta/status-error.ts';
import { applyJsonPatch, JsonPatchError } from './json-patch.ts';
import { applyMergePatch } from './merge-patch.ts';
import { applyStrategicMergePatch } from './strategic-merge-patch.ts';

function failure(run: () => unknown): StatusError {
    try {
        run();
    } catch (error) {
        if (error instanceof StatusError) return error;
        throw error;
    }
    throw new Error('nothing was thrown');
}

describe('applyJsonPatch', () => {
    const doc = deepFreeze({ a: { b: [1, 2, 3], 'x/y': 1, 'm~n': 2 }, gone: true });
    const cases: [string, unknown[], unknown][] = [
        ['adds a member', [{ op: 'add', path: '/a/c', value: 1 }], { a: { ...doc.a, c: 1 }, gone: true }],
        [
            'appends with a dash',
            [{ op: 'add', path: '/a/b/-', value: 4 }],
            { a: { ...doc.a, b: [1, 2, 3, 4] }, gone: true },
        ],
        [
            'inserts into a list',
            [{ op: 'add', path: '/a/b/1', value: 9 }],
            { a: { ...doc.a, b: [1, 9, 2, 3] }, gone: true },
        ],
        [
            'removes by index from the end',
            [{ op: 'remove', path: '/a/b/-1' }],
            { a: { ...doc.a, b: [1, 2] }, gone: true },
        ],
        [
            'unescapes ~1 and ~0',
            [
                { op: 'remove', path: '/a/x~1y' },
                { op: 'replace', path: '/a/m~0n', value: 3 },
            ],
            { a: { b: [1, 2, 3], 'm~n': 3 }, gone: true },
        ],
        ['moves', [{ op: 'move', from: '/gone', path: '/a/b/0' }], { a: { ...doc.a, b: [true, 1, 2, 3] } }],
        ['copies', [{ op: 'copy', from: '/a/b', path: '/c' }], { ...doc, c: [1, 2, 3] }],
        ['tests and passes', [{ op: 'test', path: '/a/b', value: [1, 2, 3] }], doc],
        ['tests an absent member against null', [{ op: 'test', path: '/zz', value: null }], doc],
        ['replaces the whole document', [{ op: 'replace', path: '', value: { z: 1 } }], { z: 1 }],
    ];
    it.each(cases)('%s', (_, operations, expected) => {
        expect(applyJsonPatch(doc, operations)).toEqual(expected);
    });

    const failures: [string, unknown[], string][] = [
        [
            'a failing test',
            [{ op: 'test', path: '/gone', value: 1 }],
            'testing value /gone failed: test failed',
        ],
        [
            'a replace of what is not there',
            [{ op: 'replace', path: '/zz', value: 1 }],
            'jsonpatch replace operation does not apply: doc is missing key: /zz: missing value',
        ],
        [
            'a remove of what is not there',
            [{ op: 'remove', path: '/zz' }],
            "error in remove for path: '/zz': Unable to remove nonexistent key: zz: missing value",
        ],
        [
            'an add below what is not there',
            [{ op: 'add', path: '/z/y', value: 1 }],
            'jsonpatch add operation does not apply: doc is missing path: "/z/y": missing value',
        ],
        [
            'an index out of bounds',
            [{ op: 'remove', path: '/a/b/3' }],
            'Unable to access invalid index: 3: invalid index referenced',
        ],
        ['an operation that does not exist', [{ op: 'frob', path: '/a' }], 'Unexpected kind: frob'],
    ];
    it.each(failures)('%s is Invalid, and the cause says why', (_, operations, message) => {
        const error = failure(() => applyJsonPatch(doc, operations));
        expect([error.code, error.reason]).toEqual([422, 'Invalid']);
        expect(error.message).toBe('the server rejected our request due to an error in our request');
        expect((error.cause as JsonPatchError).message).toBe(message);
    });

    it('does not pollute prototypes', () => {
        const result = applyJsonPatch({}, [{ op: 'add', path: '/__proto__', value: { x: 1 } }]) as object;
        expect(Object.hasOwn(result, '__proto__')).toBe(true);
        expect(({} as Record<string, unknown>).x).toBeUndefined();
        expect(() =>
            applyJsonPatch({}, [{ op: 'add', path: '/constructor/prototype/x', value: 1 }]),
        ).toThrow();
    });
});

describe('applyMergePatch', () => {
    // The examples of RFC 7386, appendix A.
    const cases: [unknown, unknown, unknown][] = [
        [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
        [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
        [{ a: 'b' }, { a: null }, {}],
        [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
        [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
        [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
        [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
        [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
        [
            ['a', 'b'],
            ['c', 'd'],
            ['c', 'd'],
        ],
        [{ a: 'b' }, ['c'], ['c']],
        [{ a: 'foo' }, null, null],
        [{ e: null }, { a: 1 }, { e: null, a: 1 }],
        [[1, 2], { a: 'b', c: null }, { a: 'b' }],
        [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
    ];
    it.each(cases)('%j with %j is %j', (doc, patch, expected) => {
        expect(applyMergePatch(deepFreeze(doc), deepFreeze(patch))).toEqual(expected);
    });
});

describe('applyStrategicMergePatch', () => {
    const pod = (containers: unknown[], more = {}) => ({ spec: { containers, ...more } });
    const cases: [string, string, unknown, unknown, unknown][] = [
        [
            'merges a list by its key, in the order of patch and server',
            'V1Pod',
            pod([{ name: 'a', image: '1' }, { name: 'b' }]),
            pod([{ name: 'b', image: '2' }, { name: 'c' }]),
            pod([{ name: 'a', image: '1' }, { name: 'b', image: '2' }, { name: 'c' }]),
        ],
        [
            'puts an unknown element before all of the server’s',
            'V1Pod',
            pod([{ name: 'a' }]),
            pod([{ name: 'b' }]),
            pod([{ name: 'b' }, { name: 'a' }]),
        ],
        [
            'orders as $setElementOrder demands',
            'V1Pod',
            pod([{ name: 'a' }, { name: 'b' }, { name: 's' }]),
            {
                spec: {
                    '$setElementOrder/containers': [{ name: 'b' }, { name: 'a' }],
                    containers: [{ name: 'a', image: 'x' }],
                },
            },
            pod([{ name: 'b' }, { name: 'a', image: 'x' }, { name: 's' }]),
        ],
        [
            'deletes an element with $patch: delete',
            'V1Pod',
            pod([{ name: 'a' }, { name: 'b' }]),
            pod([{ $patch: 'delete', name: 'a' }]),
            pod([{ name: 'b' }]),
        ],
        [
            'replaces a list with $patch: replace',
            'V1Pod',
            pod([{ name: 'a' }, { name: 'b' }]),
            pod([{ $patch: 'replace' }, { name: 'c' }]),
            pod([{ name: 'c' }]),
        ],
        [
            'replaces a map with $patch: replace',
            'V1Pod',
            pod([], { nodeSelector: { a: '1' } }),
            { spec: { nodeSelector: { $patch: 'replace', b: '2' } } },
            pod([], { nodeSelector: { b: '2' } }),
        ],
        [
            'empties a map with $patch: delete',
            'V1Pod',
            pod([], { securityContext: { runAsUser: 1 } }),
            { spec: { securityContext: { $patch: 'delete' } } },
            pod([], { securityContext: {} }),
        ],
        [
            'replaces an atomic list',
            'V1Pod',
            pod([{ name: 'a', args: ['1'] }]),
            pod([{ name: 'a', args: ['2'] }]),
            pod([{ name: 'a', args: ['2'] }]),
        ],
        [
            'unites scalar lists that merge',
            'V1Pod',
            { metadata: { finalizers: ['a/a', 'b/b'] } },
            { metadata: { finalizers: ['b/b', 'c/c'] } },
            { metadata: { finalizers: ['a/a', 'b/b', 'c/c'] } },
        ],
        [
            'takes scalars out with $deleteFromPrimitiveList',
            'V1Pod',
            { metadata: { finalizers: ['a/a', 'b/b'] } },
            {
                metadata: {
                    '$deleteFromPrimitiveList/finalizers': ['a/a'],
                    '$setElementOrder/finalizers': ['b/b'],
                },
            },
            { metadata: { finalizers: ['b/b'] } },
        ],
        [
            'clears what $retainKeys does not list',
            'V1Deployment',
            { spec: { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } } } },
            { spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } } },
            { spec: { strategy: { type: 'Recreate' } } },
        ],
        [
            'merges ports by containerPort',
            'V1Pod',
            pod([{ name: 'a', ports: [{ containerPort: 80 }] }]),
            pod([{ name: 'a', ports: [{ containerPort: 80, name: 'http' }] }]),
            pod([{ name: 'a', ports: [{ containerPort: 80, name: 'http' }] }]),
        ],
        [
            'removes map members given as null',
            'V1Pod',
            { metadata: { labels: { a: '1', b: '2' } } },
            { metadata: { labels: { a: null } } },
            { metadata: { labels: { b: '2' } } },
        ],
        [
            'replaces a selector whose strategy is replace',
            'V1PodDisruptionBudget',
            { spec: { selector: { matchLabels: { a: '1' } } } },
            { spec: { selector: { matchLabels: { b: '2' } } } },
            { spec: { selector: { matchLabels: { b: '2' } } } },
        ],
        [
            'clears members of a list item that $retainKeys does not list',
            'V1Pod',
            pod([], { volumes: [{ name: 'v', emptyDir: {} }] }),
            pod([], {
                volumes: [{ name: 'v', $retainKeys: ['name', 'hostPath'], hostPath: { path: '/x' } }],
            }),
            pod([], { volumes: [{ name: 'v', hostPath: { path: '/x' } }] }),
        ],
        [
            'empties, replaces and merges maps by directive',
            'V1Pod',
            { metadata: { labels: { a: '1' }, annotations: { a: '1' } }, spec: { nodeSelector: { a: '1' } } },
            {
                metadata: { labels: { $patch: 'delete' }, annotations: { $patch: 'replace', b: '2' } },
                spec: { nodeSelector: { $patch: 'merge', b: '2' } },
            },
            { metadata: { labels: {}, annotations: { b: '2' } }, spec: { nodeSelector: { a: '1', b: '2' } } },
        ],
        [
            'adds to and takes from one scalar list',
            'V1Pod',
            { metadata: { finalizers: ['a/a', 'b/b'] } },
            {
                metadata: {
                    finalizers: ['c/c'],
                    '$deleteFromPrimitiveList/finalizers': ['a/a'],
                    '$setElementOrder/finalizers': ['c/c', 'b/b'],
                },
            },
            { metadata: { finalizers: ['c/c', 'b/b'] } },
        ],
        [
            'drops nulls and directives from what is new',
            'V1Pod',
            {},
            pod(
                [
                    { name: 'a', image: null },
                    { $patch: 'delete', name: 'b' },
                ],
                { '$setElementOrder/containers': [{ name: 'a' }, { name: 'b' }] },
            ),
            pod([{ name: 'a' }]),
        ],
    ];
    it.each(cases)('%s', (_, type, doc, patch, expected) => {
        expect(applyStrategicMergePatch(type, deepFreeze(doc), deepFreeze(patch))).toEqual(expected);
    });

    it.each([
        [
            'an element without its key',
            pod([{ image: 'x' }]),
            'map: map[image:x] does not contain declared merge key: name',
        ],
        [
            'an unknown directive',
            pod([{ name: 'a', $patch: 'frob' }]),
            'unknown patch type: frob in map: map[$patch:frob name:a]',
        ],
        [
            'an order that contradicts the list',
            {
                spec: {
                    containers: [{ name: 'b' }, { name: 'a' }],
                    '$setElementOrder/containers': [{ name: 'a' }, { name: 'b' }],
                },
            },
            /^The order in patch list/,
        ],
    ])('%s is a bad request', (_, patch, message) => {
        const error = failure(() => applyStrategicMergePatch('V1Pod', pod([{ name: 'a' }]), patch));
        expect(error.reason).toBe('BadRequest');
        expect(error.message).toMatch(message);
    });
});
