import { examples, withMember } from './objects.ts';
import { conflict, invalid, type WrongRequest } from './wrong-request.ts';

const { ConfigMap } = examples;
const maps = ConfigMap.collection;
const part = (value: string) =>
    `name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')`.replace(
        /^/,
        `Invalid value: ${JSON.stringify(value)}: `,
    );
const labelValue = (value: string) =>
    `metadata.labels: Invalid value: ${JSON.stringify(value)}: a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')`;
const owner = { apiVersion: 'v1', kind: 'Pod', name: 'right', uid: '1' };

/** [member of metadata, value, field errors] of a new ConfigMap */
const rows: [string, unknown, ...string[]][] = [
    ['labels', { 'a b': 'c' }, `metadata.labels: ${part('a b')}`],
    [
        'labels',
        { '': 'c' },
        'metadata.labels: Invalid value: "": name part must be non-empty',
        `metadata.labels: ${part('')}`,
    ],
    [
        'labels',
        { 'a/b/c': 'd' },
        `metadata.labels: Invalid value: "a/b/c": a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ],
    ['labels', { a: 'b c' }, labelValue('b c')],
    ['labels', { a: '-' }, labelValue('-')],
    [
        'labels',
        { a: 'x'.repeat(64) },
        `metadata.labels: Invalid value: "${'x'.repeat(64)}": must be no more than 63 characters`,
    ],
    ['annotations', { 'a b': 'c' }, `metadata.annotations: ${part('a b')}`],
    ['finalizers', ['a b'], `metadata.finalizers: ${part('a b')}`],
    [
        'finalizers',
        ['orphan', 'foregroundDeletion'],
        'metadata.finalizers: Invalid value: ["orphan","foregroundDeletion"]: finalizer orphan and foregroundDeletion cannot be both set',
    ],
    [
        'ownerReferences',
        [{ ...owner, uid: '' }],
        'metadata.ownerReferences.uid: Invalid value: "": must not be empty',
    ],
    [
        'ownerReferences',
        [{ ...owner, name: '' }],
        'metadata.ownerReferences.name: Invalid value: "": must not be empty',
    ],
    [
        'ownerReferences',
        [{ ...owner, kind: '' }],
        'metadata.ownerReferences.kind: Invalid value: "": must not be empty',
    ],
    [
        'ownerReferences',
        [{ ...owner, apiVersion: '' }],
        'metadata.ownerReferences.apiVersion: Invalid value: "": version must not be empty',
    ],
];

const put = (name: string, object: object, expect: WrongRequest['expect'], of = 'right'): WrongRequest => ({
    name,
    method: 'PUT',
    path: `${maps}/${of}`,
    body: object,
    expect,
});

export function metadata(): WrongRequest[] {
    return [
        ...rows.map(([member, value, ...errors]) => ({
            name: `${member} ${JSON.stringify(value).slice(0, 40)}`,
            method: 'POST',
            path: maps,
            body: { metadata: { name: 'wrong', [member]: value } },
            expect: invalid('ConfigMap', 'wrong', ...errors),
        })),
        {
            name: 'two controllers',
            method: 'POST',
            path: maps,
            body: {
                metadata: {
                    name: 'wrong',
                    ownerReferences: [
                        { ...owner, controller: true },
                        { ...owner, name: 'left', uid: '2', controller: true },
                    ],
                },
            },
            expect: {
                code: 422,
                reason: 'Invalid',
                message:
                    /Only one reference can have Controller set to true\. Found "true" in references for Pod\/right and Pod\/left$/,
                causes: ['FieldValueInvalid metadata.ownerReferences'],
            },
        },
        put(
            'an old resourceVersion',
            withMember(ConfigMap.object, 'metadata.resourceVersion', '1'),
            conflict(
                'Operation cannot be fulfilled on configmaps "right": the object has been modified; please apply your changes to the latest version and try again',
            ),
        ),
        put(
            'a resourceVersion that is no number',
            withMember(ConfigMap.object, 'metadata.resourceVersion', 'abc'),
            conflict(/the object has been modified/),
        ),
        put(
            'another uid',
            withMember(ConfigMap.object, 'metadata.uid', 'other'),
            conflict(
                /^Operation cannot be fulfilled on configmaps "right": Precondition failed: UID in precondition: other, UID in object meta: [-0-9a-f]{36}$/,
            ),
        ),
        put(
            'a finalizer for what is being deleted',
            { metadata: { name: 'kept', finalizers: ['example.com/hold', 'example.com/more'] } },
            {
                code: 422,
                reason: 'Invalid',
                message:
                    'ConfigMap "kept" is invalid: metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"example.com/more"}',
                causes: ['FieldValueForbidden metadata.finalizers'],
            },
            'kept',
        ),
    ];
}
