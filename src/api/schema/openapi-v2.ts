import { createHash } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import { type CustomResourceGroupVersion, customResources } from './openapi/custom-resources.ts';
import { DefinitionWriter, gvkExtension, gvkJson, loadDocs } from './openapi/definitions.ts';
import { documentedResource, type Operation, operationsOf } from './openapi/operations.ts';
import type { Parameter } from './openapi/parameters.ts';
import type { JsonSchema } from './openapi/published-types.ts';
import { encodeOpenApiV2 } from './openapi/v2-protobuf.ts';
import { schema } from './schema.ts';

/** A Swagger 2.0 document, as far as this program writes it. */
export interface SwaggerDocument {
    swagger: '2.0';
    info: { title: string; version: string };
    paths: Record<string, SwaggerPath>;
    definitions: Record<string, JsonSchema>;
    parameters: Record<string, SwaggerParameter>;
    securityDefinitions: Record<string, { type: string; name: string; in: string; description: string }>;
    security: Record<string, string[]>[];
}
export type SwaggerPath = { parameters?: SwaggerParameter[] } & Record<string, unknown>;
export interface SwaggerParameter {
    $ref?: string;
    name?: string;
    in?: string;
    description?: string;
    required?: boolean;
    type?: string;
    uniqueItems?: boolean;
    schema?: JsonSchema;
}
export interface SwaggerOperation {
    tags: string[];
    description: string;
    operationId: string;
    consumes: readonly string[];
    produces: readonly string[];
    schemes: string[];
    parameters: SwaggerParameter[];
    responses: Record<string, { description: string; schema?: JsonSchema }>;
    [extension: `x-${string}`]: unknown;
}

/** kubectl looks for these in the operation itself, and does not follow references. */
const alwaysInline = new Set(['dryRun', 'fieldValidation', 'name']);

/** Parameters that many operations share stand once in the document. */
class SharedParameters {
    readonly parameters: Record<string, SwaggerParameter> = {};

    write(parameter: Parameter): SwaggerParameter {
        const { name, in: place, type, description } = parameter;
        const json: SwaggerParameter = {
            name,
            in: place,
            description,
            type,
            uniqueItems: true,
            ...(place === 'path' ? { required: true } : {}),
        };
        return alwaysInline.has(name) ? json : this.#share(name, json);
    }

    body(type: JsonSchema, required: boolean, shared: boolean): SwaggerParameter {
        const json = { name: 'body', in: 'body', schema: type, ...(required ? { required } : {}) };
        return shared ? this.#share('body', json) : json;
    }

    #share(name: string, json: SwaggerParameter): SwaggerParameter {
        const hash = createHash('sha256').update(JSON.stringify(json)).digest('base64url').slice(0, 8);
        const key = `${name}-${hash}`;
        this.parameters[key] = json;
        return { $ref: `#/parameters/${key}` };
    }
}

const codeTexts: Readonly<Record<number, string>> = { 200: 'OK', 201: 'Created', 202: 'Accepted' };

function operationJson(
    operation: Operation,
    writer: DefinitionWriter,
    shared: SharedParameters,
): SwaggerOperation {
    const { body, gvk, response } = operation;
    const answer = response === undefined ? { type: 'string' } : writer.reference(response);
    const responses: SwaggerOperation['responses'] = {};
    for (const code of operation.codes)
        responses[String(code)] = { description: codeTexts[code] ?? '', schema: answer };
    responses['401'] = { description: 'Unauthorized' };
    const { action } = operation;
    const isShared = action === 'patch' || action === 'delete' || action === 'deletecollection';
    const bodies = body ? [shared.body(writer.reference(body.type), body.required, isShared)] : [];
    return {
        tags: [operation.tag],
        description: operation.description,
        operationId: operation.operationId,
        consumes: body?.mimeTypes ?? ['*/*'],
        produces: operation.produces,
        schemes: ['https'],
        parameters: [...bodies, ...operation.parameters.map((parameter) => shared.write(parameter))],
        responses,
        ...(action ? { 'x-kubernetes-action': action } : {}),
        ...(gvk ? { [gvkExtension]: gvkJson(gvk.group, gvk.version, gvk.kind) } : {}),
    };
}

function sorted<T>(record: Readonly<Record<string, T>>): Record<string, T> {
    return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The document as JSON, with the custom resources of these group versions. */
export function renderOpenApiV2(custom: readonly CustomResourceGroupVersion[] = []): SwaggerDocument {
    const writer = new DefinitionWriter('v2', loadDocs());
    const shared = new SharedParameters();
    const operations = schema().resources.flatMap((resource) => operationsOf(documentedResource(resource)));
    const definitions = new Map<string, JsonSchema>();
    for (const groupVersion of custom) {
        const added = customResources(groupVersion, 'v2');
        operations.push(...added.operations);
        for (const [name, definition] of added.definitions) definitions.set(name, definition);
        for (const name of added.references) writer.reference(name);
    }
    const paths: Record<string, SwaggerPath> = {};
    for (const operation of operations) {
        const parameters = operation.pathParameters.map((parameter) => shared.write(parameter));
        const path = (paths[operation.path] ??= parameters.length > 0 ? { parameters } : {});
        path[operation.method] = operationJson(operation, writer, shared);
    }
    // Published by upstream for clients that decode them, though no operation here refers to them.
    for (const name of schema().typeNames()) writer.referenceToModel(name);
    for (const name of unreferenced) writer.reference(name);
    return {
        swagger: '2.0',
        info: { title: 'Kubernetes', version: process.env.HYPERKUBE_VERSION ?? 'unversioned' },
        paths: sorted(paths),
        definitions: writer.definitions(definitions),
        parameters: sorted(shared.parameters),
        securityDefinitions: {
            BearerToken: { type: 'apiKey', name: 'authorization', in: 'header', description: 'Bearer token' },
        },
        security: [{ BearerToken: [] }],
    };
}

const unreferenced = [
    'io.k8s.apimachinery.pkg.apis.meta.v1.WatchEvent',
    'io.k8s.apimachinery.pkg.version.Info',
];

/** Both forms of a document, gzip'd; `hash` changes with the content. */
export interface OpenApiV2Bytes {
    json: Buffer;
    protobuf: Buffer;
    hash: string;
}

/**
 * Renders both forms; the caller keeps them.
 * @param amend adds to the document before that
 */
export function openApiV2Bytes(
    custom: readonly CustomResourceGroupVersion[] = [],
    amend: (document: SwaggerDocument) => void = () => undefined,
): OpenApiV2Bytes {
    const document = renderOpenApiV2(custom);
    amend(document);
    const json = JSON.stringify(document);
    return {
        json: gzipSync(json),
        protobuf: gzipSync(encodeOpenApiV2(document)),
        hash: createHash('sha512').update(json).digest('hex').toUpperCase(),
    };
}

/** What clients ask for, and the type to answer with: Go's parser of media types refuses an "@". */
export const openApiV2ProtobufAccept = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf';
export const openApiV2ProtobufContentType = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';

let cached: OpenApiV2Bytes | undefined;

function builtIn(): OpenApiV2Bytes {
    cached ??= openApiV2Bytes();
    return cached;
}

/** What GET /openapi/v2 answers as JSON, for the built-in API: gzip'd. */
export function openApiV2Document(): { gzip: Buffer; hash: string } {
    const { json, hash } = builtIn();
    return { gzip: json, hash };
}

/** The same as application/com.github.proto-openapi.spec.v2@v1.0+protobuf, not compressed. */
export function openApiV2Protobuf(): Buffer {
    return gunzipSync(builtIn().protobuf);
}
