import { examples, widget } from './objects.ts';
import { badRequest, conflict, invalid, type Refusal, tooLarge, type WrongRequest } from './wrong-request.ts';

const { ConfigMap, Deployment } = examples;
const map = `${ConfigMap.collection}/right`;
const deployment = `${Deployment.collection}/right`;
const types = {
    json: 'application/json-patch+json',
    merge: 'application/merge-patch+json',
    strategic: 'application/strategic-merge-patch+json',
    apply: 'application/apply-patch+yaml',
} as const;

const patch = (
    name: string,
    type: keyof typeof types,
    body: object | string,
    expect: Refusal,
    path = map,
): WrongRequest => ({ name, method: 'PATCH', path, headers: { 'content-type': types[type] }, body, expect });

const unprocessable: Refusal = {
    code: 422,
    reason: 'Invalid',
    message: 'the server rejected our request due to an error in our request',
};
const rejected = (message: RegExp): Refusal => ({
    code: 422,
    reason: 'Invalid',
    message,
    causes: ['FieldValueInvalid patch'],
});

/** JSON patches that do not fit the object. */
const unfit: [string, object[]][] = [
    ['a test that fails', [{ op: 'test', path: '/data/color', value: 'green' }]],
    ['a test of what is not there', [{ op: 'test', path: '/data/absent', value: 'x' }]],
    ['to remove what is not there', [{ op: 'remove', path: '/data/absent' }]],
    ['to replace what is not there', [{ op: 'replace', path: '/data/absent', value: 'x' }]],
    ['to add below what is not there', [{ op: 'add', path: '/a/b/c', value: 1 }]],
    ['to add below a text', [{ op: 'add', path: '/data/color/x', value: 1 }]],
    ['to copy what is not there', [{ op: 'copy', from: '/data/absent', path: '/data/x' }]],
    ['to move what is not there', [{ op: 'move', from: '/data/absent', path: '/data/x' }]],
    ['an unknown operation', [{ op: 'multiply', path: '/data' }]],
    ['no operation', [{ path: '/data' }]],
    ['no path', [{ op: 'add', value: 1 }]],
    ['an index that is none', [{ op: 'add', path: '/metadata/managedFields/x', value: {} }]],
    ['an index that is too large', [{ op: 'replace', path: '/metadata/managedFields/99', value: {} }]],
    [
        'right first, then wrong',
        [
            { op: 'add', path: '/data/a', value: 'b' },
            { op: 'test', path: '/data/a', value: 'c' },
        ],
    ],
];

const jsonPatches = (): WrongRequest[] => [
    ...unfit.map(([name, body]) => patch(name, 'json', body, unprocessable)),
    patch(
        'an object',
        'json',
        { op: 'add' },
        badRequest(
            'error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp',
        ),
    ),
    patch(
        'an object, not strictly',
        'json',
        {},
        badRequest('json: cannot unmarshal object into Go value of type jsonpatch.Patch'),
        `${map}?fieldValidation=Ignore`,
    ),
    patch('no JSON', 'json', '[', badRequest(/^error decoding patch: unexpected end of JSON input/)),
    patch(
        'too many operations',
        'json',
        Array.from({ length: 10_001 }, () => ({ op: 'test', path: '/kind', value: 'ConfigMap' })),
        tooLarge(
            'Request entity too large: The allowed maximum operations in a JSON patch is 10000, got 10001',
        ),
    ),
    patch(
        'a number for a text',
        'json',
        [{ op: 'add', path: '/data/color', value: 5 }],
        rejected(
            /^ "" is invalid: patch: Invalid value: "\{.*\}": json: cannot unmarshal number into Go struct field ConfigMap\.data of type string$/,
        ),
    ),
    patch('a text for the whole', 'json', [{ op: 'replace', path: '', value: 'x' }], {
        code: 422,
        reason: 'Invalid',
    }),
    patch('null for the whole', 'json', [{ op: 'replace', path: '', value: null }], {
        code: 422,
        reason: 'Invalid',
    }),
    patch(
        'null for the metadata',
        'json',
        [{ op: 'replace', path: '/metadata', value: null }],
        badRequest(/must be provided/),
    ),
    patch(
        'a text for the metadata',
        'json',
        [{ op: 'replace', path: '/metadata', value: 'x' }],
        rejected(/cannot unmarshal string into Go struct field ConfigMap\.metadata/),
    ),
    patch('another kind', 'json', [{ op: 'replace', path: '/kind', value: 'Secret' }], {
        code: 422,
        reason: 'Invalid',
    }),
    patch('another version', 'json', [{ op: 'replace', path: '/apiVersion', value: 'v2' }], {
        code: 422,
        reason: 'Invalid',
    }),
    patch(
        'an unknown field, strictly',
        'json',
        [{ op: 'add', path: '/extra', value: 1 }],
        rejected(/strict decoding error: unknown field "extra"$/),
        `${map}?fieldValidation=Strict`,
    ),
];

const mergePatches = (): WrongRequest[] => [
    patch(
        'a list',
        'merge',
        [],
        badRequest(
            'error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}',
        ),
    ),
    patch(
        'a text',
        'merge',
        '"x"',
        badRequest(
            'error decoding patch: json: cannot unmarshal string into Go value of type map[string]interface {}',
        ),
    ),
    patch('no JSON', 'merge', '{', badRequest('error decoding patch: unexpected end of JSON input')),
    patch(
        'YAML',
        'merge',
        'data:\n  a: b\n',
        badRequest(/^error decoding patch: invalid character 'd' looking for beginning of value/),
    ),
    patch(
        'a number for a text',
        'merge',
        { data: { color: 1 } },
        rejected(
            /patch: Invalid value: "\{.*\}": json: cannot unmarshal number into Go struct field ConfigMap\.data of type string$/,
        ),
    ),
    patch(
        'a list for a map',
        'merge',
        { data: [] },
        rejected(/cannot unmarshal array into Go struct field ConfigMap\.data of type map\[string\]string$/),
    ),
    patch(
        'an unknown field, strictly',
        'merge',
        { extra: 1 },
        rejected(/strict decoding error: unknown field "extra"$/),
        `${map}?fieldValidation=Strict`,
    ),
    patch(
        'a key twice, strictly',
        'merge',
        '{"data":{"a":"1","a":"2"}}',
        rejected(/strict decoding error: duplicate field "data\.a"$/),
        `${map}?fieldValidation=Strict`,
    ),
    patch(
        'what is not valid',
        'merge',
        { spec: { replicas: -1 } },
        invalid(
            'Deployment.apps',
            'right',
            'spec.replicas: Invalid value: -1: must be greater than or equal to 0',
        ),
        deployment,
    ),
    patch(
        'an old resourceVersion',
        'merge',
        { metadata: { resourceVersion: '1' } },
        conflict(/the object has been modified/),
    ),
    patch(
        'a custom resource that is too large',
        'merge',
        { spec: { size: 11 } },
        {
            code: 422,
            reason: 'Invalid',
            message:
                'Widget.shop.example.com "right" is invalid: spec.size: Invalid value: 11: spec.size in body should be less than or equal to 10',
        },
        `${widget.collection}/right`,
    ),
    patch(
        'what is not there',
        'merge',
        {},
        { code: 404, reason: 'NotFound', message: 'configmaps "absent" not found' },
        `${ConfigMap.collection}/absent`,
    ),
];

const containers = (...list: object[]) => ({ spec: { template: { spec: { containers: list } } } });

const strategicPatches = (): WrongRequest[] => [
    patch(
        'a list',
        'strategic',
        [],
        badRequest('json: cannot unmarshal array into Go value of type map[string]interface {}'),
    ),
    patch('no JSON', 'strategic', '{', badRequest('unexpected end of JSON input')),
    patch(
        'a container without name',
        'strategic',
        containers({ image: 'x' }),
        badRequest('map: map[image:x] does not contain declared merge key: name'),
        deployment,
    ),
    patch(
        'an unknown directive',
        'strategic',
        { spec: { $patch: 'explode' } },
        badRequest('unknown patch type: explode in map: map[$patch:explode]'),
        deployment,
    ),
    patch(
        'an unknown directive in a list',
        'strategic',
        containers({ name: 'web', $patch: 'explode' }),
        badRequest(/^unknown patch type: explode in map: map\[\$patch:explode name:web\]$/),
        deployment,
    ),
    patch(
        'retained keys that are no list',
        'strategic',
        { spec: { strategy: { $retainKeys: 'type', type: 'Recreate' } } },
        badRequest('invalid patch format of retainKeys'),
        deployment,
    ),
    patch(
        'retained keys that leave something out',
        'strategic',
        { spec: { strategy: { $retainKeys: ['type'], type: 'Recreate', rollingUpdate: {} } } },
        unprocessable,
        deployment,
    ),
    patch(
        'an order that is no list',
        'strategic',
        { spec: { template: { spec: { '$setElementOrder/containers': 'web' } } } },
        badRequest('invalid patch format of setElementOrder list'),
        deployment,
    ),
    patch(
        'removals that are no list',
        'strategic',
        { metadata: { '$deleteFromPrimitiveList/finalizers': 'x' } },
        badRequest('invalid patch format of primitive list'),
    ),
    patch(
        'texts and objects in one list',
        'strategic',
        { spec: { template: { spec: { containers: ['web'] } } } },
        { code: 400, reason: 'BadRequest' },
        deployment,
    ),
    patch(
        'a text for a number',
        'strategic',
        { spec: { replicas: 'x' } },
        rejected(
            /^ "" is invalid: patch: Invalid value: "map\[spec:map\[replicas:x\]\]": unrecognized type: int32$/,
        ),
        deployment,
    ),
    patch(
        'a text for a map',
        'strategic',
        { data: 'x' },
        rejected(/^ "" is invalid: patch: Invalid value: "map\[data:x\]": cannot restore map from string$/),
    ),
    patch(
        'an unknown field, strictly',
        'strategic',
        { extra: 1 },
        rejected(/patch: Invalid value: "map\[extra:1\]": strict decoding error: unknown field "extra"$/),
        `${map}?fieldValidation=Strict`,
    ),
    patch(
        'what may not change',
        'strategic',
        { spec: { selector: { matchLabels: { app: 'other' } } } },
        { code: 422, reason: 'Invalid', message: /spec\.selector: Invalid value: .*field is immutable/ },
        deployment,
    ),
];

const head = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'right' } };
const managed = `${map}?fieldManager=me`;

const applies = (): WrongRequest[] => [
    patch(
        'no field manager',
        'apply',
        head,
        invalid('PatchOptions.meta.k8s.io', '', 'fieldManager: Required value: is required for apply patch'),
    ),
    patch(
        'no YAML',
        'apply',
        'a: [',
        badRequest(/^error decoding YAML: error converting YAML to JSON: yaml: line \d+/),
        managed,
    ),
    patch(
        'a list',
        'apply',
        '[]',
        badRequest(
            /^error decoding YAML: error unmarshaling JSON: .*cannot unmarshal array into Go value of type map\[string\]interface \{\}/,
        ),
        managed,
    ),
    patch(
        'no kind',
        'apply',
        { apiVersion: 'v1', metadata: { name: 'right' } },
        badRequest(/kind/i),
        managed,
    ),
    patch('another kind', 'apply', { ...head, kind: 'Secret' }, badRequest(/Secret/), managed),
    patch(
        'another version',
        'apply',
        { ...head, apiVersion: 'v2' },
        badRequest('Incorrect version specified in apply patch. Specified patch version: v2, expected: v1'),
        managed,
    ),
    patch(
        'another name',
        'apply',
        { ...head, metadata: { name: 'left' } },
        badRequest('the name of the object (left) does not match the name on the URL (right)'),
        managed,
    ),
    patch(
        'another namespace',
        'apply',
        { ...head, metadata: { name: 'right', namespace: 'other' } },
        badRequest('the namespace of the provided object does not match the namespace sent on the request'),
        managed,
    ),
    patch(
        'managed fields',
        'apply',
        { ...head, metadata: { name: 'right', managedFields: [] } },
        badRequest('metadata.managedFields must be nil'),
        managed,
    ),
    patch(
        'a uid of what is not there',
        'apply',
        { ...head, metadata: { name: 'absent', uid: '1' } },
        conflict(/uid mismatch: the provided object specified uid 1, and no existing object was found/),
        `${ConfigMap.collection}/absent?fieldManager=me`,
    ),
    patch(
        'an unknown field',
        'apply',
        { ...head, extra: 1 },
        {
            code: 500,
            reason: '',
            message:
                'failed to create typed patch object (/right; /v1, Kind=ConfigMap): .extra: field not declared in schema',
        },
        managed,
    ),
    patch(
        'a number for a text',
        'apply',
        { ...head, data: { a: 1 } },
        {
            code: 500,
            reason: '',
            message:
                /failed to create typed patch object .*\.data\.a: expected string, got &value\.valueUnstructured\{Value:1\}|expected string/,
        },
        managed,
    ),
    patch(
        'a field of somebody else',
        'apply',
        { ...head, data: { color: 'blue' } },
        {
            code: 409,
            reason: 'Conflict',
            message: /^Apply failed with 1 conflict: conflict with "[^"]+" using v1: \.data\.color$/,
            causes: ['FieldManagerConflict .data.color'],
        },
        managed,
    ),
    patch(
        'an old resourceVersion',
        'apply',
        { ...head, metadata: { name: 'right', resourceVersion: '1' } },
        conflict(/the object has been modified/),
        managed,
    ),
    patch(
        'a status of what is not there',
        'apply',
        { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'absent' } },
        { code: 404, reason: 'NotFound' },
        `${Deployment.collection}/absent/status?fieldManager=me`,
    ),
];

export function patches(): WrongRequest[] {
    return [...jsonPatches(), ...mergePatches(), ...strategicPatches(), ...applies()];
}
