import { examples, namespace, withMember } from './objects.ts';
import { badRequest, invalid, tooLarge, type WrongRequest } from './wrong-request.ts';

const { ConfigMap, Deployment, Pod, Service, Secret } = examples;
const maps = ConfigMap.collection;

const cannot = (kind: string, why: string, version = 'v1') =>
    badRequest(`${kind} in version "${version}" cannot be handled as a ${kind}: ${why}`);
const go = (value: string, field: string, type: string) =>
    `json: cannot unmarshal ${value} into Go struct field ${field} of type ${type}`;
const map = (member: string) =>
    `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"wrong"},${member}}`;
const deployment = (member: string) =>
    JSON.stringify({ ...Deployment.object, metadata: { name: 'wrong' } }).replace('"replicas":2', member);

/** [what is wrong, kind, path, value, how Go reports it] */
const types: [string, keyof typeof examples, string, unknown, string][] = [
    ['a text for a map', 'ConfigMap', 'data', 'x', go('string', 'ConfigMap.data', 'map[string]string')],
    ['a number in a map of texts', 'ConfigMap', 'data.a', 1, go('number', 'ConfigMap.data', 'string')],
    ['an array in a map of texts', 'ConfigMap', 'data.a', [], go('array', 'ConfigMap.data', 'string')],
    [
        'a boolean for an object',
        'ConfigMap',
        'metadata',
        true,
        go('bool', 'ConfigMap.metadata', 'v1.ObjectMeta'),
    ],
    [
        'an array for a name',
        'ConfigMap',
        'metadata.name',
        [],
        go('array', 'ObjectMeta.metadata.name', 'string'),
    ],
    [
        'a number for a label',
        'ConfigMap',
        'metadata.labels.a',
        5,
        go('number', 'ObjectMeta.metadata.labels', 'string'),
    ],
    ['a text for a boolean', 'ConfigMap', 'immutable', 'yes', go('string', 'ConfigMap.immutable', 'bool')],
    [
        'a text for a number',
        'Deployment',
        'spec.replicas',
        '2',
        go('string', 'DeploymentSpec.spec.replicas', 'int32'),
    ],
    [
        'a fraction for an integer',
        'Deployment',
        'spec.replicas',
        1.5,
        go('number 1.5', 'DeploymentSpec.spec.replicas', 'int32'),
    ],
    [
        'an int32 too large',
        'Deployment',
        'spec.replicas',
        2 ** 31,
        go('number 2147483648', 'DeploymentSpec.spec.replicas', 'int32'),
    ],
    [
        'an int32 too small',
        'Deployment',
        'spec.replicas',
        -(2 ** 31) - 1,
        go('number -2147483649', 'DeploymentSpec.spec.replicas', 'int32'),
    ],
    [
        'an object for a list',
        'Deployment',
        'spec.template.spec.containers',
        {},
        go('object', 'PodSpec.spec.template.spec.containers', '[]v1.Container'),
    ],
    [
        'a text in a list of objects',
        'Pod',
        'spec.containers[0]',
        'web',
        go('string', 'PodSpec.spec.containers', 'v1.Container'),
    ],
    [
        'a text for a port',
        'Pod',
        'spec.containers[0].ports[0].containerPort',
        'http',
        go('string', 'ContainerPort.spec.containers.ports.containerPort', 'int32'),
    ],
    [
        'a number for a command',
        'Pod',
        'spec.containers[0].command',
        1,
        go('number', 'Container.spec.containers.command', '[]string'),
    ],
];

const boundedTypes = (): WrongRequest[] =>
    types.map(([name, kind, path, value, why]) => {
        const { collection, object } = examples[kind];
        const group = object.apiVersion!.split('/').at(-1)!;
        const body = withMember(withMember(object, 'metadata.name', 'wrong'), path, value);
        return { name, method: 'POST', path: collection, body, expect: cannot(kind, why, group) };
    });

const strict = (path: string): string => `${path}?fieldValidation=Strict`;

const fields = (): WrongRequest[] => [
    {
        name: 'an unknown field, strictly',
        method: 'POST',
        path: strict(maps),
        body: map('"spec":{"a":1}'),
        expect: cannot('ConfigMap', 'strict decoding error: unknown field "spec"'),
    },
    {
        name: 'an unknown field deep down, strictly',
        method: 'POST',
        path: strict(Pod.collection),
        body: withMember(withMember(Pod.object, 'metadata.name', 'wrong'), 'spec.containers[0].imagee', 'x'),
        expect: cannot('Pod', 'strict decoding error: unknown field "spec.containers[0].imagee"'),
    },
    {
        name: 'a field in the wrong case, strictly',
        method: 'POST',
        path: strict(maps),
        body: map('"Data":{"a":"b"}'),
        expect: cannot('ConfigMap', 'strict decoding error: unknown field "Data"'),
    },
    {
        name: 'a field twice, strictly',
        method: 'POST',
        path: strict(maps),
        body: map('"data":{"a":"1"},"data":{"a":"2"}'),
        expect: cannot('ConfigMap', 'strict decoding error: duplicate field "data"'),
    },
    {
        name: 'a key twice in a map, strictly',
        method: 'POST',
        path: strict(maps),
        body: map('"data":{"a":"1","a":"2"}'),
        expect: cannot('ConfigMap', 'strict decoding error: duplicate field "data.a"'),
    },
    {
        name: 'unknown and duplicate fields, strictly',
        method: 'POST',
        path: strict(maps),
        body: map('"x":1,"immutable":false,"immutable":false,"metadata":{"name":"wrong","nam":"y"}'),
        expect: badRequest(/strict decoding error: .*unknown field "x".*/),
    },
    {
        name: 'an unknown field in an update, strictly',
        method: 'PUT',
        path: strict(`${maps}/right`),
        body: { ...ConfigMap.object, extra: {} },
        expect: cannot('ConfigMap', 'strict decoding error: unknown field "extra"'),
    },
    {
        name: 'an unknown field in YAML, strictly',
        method: 'POST',
        path: strict(maps),
        headers: { 'content-type': 'application/yaml' },
        body: 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: wrong}\nextra: 1\n',
        expect: cannot('ConfigMap', 'strict decoding error: unknown field "extra"'),
    },
    {
        name: 'a key twice in YAML, strictly',
        method: 'POST',
        path: strict(maps),
        headers: { 'content-type': 'application/yaml' },
        body: 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: wrong}\ndata:\n  a: "1"\n  a: "2"\n',
        expect: badRequest(
            /strict decoding error: yaml: unmarshal errors:\n {2}line 6: key "a" already set in map$/,
        ),
    },
    {
        name: 'a type error beats Ignore',
        method: 'POST',
        path: `${maps}?fieldValidation=Ignore`,
        body: map('"data":[]'),
        expect: cannot('ConfigMap', go('array', 'ConfigMap.data', 'map[string]string')),
    },
    {
        name: 'a type error beats Warn',
        method: 'POST',
        path: `${maps}?fieldValidation=Warn`,
        body: map('"data":[],"extra":1'),
        expect: cannot('ConfigMap', go('array', 'ConfigMap.data', 'map[string]string')),
    },
];

const numbers = (): WrongRequest[] => [
    ...['1e400', '-1e400', '1'.repeat(400)].map((text) => ({
        name: `replicas ${text.slice(0, 20)}`,
        method: 'POST',
        path: Deployment.collection,
        body: deployment(`"replicas":${text}`),
        expect: badRequest(new RegExp(`json: cannot unmarshal number ${text} into Go value of type float64`)),
    })),
    ...[
        ['1e10', '10000000000'],
        ['123456789012345678', '123456789012345680'],
    ].map(([text, shown]) => ({
        name: `replicas ${text!}`,
        method: 'POST',
        path: Deployment.collection,
        body: deployment(`"replicas":${text!}`),
        expect: cannot('Deployment', go(`number ${shown!}`, 'DeploymentSpec.spec.replicas', 'int32')),
    })),
    ...['NaN', 'Infinity', '-Infinity', '.5', '+1', '01', '0x10', '1.', '1e', '-'].map((text) => ({
        name: `replicas ${text}, which is no JSON`,
        method: 'POST',
        path: Deployment.collection,
        body: deployment(`"replicas":${text}`),
        expect: badRequest(
            /^the object provided is unrecognized \(must be of type Deployment\): couldn't get version\/kind; json parse error: invalid character '.*' .* \(\{"apiVersion":"apps\/v1","kind" \.\.\.\)$/,
        ),
    })),
    {
        name: 'an int64 too large',
        method: 'POST',
        path: Pod.collection,
        body: JSON.stringify(withMember(Pod.object, 'spec.terminationGracePeriodSeconds', 77)).replace(
            ':77',
            ':9223372036854775808',
        ),
        expect: badRequest(
            'Pod in version "v1" cannot be handled as a Pod: json: cannot unmarshal number 9223372036854775808 into Go struct field PodSpec.spec.terminationGracePeriodSeconds of type int64',
        ),
    },
];

const mib = 1024 * 1024;

const sizes = (): WrongRequest[] => [
    {
        name: 'a body of more than 3 MiB',
        method: 'POST',
        path: maps,
        body: map(`"data":{"a":"${'x'.repeat(3 * mib)}"}`),
        expect: tooLarge('Request entity too large: limit is 3145728'),
    },
    {
        name: 'a ConfigMap of more than 1 MiB',
        method: 'POST',
        path: maps,
        body: map(`"data":{"a":"${'x'.repeat(mib + 1)}"}`),
        expect: invalid('ConfigMap', 'wrong', '[]: Too long: may not be more than 1048576 bytes'),
    },
    {
        name: 'a Secret of more than 1 MiB',
        method: 'POST',
        path: Secret.collection,
        body: withMember(
            { ...Secret.object, metadata: { name: 'wrong' } },
            'data.key',
            Buffer.alloc(mib + 1).toString('base64'),
        ),
        expect: invalid('Secret', 'wrong', 'data: Too long: may not be more than 1048576 bytes'),
    },
    {
        name: 'annotations of more than 256 KiB',
        method: 'POST',
        path: maps,
        body: withMember(
            { ...ConfigMap.object, metadata: { name: 'wrong' } },
            'metadata.annotations.a',
            'x'.repeat(256 * 1024),
        ),
        expect: invalid(
            'ConfigMap',
            'wrong',
            'metadata.annotations: Too long: may not be more than 262144 bytes',
        ),
    },
    ...(['[', '{"a":'] as const).map((open) => ({
        name: `a body that begins with ${open} 200,000 times`,
        method: 'POST',
        path: maps,
        body: map(`"data":${open.repeat(200_000)}`),
        expect: badRequest(/exceeded max depth/),
    })),
    {
        name: 'YAML that is nested too deeply',
        method: 'POST',
        path: maps,
        headers: { 'content-type': 'application/yaml' },
        body: `apiVersion: v1\nkind: ConfigMap\ndata: ${'['.repeat(20_000)}`,
        expect: badRequest(/yaml: .*depth/i),
    },
    {
        name: 'a list of 200,000 things of the wrong type',
        method: 'POST',
        path: maps,
        body: map(`"data":[${'1,'.repeat(200_000)}1]`),
        expect: cannot('ConfigMap', go('array', 'ConfigMap.data', 'map[string]string')),
    },
    {
        name: 'a Service with 200 ports of one name',
        method: 'POST',
        path: Service.collection,
        body: withMember(
            { ...Service.object, metadata: { name: 'wrong' } },
            'spec.ports',
            Array.from({ length: 200 }, (_, i) => ({ name: 'same', port: i + 1 })),
        ),
        expect: { code: 422, reason: 'Invalid', message: /spec\.ports\[1\]\.name: Duplicate value: "same"/ },
    },
];

const kinds = (): WrongRequest[] => [
    {
        name: 'another kind',
        method: 'POST',
        path: maps,
        body: { ...Pod.object, metadata: { name: 'wrong' } },
        expect: badRequest(
            'Pod in version "v1" cannot be handled as a ConfigMap: converting (v1.Pod) to (core.ConfigMap): unknown conversion',
        ),
    },
    {
        name: 'a kind that nobody knows',
        method: 'POST',
        path: maps,
        body: { apiVersion: 'v1', kind: 'Spaceship', metadata: { name: 'wrong' } },
        expect: badRequest(
            'Spaceship in version "v1" cannot be handled as a ConfigMap: no kind "Spaceship" is registered for version "v1" in scheme "k8s.io/kubernetes/pkg/api/legacyscheme/scheme.go:30"',
        ),
    },
    {
        name: 'a version that nobody knows',
        method: 'POST',
        path: Deployment.collection,
        body: { ...Deployment.object, apiVersion: 'apps/v9', metadata: { name: 'wrong' } },
        expect: badRequest(
            'Deployment in version "v9" cannot be handled as a Deployment: no kind "Deployment" is registered for version "apps/v9" in scheme "k8s.io/kubernetes/pkg/api/legacyscheme/scheme.go:30"',
        ),
    },
    {
        name: 'an apiVersion with two slashes',
        method: 'POST',
        path: maps,
        body: { ...ConfigMap.object, apiVersion: 'a/b/c', metadata: { name: 'wrong' } },
        expect: badRequest(/unexpected GroupVersion string: a\/b\/c/),
    },
    {
        name: 'a number for the kind',
        method: 'POST',
        path: maps,
        body: { apiVersion: 'v1', kind: 5, metadata: { name: 'wrong' } },
        expect: badRequest(
            /couldn't get version\/kind; json parse error: json: cannot unmarshal number into Go struct field \.kind of type string/,
        ),
    },
    {
        name: 'a list where an object belongs',
        method: 'POST',
        path: maps,
        body: '[]',
        expect: badRequest(
            /couldn't get version\/kind; json parse error: json: cannot unmarshal array into Go value of type struct/,
        ),
    },
    {
        name: 'a text where an object belongs',
        method: 'POST',
        path: maps,
        body: '"hello"',
        expect: badRequest(
            /couldn't get version\/kind; json parse error: json: cannot unmarshal string into Go value of type struct/,
        ),
    },
    {
        name: 'nothing where an object belongs',
        method: 'POST',
        path: maps,
        body: '',
        expect: badRequest(
            "the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; json parse error: unexpected end of JSON input (<empty>)",
        ),
    },
    {
        name: 'null where an object belongs',
        method: 'POST',
        path: `/api/v1/namespaces/${namespace}/configmaps`,
        body: 'null',
        expect: {
            code: 422,
            reason: 'Invalid',
            message:
                'ConfigMap "" is invalid: metadata.name: Required value: name or generateName is required',
        },
    },
];

export function bodies(): WrongRequest[] {
    return [...boundedTypes(), ...fields(), ...numbers(), ...sizes(), ...kinds()];
}
