import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { assetHash } from './assets.ts';
import { type CustomResourceGroupVersion, customResources } from './openapi/custom-resources.ts';
import { DefinitionWriter, gvkExtension, gvkJson, loadDocs } from './openapi/definitions.ts';
import {
    documentedResource,
    type Operation,
    operationsOf,
    pathOf,
    plainOperation,
    tagOf,
} from './openapi/operations.ts';
import type { Parameter } from './openapi/parameters.ts';
import { type JsonSchema, names } from './openapi/published-types.ts';
import { schema } from './schema.ts';

/** A document as it is kept: compressed, and named by a hash that changes with its content. */
export interface OpenApiBytes {
    /** gzip'd JSON. */
    gzip: Buffer;
    hash: string;
}

const title = 'Kubernetes';
const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1';

/** What changes the documents besides the generated files: the program itself. */
const programRevision = process.env.HYPERKUBE_COMMIT ?? 'source';

/** Upper-case hexadecimal, as upstream's. */
function hashOf(...parts: (string | Buffer)[]): string {
    const hash = createHash('sha512');
    for (const part of parts) hash.update(part);
    return hash.digest('hex').toUpperCase();
}

function groupVersions(): { group: string; version: string }[] {
    const found = new Map<string, { group: string; version: string }>();
    for (const { group, version } of schema().resources) found.set(`${group}/${version}`, { group, version });
    return [...found.values()];
}

function groupOperation(path: string, what: string, type: string): Operation[] {
    const description = `Reads ${what}.`;
    const tag = path.split('/')[2] ? tagOf(path.split('/')[2] ?? '') : path.replaceAll('/', '');
    const operationId = `get${path.replaceAll(/[^a-z0-9]+(.)?/g, (_, c?: string) => c?.toUpperCase() ?? '')}`;
    return [plainOperation({ path, operationId, tag, response: `${meta}.${type}`, description })];
}

/** The operations that each document holds, by its path below /openapi/v3/. */
function documents(): Map<string, () => Operation[]> {
    const result = new Map<string, () => Operation[]>();
    result.set('api', () => groupOperation('/api/', 'the versions of the core group', 'APIVersions'));
    result.set('apis', () => groupOperation('/apis/', 'the groups', 'APIGroupList'));
    result.set('version', () => [
        plainOperation({
            path: '/version/',
            operationId: 'getCodeVersion',
            tag: 'version',
            response: names.versionInfo,
            description: 'Reads the version of the server.',
        }),
    ]);
    for (const { group, version } of groupVersions()) {
        const base = pathOf(group, version);
        if (group !== '')
            result.set(`apis/${group}`, () =>
                groupOperation(`/apis/${group}/`, 'the versions of the group', 'APIGroup'),
            );
        result.set(base.slice(1), () => [
            ...groupOperation(`${base}/`, 'the resources of the version', 'APIResourceList'),
            ...schema()
                .resources.filter((r) => r.group === group && r.version === version)
                .flatMap((resource) => operationsOf(documentedResource(resource))),
        ]);
    }
    return result;
}

function parameterJson({ name, in: place, type, description }: Parameter): JsonSchema {
    return {
        name,
        in: place,
        description,
        ...(place === 'path' ? { required: true } : {}),
        schema: { type, uniqueItems: true },
    };
}

function contentOf(mimeTypes: readonly string[], bodySchema: JsonSchema): Record<string, unknown> {
    return Object.fromEntries(mimeTypes.map((mime) => [mime, { schema: bodySchema }]));
}

const codeTexts: Readonly<Record<number, string>> = { 200: 'OK', 201: 'Created', 202: 'Accepted' };

function operationJson(operation: Operation, writer: DefinitionWriter): JsonSchema {
    const { body, gvk, response } = operation;
    const answer = response === undefined ? { type: 'string' } : writer.reference(response);
    const responses: Record<string, unknown> = {};
    for (const code of operation.codes)
        responses[code] = { description: codeTexts[code], content: contentOf(operation.produces, answer) };
    responses[401] = { description: 'Unauthorized' };
    return {
        tags: [operation.tag],
        description: operation.description,
        operationId: operation.operationId,
        ...(operation.parameters.length > 0 ? { parameters: operation.parameters.map(parameterJson) } : {}),
        ...(body
            ? {
                  requestBody: {
                      content: contentOf(body.mimeTypes, writer.reference(body.type)),
                      ...(body.required ? { required: true } : {}),
                  },
              }
            : {}),
        responses,
        ...(operation.action ? { 'x-kubernetes-action': operation.action } : {}),
        ...(gvk ? { [gvkExtension]: gvkJson(gvk.group, gvk.version, gvk.kind) } : {}),
    };
}

function render(
    operations: readonly Operation[],
    custom: ReadonlyMap<string, JsonSchema>,
    references: readonly string[] = [],
): JsonSchema {
    const writer = new DefinitionWriter('v3', loadDocs());
    for (const name of references) writer.reference(name);
    const paths: Record<string, JsonSchema> = {};
    for (const operation of operations) {
        const { pathParameters } = operation;
        const path = (paths[operation.path] ??=
            pathParameters.length > 0 ? { parameters: pathParameters.map(parameterJson) } : {});
        path[operation.method] = operationJson(operation, writer);
    }
    return {
        openapi: '3.0.0',
        info: { title, version: 'unversioned' },
        paths: Object.fromEntries(Object.entries(paths).sort(([a], [b]) => (a < b ? -1 : 1))),
        components: {
            schemas: writer.definitions(custom),
            securitySchemes: {
                BearerToken: {
                    type: 'apiKey',
                    description: 'Bearer token',
                    name: 'authorization',
                    in: 'header',
                },
            },
        },
    };
}

/** The document of one path ("apis/apps/v1") as JSON; undefined for a path that has none. */
export function renderOpenApiV3(path: string): JsonSchema | undefined {
    const operations = documents().get(path);
    return operations && render(operations(), new Map());
}

/** The document of a group version that custom resources make up; the caller keeps it. */
export function openApiV3CustomDocument(groupVersion: CustomResourceGroupVersion): OpenApiBytes {
    const { operations, definitions, references } = customResources(groupVersion, 'v3');
    const json = JSON.stringify(render(operations, definitions, references));
    return { gzip: gzipSync(json), hash: hashOf(json) };
}

const cache = new Map<string, OpenApiBytes>();

function builtInHash(path: string): string {
    return hashOf(assetHash(), programRevision, path);
}

/**
 * What GET /openapi/v3 answers. `custom` adds the documents of custom resources: their hashes by path
 * ("apis/example.com/v1").
 */
export function openApiV3Index(custom: ReadonlyMap<string, string> = new Map()): {
    paths: Record<string, { serverRelativeURL: string }>;
} {
    const hashes = new Map<string, string>();
    for (const path of documents().keys()) hashes.set(path, builtInHash(path));
    for (const [path, hash] of custom) hashes.set(path, hash);
    const paths: Record<string, { serverRelativeURL: string }> = {};
    for (const [path, hash] of [...hashes].sort(([a], [b]) => (a < b ? -1 : 1)))
        paths[path] = { serverRelativeURL: `/openapi/v3/${path}?hash=${hash}` };
    return { paths };
}

/** What GET /openapi/v3/<path> answers, for paths such as "api/v1" and "apis/apps/v1". */
export function openApiV3Document(path: string): OpenApiBytes | undefined {
    const known = cache.get(path);
    if (known) return known;
    const document = renderOpenApiV3(path);
    if (document === undefined) return undefined;
    const bytes = { gzip: gzipSync(JSON.stringify(document)), hash: builtInHash(path) };
    cache.set(path, bytes);
    return bytes;
}
