import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import {
    openApiV2Document,
    openApiV2Protobuf,
    renderOpenApiV2,
    type SwaggerOperation,
} from './openapi-v2.ts';
import { openApiV3CustomDocument, openApiV3Document, openApiV3Index, renderOpenApiV3 } from './openapi-v3.ts';
import type { JsonSchema } from './openapi/published-types.ts';

interface V3 {
    paths: Record<
        string,
        Record<string, { parameters?: { name: string }[]; 'x-kubernetes-group-version-kind'?: object }>
    >;
    components: { schemas: Record<string, JsonSchema> };
}

/** Every reference in the document that leads nowhere. */
function danglingReferences(document: unknown): string[] {
    const dangling = new Set<string>();
    const visit = (value: unknown): void => {
        if (typeof value !== 'object' || value === null) return;
        for (const [key, member] of Object.entries(value)) {
            if (key === '$ref' && typeof member === 'string') {
                let target: unknown = document;
                for (const part of member.slice(2).split('/'))
                    target = (target as Record<string, unknown> | undefined)?.[part];
                if (target === undefined) dangling.add(member);
            } else visit(member);
        }
    };
    visit(document);
    return [...dangling];
}

/** Fields without a sentence that says what they are. */
function undescribed(definitions: Readonly<Record<string, JsonSchema>>): string[] {
    return Object.entries(definitions).flatMap(([name, { properties = {} }]) =>
        Object.entries(properties)
            .filter(([, { description }]) => !description)
            .map(([field]) => `${name}.${field}`),
    );
}

const foos = {
    group: 'stable.example.com',
    version: 'v1',
    resources: [
        {
            plural: 'foos',
            kind: 'Foo',
            listKind: 'FooList',
            namespaced: true,
            schema: { type: 'object', properties: { spec: { type: 'object', nullable: true } } },
            subresources: ['status', 'scale'] as const,
        },
    ],
};

describe('OpenAPI v3', () => {
    it('lists a document for each group version, with a hash', () => {
        const { paths } = openApiV3Index(new Map([['apis/stable.example.com/v1', 'ABC']]));
        expect(Object.keys(paths)).toEqual(expect.arrayContaining(['api/v1', 'apis/apps/v1', 'version']));
        expect(paths['apis/apps/v1']?.serverRelativeURL).toMatch(
            /^\/openapi\/v3\/apis\/apps\/v1\?hash=[0-9A-F]{128}$/,
        );
        expect(paths['apis/stable.example.com/v1']?.serverRelativeURL).toBe(
            '/openapi/v3/apis/stable.example.com/v1?hash=ABC',
        );
    });

    it.each(Object.keys(openApiV3Index().paths))('%s refers to nothing that it does not define', (path) => {
        expect(danglingReferences(renderOpenApiV3(path))).toEqual([]);
    });

    it.each(Object.keys(openApiV3Index().paths))('%s describes every field', (path) => {
        const document = renderOpenApiV3(path) as { components?: V3['components'] };
        expect(undescribed(document.components?.schemas ?? {})).toEqual([]);
    });

    it('holds what kubectl looks for: fieldValidation and dryRun of the PATCH of a kind', () => {
        const document = JSON.parse(gunzipSync(openApiV3Document('apis/apps/v1')!.gzip).toString()) as V3;
        const { patch } = document.paths['/apis/apps/v1/namespaces/{namespace}/deployments/{name}']!;
        expect(patch?.['x-kubernetes-group-version-kind']).toEqual({
            group: 'apps',
            kind: 'Deployment',
            version: 'v1',
        });
        expect(patch?.parameters?.map(({ name }) => name)).toEqual(
            expect.arrayContaining(['dryRun', 'fieldValidation', 'fieldManager', 'force']),
        );
        expect(document.components.schemas['io.k8s.api.core.v1.ServicePort']).toBeUndefined();
        expect(
            document.components.schemas['io.k8s.api.core.v1.PodSpec']?.properties?.containers,
        ).toMatchObject({
            'x-kubernetes-list-map-keys': ['name'],
            'x-kubernetes-patch-strategy': 'merge',
        });
    });

    it('is undefined for a path without document', () => {
        expect(openApiV3Document('apis/none/v1')).toBeUndefined();
    });

    it('describes custom resources', () => {
        const { gzip, hash } = openApiV3CustomDocument(foos);
        const document = JSON.parse(gunzipSync(gzip).toString()) as V3;
        expect(hash).toMatch(/^[0-9A-F]+$/);
        expect(danglingReferences(document)).toEqual([]);
        expect(
            document.paths['/apis/stable.example.com/v1/namespaces/{namespace}/foos/{name}/scale'],
        ).toBeDefined();
        expect(document.components.schemas['com.example.stable.v1.Foo']?.properties?.metadata).toBeDefined();
    });
});

/** Reads one level of a protobuf message: its fields in order. */
function fieldsOf(message: Buffer): { field: number; bytes: Buffer }[] {
    const fields: { field: number; bytes: Buffer }[] = [];
    let at = 0;
    const varint = () => {
        let value = 0;
        for (let shift = 1; ; shift *= 128) {
            const byte = message[at++] ?? 0;
            value += (byte & 0x7f) * shift;
            if (byte < 0x80) return value;
        }
    };
    while (at < message.length) {
        const tag = varint();
        if (tag % 8 === 0) {
            varint();
            continue;
        }
        const length = varint();
        fields.push({ field: tag >> 3, bytes: message.subarray(at, at + length) });
        at += length;
    }
    return fields;
}

describe('OpenAPI v2', () => {
    const document = renderOpenApiV2([foos]);

    it('refers to nothing that it does not define', () => {
        expect(danglingReferences(document)).toEqual([]);
    });

    it('describes every field', () => {
        const { 'com.example.stable.v1.Foo': _foo, ...ours } = document.definitions;
        expect(undescribed(ours)).toEqual([]);
    });

    it('has dryRun and fieldValidation in the PATCH operation itself', () => {
        const patch = document.paths['/api/v1/namespaces/{namespace}/pods/{name}']?.patch as SwaggerOperation;
        expect(patch.parameters.map(({ name }) => name)).toEqual(
            expect.arrayContaining(['dryRun', 'fieldValidation']),
        );
    });

    it('leaves out of custom resources what v2 cannot say', () => {
        expect(document.definitions['com.example.stable.v1.Foo']?.properties?.spec).toEqual({});
    });

    it('has the same paths and definitions in protobuf', () => {
        const builtIn = JSON.parse(gunzipSync(openApiV2Document().gzip).toString()) as typeof document;
        const fields = fieldsOf(openApiV2Protobuf());
        const nested = (field: number) => fieldsOf(fields.find((f) => f.field === field)!.bytes);
        const names = (entries: { bytes: Buffer }[]) =>
            entries.map(({ bytes }) => fieldsOf(bytes)[0]!.bytes.toString());
        expect(fields[0]!.bytes.toString()).toBe('2.0');
        expect(names(nested(8))).toEqual(Object.keys(builtIn.paths));
        expect(names(nested(9))).toEqual(Object.keys(builtIn.definitions));
        expect(names(nested(10))).toEqual(Object.keys(builtIn.parameters));
    });
});
