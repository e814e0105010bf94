import { describe, expect, it } from '@jest/globals';
import { deepFreeze } from '../meta/deep.ts';
import { StatusError } from '../meta/status-error.ts';
import { decodeObject } from './decode.ts';

const pod = (spec: unknown, metadata: object = {}) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'a', ...metadata },
    spec,
});
const deployment = (spec: unknown) => ({ apiVersion: 'apps/v1', kind: 'Deployment', spec });

describe('decodeObject', () => {
    it('passes on what is fine, without a copy', () => {
        const input = deepFreeze(pod({ containers: [{ name: 'c', resources: { limits: { cpu: '1' } } }] }));
        const { object, unknownFields } = decodeObject('V1Pod', input);
        expect(object).toBe(input);
        expect(unknownFields).toEqual([]);
    });

    it('drops optional lists and maps that are empty, as upstream writes none, and keeps objects and required lists', () => {
        const input = deepFreeze({
            ...pod({ containers: [], tolerations: [], nodeSelector: {}, securityContext: {} }),
            metadata: { name: 'a', labels: {}, annotations: { a: '' }, managedFields: [] },
        });
        expect(decodeObject('V1Pod', input).object).toEqual({
            ...pod({ containers: [], securityContext: {} }),
            metadata: { name: 'a', annotations: { a: '' }, managedFields: [] },
        });
    });

    it('drops plain values that are zero, as Go structs lose them, and keeps zeros of pointers and required fields', () => {
        const container = { name: 'c', image: '', stdin: false, imagePullPolicy: '', resources: {} };
        const port = { name: 'p', containerPort: 0, hostPort: 0, protocol: '' };
        const input = deepFreeze(
            pod({
                hostNetwork: false,
                dnsPolicy: '',
                priority: 0,
                runtimeClassName: '',
                automountServiceAccountToken: false,
                containers: [{ ...container, ports: [port] }],
                volumes: [{ name: 'v', configMap: { name: '', defaultMode: 0, optional: false } }],
            }),
        );
        expect(decodeObject('V1Pod', input).object).toEqual(
            pod({
                priority: 0,
                runtimeClassName: '',
                automountServiceAccountToken: false,
                containers: [{ name: 'c', resources: {}, ports: [{ name: 'p', containerPort: 0 }] }],
                volumes: [{ name: 'v', configMap: { defaultMode: 0, optional: false } }],
            }),
        );
        expect(decodeObject('V1ConfigMap', { data: { a: '' }, immutable: false }).object).toEqual({
            data: { a: '' },
            immutable: false,
        });
    });

    it('adds the plain values that Go always writes', () => {
        expect(decodeObject('V1StatefulSet', deepFreeze({ spec: {} })).object).toEqual({
            spec: { serviceName: '' },
        });
        expect(decodeObject('CoreV1Event', deepFreeze({ reportingInstance: 'x' })).object).toEqual({
            reportingInstance: 'x',
            reportingComponent: '',
        });
    });

    it('drops unknown fields and says where they stood', () => {
        const input = deepFreeze(
            pod({ foo: 1, containers: [{ name: 'c', bar: { x: 1 }, image: 'i' }], nodeName: 'n' }),
        );
        const { object, unknownFields } = decodeObject('V1Pod', input);
        expect(object).toEqual(pod({ containers: [{ name: 'c', image: 'i' }], nodeName: 'n' }));
        expect(unknownFields).toEqual(['unknown field "spec.foo"', 'unknown field "spec.containers[0].bar"']);
    });

    it('finds unknown fields in nested schemas of custom resource definitions', () => {
        const schema = { openAPIV3Schema: { properties: { a: { items: { type: 'string', zz: 1 } } } } };
        const { unknownFields } = decodeObject('V1CustomResourceDefinition', {
            spec: { versions: [{ schema }] },
        });
        expect(unknownFields).toEqual([
            'unknown field "spec.versions[0].schema.openAPIV3Schema.properties.a.items.zz"',
        ]);
    });

    it('takes null for absent, and for the zero value inside lists and maps', () => {
        const input = pod(
            { nodeName: null, containers: [null, { name: 'c', args: [null, 'x'] }] },
            { labels: { a: null } },
        );
        expect(decodeObject('V1Pod', input).object).toEqual(
            pod({ containers: [{}, { name: 'c', args: ['', 'x'] }] }, { labels: { a: '' } }),
        );
    });

    it('canonicalises quantities, times and bytes', () => {
        const limits = { cpu: 1, memory: '1024Mi' };
        const input = pod(
            { containers: [{ name: 'c', resources: { limits } }] },
            { creationTimestamp: '2026-01-02T03:04:05.9+01:00' },
        );
        const { object } = decodeObject('V1Pod', deepFreeze(input));
        expect(object).toEqual(
            pod(
                { containers: [{ name: 'c', resources: { limits: { cpu: '1', memory: '1Gi' } } }] },
                { creationTimestamp: '2026-01-02T02:04:05Z' },
            ),
        );
        expect(decodeObject('V1Secret', { data: { a: 'YWJj\nZGVm' } }).object).toEqual({
            data: { a: 'YWJjZGVm' },
        });
        expect(decodeObject('V1Lease', { spec: { renewTime: '2026-01-02T03:04:05Z' } }).object).toEqual({
            spec: { renewTime: '2026-01-02T03:04:05.000000Z' },
        });
    });

    it('keeps a label named __proto__ to itself', () => {
        const input = JSON.parse('{"metadata":{"labels":{"__proto__":null,"a":"b"}}}') as unknown;
        const { object } = decodeObject('V1Pod', input);
        expect(JSON.stringify(object)).toBe('{"metadata":{"labels":{"__proto__":"","a":"b"}}}');
    });

    const env = { containers: [{ name: 'c', env: [{ name: 'x', value: 1 }] }] };
    const limits = (cpu: unknown) => pod({ containers: [{ name: 'c', resources: { limits: { cpu } } }] });
    const field = 'json: cannot unmarshal';
    it.each([
        [
            'V1Deployment',
            deployment({ replicas: '3' }),
            `${field} string into Go struct field DeploymentSpec.spec.replicas of type int32`,
        ],
        [
            'V1Deployment',
            deployment({ replicas: 1.5 }),
            `${field} number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32`,
        ],
        [
            'V1Deployment',
            deployment({ replicas: 2 ** 31 }),
            `${field} number 2147483648 into Go struct field DeploymentSpec.spec.replicas of type int32`,
        ],
        [
            'V1Deployment',
            deployment([]),
            `${field} array into Go struct field Deployment.spec of type v1.DeploymentSpec`,
        ],
        [
            'V1Deployment',
            deployment({ template: { spec: env } }),
            `${field} number into Go struct field EnvVar.spec.template.spec.containers.env.value of type string`,
        ],
        [
            'V1Pod',
            pod({ containers: {} }),
            `${field} object into Go struct field PodSpec.spec.containers of type []v1.Container`,
        ],
        [
            'V1Pod',
            pod({}, { labels: { a: true } }),
            `${field} bool into Go struct field ObjectMeta.metadata.labels of type string`,
        ],
        [
            'V1Pod',
            pod({}, { creationTimestamp: 'noon' }),
            'parsing time "noon" as "2006-01-02T15:04:05Z07:00": cannot parse "noon" as "2006"',
        ],
        [
            'V1Pod',
            pod({}, { creationTimestamp: '2026-02-30T00:00:00Z' }),
            'parsing time "2026-02-30T00:00:00Z": day out of range',
        ],
        ['V1Pod', limits('128mi'), "unable to parse quantity's suffix"],
        [
            'V1Pod',
            limits('1Gb'),
            "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
        ],
        [
            'V1Pod',
            limits({}),
            "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
        ],
        [
            'V1Secret',
            { apiVersion: 'v1', kind: 'Secret', data: { a: 'abc!' } },
            'illegal base64 data at input byte 3',
        ],
    ])('%s with %j is a bad request', (type, input, message) => {
        const kind = type.slice(2);
        let error: unknown;
        try {
            decodeObject(type, input);
        } catch (thrown) {
            error = thrown;
        }
        expect(error).toBeInstanceOf(StatusError);
        expect((error as StatusError).reason).toBe('BadRequest');
        expect((error as StatusError).message).toBe(
            `${kind} in version "v1" cannot be handled as a ${kind}: ${message}`,
        );
    });
});
