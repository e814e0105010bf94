import { describe, expect, it } from '@jest/globals';
import { type Cluster, eventually, type Shown } from '../support/cluster.ts';
import {
    anything,
    type CustomResource,
    type CustomResourceDefinition,
    define,
    type Schema,
    undefine,
    versions,
} from '../support/definitions.ts';

interface Definition extends Schema {
    properties?: Record<string, Schema>;
}

const string = (description: string, more: object = {}) => ({ description, type: 'string', ...more });
const bars = (description: string, items: object) => ({ description, type: 'array', items });

const foo: Schema = {
    description: 'Foo CRD for Testing',
    type: 'object',
    properties: {
        spec: {
            type: 'object',
            description: 'Specification of Foo',
            properties: {
                bars: bars('List of Bars and their specs.', {
                    type: 'object',
                    required: ['name'],
                    properties: {
                        name: string('Name of Bar.'),
                        age: string('Age of Bar.'),
                        feeling: string('Whether Bar is feeling great.', { enum: ['Great', 'Down'] }),
                        bazs: bars('List of Bazs.', { type: 'string' }),
                    },
                }),
            },
        },
        status: {
            description: 'Status of Foo',
            type: 'object',
            properties: {
                bars: bars('List of Bars and their statuses.', {
                    type: 'object',
                    properties: {
                        name: string('Name of Bar.'),
                        available: { description: 'Whether the Bar is installed.', type: 'boolean' },
                        quxType: string('Indicates to external qux type.', {
                            pattern: 'in-tree|out-of-tree',
                        }),
                    },
                }),
            },
        },
    },
};

const waldo: Schema = {
    description: 'Waldo CRD for Testing',
    type: 'object',
    properties: {
        spec: {
            description: 'Specification of Waldo',
            type: 'object',
            properties: { dummy: { description: 'Dummy property.', type: 'object' } },
        },
        status: {
            description: 'Status of Waldo',
            type: 'object',
            properties: { bars: bars('List of Bars and their statuses.', { type: 'object' }) },
        },
    },
};

const waldoProperties = waldo['properties'] as Record<string, Schema>;
const keepsUnknown = { 'x-kubernetes-preserve-unknown-fields': true };
const keepsAtRoot: Schema = {
    ...waldo,
    ...keepsUnknown,
    description: 'preserve-unknown-properties at root for Testing',
};
const keepsNested: Definition = {
    ...waldo,
    description: 'preserve-unknown-properties in nested field for Testing',
    properties: { ...waldoProperties, spec: { ...waldoProperties['spec'], ...keepsUnknown } },
};

/** The documents that clients check objects by and explain them from, as crd_publish_openapi.go asks for them. */
export function publishedOpenApi(cluster: Cluster): void {
    let made = 0;
    const setUp = async (schema: Schema, suffix: string, names: string[]): Promise<CustomResource> =>
        await define(cluster, {
            group: `crd-publish-openapi-test-${suffix}.example.com`,
            name: `e2etest${++made}crd`,
            versions: versions(names, schema),
        });
    const published = async (): Promise<Record<string, Definition>> => {
        const { definitions } = await cluster.must<{ definitions: Record<string, Definition> }>(
            'GET',
            '/openapi/v2',
        );
        return definitions;
    };
    /** "com.example.group.v1.Foo" */
    const nameOf = ({ group, kind }: CustomResource, version: string): string =>
        `${group.split('.').reverse().join('.')}.${version}.${kind}`;
    /** A definition without what is added to each. */
    const ownPart = (definition: Definition | undefined): Definition | undefined => {
        if (definition === undefined) return undefined;
        const { 'x-kubernetes-group-version-kind': _, properties, ...own } = definition;
        if (properties === undefined) return own;
        const { apiVersion: _v, kind: _k, metadata: _m, ...rest } = properties;
        return Object.keys(rest).length === 0 ? own : { ...own, properties: rest };
    };
    const isPublished = async (resource: CustomResource, version: string, schema?: Schema): Promise<void> => {
        const name = nameOf(resource, version);
        const found = await eventually(`${name} is published`, async () => (await published())[name]);
        if (schema !== undefined) expect(ownPart(found)).toEqual(schema);
    };
    const isRemoved = async (resource: CustomResource, version: string): Promise<void> => {
        const name = nameOf(resource, version);
        await eventually(`${name} is removed`, async () => !(name in (await published())));
    };
    const cleanUp = async (resource: CustomResource, names: string[]): Promise<void> => {
        await undefine(cluster, resource);
        for (const version of names) await isRemoved(resource, version);
    };
    const send = async (verb: 'create' | 'apply', object: object): Promise<Shown> =>
        await cluster.kubectl(['-n', 'default', verb, '-f', '-'], JSON.stringify(object));
    /** kubectl creates, deletes, applies and deletes the object. */
    const isTaken = async (resource: CustomResource, object: object): Promise<void> => {
        for (const verb of ['create', 'apply'] as const) {
            expect(await send(verb, object)).toMatchObject({ code: 0, stderr: '' });
            const deleted = await cluster.kubectl(['-n', 'default', 'delete', resource.plural, 'test-cr']);
            expect(deleted).toMatchObject({ code: 0 });
        }
    };
    const explained = async (path: string, pattern: RegExp): Promise<void> => {
        const { code, stdout, stderr } = await cluster.kubectl(['explain', path]);
        expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
        expect(stdout).toMatch(pattern);
    };

    describe('let kubectl', () => {
        it('check and explain objects with a schema', async () => {
            const resource = await setUp(foo, 'foo', ['v1']);
            await isPublished(resource, 'v1', foo);
            const { plural } = resource;
            const object = (spec: object): object => resource.object('v1', 'test-cr', { spec });
            await isTaken(resource, object({ bars: [{ name: 'test-bar' }] }));
            for (const verb of ['create', 'apply'] as const) {
                const enumerated = await send(
                    verb,
                    object({ bars: [{ name: 'b', feeling: 'Nonexistent' }] }),
                );
                expect(enumerated.stderr).toContain('Unsupported value: "Nonexistent"');
                const unknown = await send(verb, object({ foo: true }));
                expect(unknown.stderr).toMatch(/unknown field "(spec\.)?foo"/);
                const incomplete = await send(verb, object({ bars: [{ age: '10' }] }));
                expect(incomplete.stderr).toMatch(
                    /missing required field "name"|spec\.bars\[0\]\.name: Required value/,
                );
            }
            await explained(
                plural,
                /DESCRIPTION:.*Foo CRD for Testing.*FIELDS:.*apiVersion.*<string>.*APIVersion defines.*spec.*<Object>.*Specification of Foo/s,
            );
            await explained(
                `${plural}.metadata`,
                /DESCRIPTION:.*Standard object's metadata.*FIELDS:.*creationTimestamp.*<string>.*CreationTimestamp is a timestamp/s,
            );
            await explained(
                `${plural}.spec`,
                /DESCRIPTION:.*Specification of Foo.*FIELDS:.*bars.*<\[\]Object>.*List of Bars and their specs/s,
            );
            await explained(
                `${plural}.spec.bars`,
                /(FIELD|RESOURCE):.*bars.*<\[\]Object>.*DESCRIPTION:.*List of Bars and their specs.*FIELDS:.*bazs.*<\[\]string>.*List of Bazs.*name.*<string>.*Name of Bar/s,
            );
            const missing = await cluster.kubectl(['explain', `${plural}.spec.bars2`]);
            expect(missing.code).not.toBe(0);
            expect(missing.stderr).toContain('field "bars2" does not exist');
            await cleanUp(resource, ['v1']);
        });

        it('take any field and explain nothing where there is no schema', async () => {
            const resource = await setUp(anything, 'empty', ['v1']);
            await isPublished(resource, 'v1', { type: 'object' });
            await isTaken(resource, resource.object('v1', 'test-cr', { a: { b: [{ c: 'd' }] } }));
            await explained(resource.plural, /DESCRIPTION:.*<empty>/s);
            await cleanUp(resource, ['v1']);
        });

        it('take unknown fields where the schema keeps them at its root', async () => {
            const resource = await setUp(keepsAtRoot, 'unknown-at-root', ['v1']);
            await isPublished(resource, 'v1', { type: 'object' });
            await isTaken(resource, resource.object('v1', 'test-cr', { a: { b: [{ c: 'd' }] } }));
            await explained(resource.plural, new RegExp(`KIND:.*${resource.kind}`, 's'));
            await cleanUp(resource, ['v1']);
        });

        it('take unknown fields where the schema keeps them inside', async () => {
            const resource = await setUp(keepsNested, 'unknown-in-nested', ['v1']);
            // Nothing of what is inside: clients would refuse all else.
            const { type: _t, properties: _p, ...spec } = keepsNested.properties?.['spec'] ?? {};
            const properties = { ...keepsNested.properties, spec };
            await isPublished(resource, 'v1', { ...keepsNested, properties });
            await isTaken(resource, resource.object('v1', 'test-cr', { spec: { a: null, b: [{ c: 'd' }] } }));
            await explained(
                resource.plural,
                /DESCRIPTION:.*preserve-unknown-properties in nested field for Testing/s,
            );
            await cleanUp(resource, ['v1']);
        });
    });

    describe('have definitions', () => {
        it('of different groups', async () => {
            const first = await setUp(foo, 'foo', ['v1']);
            const second = await setUp(waldo, 'waldo', ['v1beta1']);
            expect(first.group).not.toBe(second.group);
            await isPublished(second, 'v1beta1', waldo);
            await isPublished(first, 'v1', foo);
            await cleanUp(first, ['v1']);
            await cleanUp(second, ['v1beta1']);
        });

        it.each([
            ['different versions', 'v4', 'v5'],
            ['one version but different kinds', 'v6', 'v6'],
        ])('of one group and %s', async (_, one, two) => {
            const first = await setUp(foo, 'common-group', [one]);
            const second = await setUp(waldo, 'common-group', [two]);
            await isPublished(second, two, waldo);
            await isPublished(first, one, foo);
            await cleanUp(first, [one]);
            await isPublished(second, two, waldo);
            await cleanUp(second, [two]);
        });

        it('of several versions, also when one is renamed', async () => {
            const resource = await setUp(foo, 'multi-ver', ['v2', 'v3']);
            await isPublished(resource, 'v3', foo);
            await isPublished(resource, 'v2', foo);
            await cluster.patch(resource.definition, 'json', [
                { op: 'test', path: '/spec/versions/1/name', value: 'v3' },
                { op: 'replace', path: '/spec/versions/1/name', value: 'v4' },
            ]);
            await isPublished(resource, 'v4', foo);
            await isRemoved(resource, 'v3');
            await isPublished(resource, 'v2', foo);
            await cleanUp(resource, ['v2', 'v4']);
        });

        it('of served versions only', async () => {
            const resource = await setUp(foo, 'multi-to-single-ver', ['v5', 'v6alpha1']);
            await isPublished(resource, 'v6alpha1', foo);
            await isPublished(resource, 'v5', foo);
            await cluster.change<CustomResourceDefinition>(resource.definition, ({ spec }) => {
                const [, second] = spec.versions;
                if (second !== undefined) second.served = false;
            });
            await isRemoved(resource, 'v6alpha1');
            await isPublished(resource, 'v5', foo);
            await cleanUp(resource, ['v5']);
        });
    });
}
