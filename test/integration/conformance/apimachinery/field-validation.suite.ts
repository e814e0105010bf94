import { beforeAll, describe, expect, it } from '@jest/globals';
import { type Cluster, type Reply } from '../support/cluster.ts';
import { anything, type CustomResource, define, type Schema, versions } from '../support/definitions.ts';

/** How strictly the server takes what it is sent, as the suite's field_validation.go asks for it. */
export function fieldValidation(cluster: Cluster): void {
    let namespace: string;

    beforeAll(async () => {
        namespace = await cluster.namespace('field-validation');
    });

    const strict = 'fieldManager=field_validation_mgr&fieldValidation=Strict';

    /** Text, as JSON with a key twice cannot be made of objects. */
    const deployment = (metadata: string, spec: string): string => `{
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": { "name": "my-dep", ${metadata} "labels": { "app": "nginx" } },
    "spec": {
        ${spec}
        "selector": { "matchLabels": { "app": "nginx" } },
        "template": {
            "metadata": { "labels": { "app": "nginx" } },
            "spec": { "containers": [{ "name": "nginx", "image": "nginx:latest" }] }
        }
    }
}`;

    describe('a typed object', () => {
        const post = async (body: string) =>
            await cluster.refused('POST', `/apis/apps/v1/namespaces/${namespace}/deployments?${strict}`, {
                body,
            });

        it('is refused for fields that nobody knows and for fields that come twice', async () => {
            const spec = '"unknownField": "foo", "replicas": 2, "replicas": 3,';
            const { code, message } = await post(deployment('', spec));
            expect(code).toBe(400);
            expect(message).toContain(
                'strict decoding error: unknown field "spec.unknownField", duplicate field "spec.replicas"',
            );
        });

        it('is refused for unknown fields of its metadata', async () => {
            const { message } = await post(deployment('"unknownMeta": "foo",', ''));
            expect(message).toContain('strict decoding error: unknown field "metadata.unknownMeta"');
        });
    });

    describe('a custom resource that is applied', () => {
        const ports = {
            type: 'array',
            'x-kubernetes-list-map-keys': ['containerPort', 'protocol'],
            'x-kubernetes-list-type': 'map',
            items: {
                type: 'object',
                required: ['containerPort', 'protocol'],
                properties: {
                    containerPort: { format: 'int32', type: 'integer' },
                    hostIP: { type: 'string' },
                    hostPort: { format: 'int32', type: 'integer' },
                    name: { type: 'string' },
                    protocol: { type: 'string' },
                },
            },
        };
        const specFields = {
            foo: { type: 'string' },
            cronSpec: { type: 'string', pattern: '^(\\d+|\\*)(/\\d+)?(\\s+(\\d+|\\*)(/\\d+)?){4}$' },
            ports,
        };
        const schemaOf = (spec: object): Schema => ({
            type: 'object',
            properties: { spec: { type: 'object', ...spec } },
        });
        const rest = `  cronSpec: "* * * * */5"
  ports:
  - name: x
    containerPort: 80
    protocol: TCP`;

        let made = 0;
        const defined = async (schema: Schema): Promise<CustomResource> =>
            await define(cluster, {
                group: 'mygroup.example.com',
                name: `noxu${++made}`,
                scope: 'Cluster',
                versions: versions(['v1beta1', 'v1beta2'], schema),
            });
        const apply = async (
            resource: CustomResource,
            { head = '', spec }: { head?: string; spec: string },
        ): Promise<Reply> => {
            // Where a line stands matters: errors name it.
            const body = `
apiVersion: ${resource.group}/v1beta1
kind: ${resource.kind}
metadata:
  name: mytest
${head.startsWith('  ') ? head : ''}  finalizers:
  - test-finalizer
${head.startsWith('  ') ? '' : head}spec:
${spec}${rest}`;
            return await cluster.call('PATCH', `${resource.path('v1beta1')}/mytest?${strict}`, {
                body,
                headers: { 'content-type': 'application/apply-patch+yaml' },
            });
        };

        it('is created when it is as its schema says', async () => {
            const resource = await defined(schemaOf({ properties: specFields }));
            const { status, text } = await apply(resource, { spec: '  foo: foo1\n' });
            expect({ status, text }).toMatchObject({ status: 201 });
            expect(JSON.parse(text)).toMatchObject({
                metadata: { name: 'mytest', finalizers: ['test-finalizer'] },
                spec: { foo: 'foo1', ports: [{ name: 'x', containerPort: 80, protocol: 'TCP' }] },
            });
        });

        it('is created with any field where there is no schema', async () => {
            const resource = await defined(anything);
            const { status, text } = await apply(resource, { spec: '  unknown: uk1\n' });
            expect({ status, text }).toMatchObject({ status: 201 });
            expect(JSON.parse(text)).toMatchObject({ spec: { unknown: 'uk1' } });
        });

        it('is refused for a field that its schema has not', async () => {
            const resource = await defined(schemaOf({ properties: specFields }));
            const { status, text } = await apply(resource, {
                head: 'unknownField: unknown\n',
                spec: '  foo: foo1\n',
            });
            expect(status).toBeGreaterThanOrEqual(400);
            expect(text).toContain('.unknownField: field not declared in schema');
        });

        it('is refused for unknown fields of its metadata and of the metadata of an object inside it', async () => {
            const template = {
                type: 'object',
                'x-kubernetes-embedded-resource': true,
                properties: {
                    metadata: { type: 'object', properties: { name: { type: 'string' } } },
                    spec: { type: 'object' },
                },
            };
            const resource = await defined(
                schemaOf({
                    'x-kubernetes-preserve-unknown-fields': true,
                    properties: { template, ...specFields },
                }),
            );
            const spec = `  template:
    apiversion: foo/v1
    kind: Sub
    metadata:
        unknownSubMeta: unknown
        name: subobject
        namespace: ${namespace}
  foo: foo1
`;
            const { status, text } = await apply(resource, { head: '  unknownMeta: unknown\n', spec });
            expect(status).toBeGreaterThanOrEqual(400);
            expect(text).toMatch(
                /\.spec\.template\.metadata\.unknownSubMeta: field not declared in schema|\.metadata\.unknownMeta: field not declared in schema/,
            );
        });

        it('is refused for a field that comes twice, also where unknown fields are kept', async () => {
            const resource = await defined(
                schemaOf({ 'x-kubernetes-preserve-unknown-fields': true, properties: specFields }),
            );
            const { status, text } = await apply(resource, {
                spec: '  unknown: uk1\n  foo: foo1\n  foo: foo2\n',
            });
            expect(status).toBe(400);
            expect(text).toContain('line 11: key \\"foo\\" already set in map');
        });
    });
}
