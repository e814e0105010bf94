import { describe, expect, it } from '@jest/globals';
import { formatFieldError } from './field-error.ts';
import {
    generateName,
    isCidr,
    isConfigMapKey,
    isDns1035Label,
    isDns1123Label,
    isDns1123Subdomain,
    isEnvVarName,
    isIpAddress,
    isLabelValue,
    isPathSegmentName,
    isPortName,
    isQualifiedName,
    isRelaxedEnvVarName,
    type NameValidator,
    validateObjectMeta,
    validateObjectMetaUpdate,
} from './names.ts';

const cases: [NameValidator, string[], string[]][] = [
    [isDns1123Subdomain, ['a', 'a.b-c.d', '1'], ['', 'A', 'a_b', '-a', 'a.', 'a..b', 'x'.repeat(254)]],
    [isDns1123Label, ['a', '1-a'], ['', 'a.b', 'A', 'a-', 'x'.repeat(64)]],
    [isDns1035Label, ['a', 'a-1'], ['', '1a', 'a-', 'x'.repeat(64)]],
    [
        isQualifiedName,
        ['a', 'A_b.c', 'example.com/a'],
        ['', '/a', 'a/', 'a/b/c', 'A.com/a', '-a', 'x'.repeat(64)],
    ],
    [isLabelValue, ['', 'a', 'A.b_c-1'], ['-a', 'a b', 'x'.repeat(64)]],
    [isPathSegmentName, ['system:a', 'A b'], ['.', '..', 'a/b', 'a%b']],
    [isEnvVarName, ['A', '_a.b-c'], ['', '1a', 'a b', '.', '..a']],
    [isRelaxedEnvVarName, ['1a', 'a b!'], ['', 'a=b', 'ä']],
    [isConfigMapKey, ['a.b', '_', '1'], ['', 'a/b', '.', '..', '..a', 'x'.repeat(254)]],
    [isPortName, ['http', 'a-1'], ['', 'HTTP', '80', 'a--b', '-a', 'x'.repeat(16)]],
    [isIpAddress, ['10.0.0.1', '::1'], ['', '10.0.0', '010.0.0.1', 'fe80::1%eth0']],
    [isCidr, ['10.0.0.0/8', '::/0'], ['10.0.0.0', '10.0.0.0/33', '::/129', 'a/1']],
];
describe.each(
    cases.map(([validator, good, bad]) => ({ name: validator.name || 'validator', validator, good, bad })),
)('name format', ({ validator, good, bad }) => {
    it.each(good)('%j is valid', (text) => {
        expect(validator(text)).toEqual([]);
    });
    it.each(bad)('%j is not', (text) => {
        expect(validator(text)).not.toEqual([]);
    });
});

it('messages are upstream’s', () => {
    expect(isDns1123Label('a.b')).toEqual(['must not contain dots']);
    expect(isDns1123Subdomain('A')).toEqual([
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
    ]);
    expect(isDns1035Label('1')[0]).toContain("(e.g. 'my-name',  or 'abc-123', regex used");
});

it('generated names keep to 63 characters and to the alphabet without vowels', () => {
    expect(generateName('web-')).toMatch(/^web-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
    expect(generateName('x'.repeat(80))).toHaveLength(63);
});

describe('object metadata', () => {
    const errorsOf = (...parameters: Parameters<typeof validateObjectMeta>) =>
        validateObjectMeta(...parameters).map(formatFieldError);

    it('is complete', () => {
        expect(errorsOf({ name: 'a', namespace: 'b' }, { namespaced: true })).toEqual([]);
        expect(errorsOf({}, { namespaced: true })).toEqual([
            'metadata.name: Required value: name or generateName is required',
            'metadata.namespace: Required value',
        ]);
        expect(errorsOf({ name: 'a', namespace: 'b' }, { namespaced: false })).toEqual([
            'metadata.namespace: Forbidden: not allowed on this type',
        ]);
    });

    it('may have a prefix that ends in a dash', () => {
        expect(errorsOf({ name: 'a-x', generateName: 'a-' }, { namespaced: false })).toEqual([]);
    });

    it('follows the rules of labels, annotations, owners and finalizers', () => {
        const owner = { apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'u', controller: true };
        const errors = errorsOf(
            {
                name: 'a',
                labels: { 'a/b/c': 'v', k: '-' },
                annotations: { a: 'x'.repeat(256 * 1024) },
                ownerReferences: [owner, { ...owner, name: 'q' }, { ...owner, uid: '', controller: false }],
                finalizers: ['orphan', 'foregroundDeletion'],
            },
            { namespaced: false },
        );
        expect(errors.map((error) => error.replace(/: .*/s, ''))).toEqual([
            'metadata.labels',
            'metadata.labels',
            'metadata.annotations',
            'metadata.ownerReferences',
            'metadata.ownerReferences.uid',
            'metadata.finalizers',
        ]);
    });

    it('keeps what may not change', () => {
        const old = { name: 'a', uid: 'u', resourceVersion: '1', generation: 2 };
        const changed = { name: 'b', uid: 'u', generation: 1 };
        expect(validateObjectMetaUpdate(old, old)).toEqual([]);
        expect(validateObjectMetaUpdate(changed, old).map(formatFieldError)).toEqual([
            'metadata.resourceVersion: Invalid value: "": must be specified for an update',
            'metadata.generation: Invalid value: 1: must not be decremented',
            'metadata.name: Invalid value: "b": field is immutable',
        ]);
    });

    it('gets no new finalizers once it is being deleted', () => {
        const old = { name: 'a', resourceVersion: '1', deletionTimestamp: 't', finalizers: ['a/a'] };
        expect(validateObjectMetaUpdate({ ...old, finalizers: [] }, old)).toEqual([]);
        expect(
            formatFieldError(validateObjectMetaUpdate({ ...old, finalizers: ['a/a', 'b/b'] }, old)[0]!),
        ).toBe(
            'metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"b/b"}',
        );
    });
});
