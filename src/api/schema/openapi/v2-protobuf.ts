/**
 * A Swagger document as the protobuf message openapi.v2.Document of the gnostic project, the form in which
 * kubectl up to 1.26 reads it. Field numbers are those of gnostic's OpenAPIv2.proto.
 */
import type { SwaggerDocument, SwaggerOperation, SwaggerParameter, SwaggerPath } from '../openapi-v2.ts';
import { ProtobufWriter } from './protobuf-writer.ts';
import type { JsonSchema } from './published-types.ts';

type Writer = ProtobufWriter;

/** Repeated {name = 1, value = 2} messages: how gnostic writes maps. */
function named<T>(
    writer: Writer,
    field: number,
    entries: Readonly<Record<string, T>>,
    write: (writer: Writer, value: T) => unknown,
): void {
    for (const [name, value] of Object.entries(entries))
        writer.message(field, (entry) => entry.string(1, name).message(2, (inner) => write(inner, value)));
}

/** Extensions carry YAML; JSON is YAML, too. */
function extensions(writer: Writer, field: number, source: object): void {
    const own = Object.entries(source).filter(([key]) => key.startsWith('x-'));
    named(writer, field, Object.fromEntries(own), (any, value: unknown) =>
        any.string(2, JSON.stringify(value)),
    );
}

/** openapi.v2.Schema */
function writeSchema(writer: Writer, schema: JsonSchema): void {
    const { $ref, format, description, required, items, properties, type, additionalProperties } = schema;
    writer.string(1, $ref).string(2, format).string(4, description);
    if ('default' in schema) writer.message(5, (any) => any.string(2, JSON.stringify(schema.default)));
    if (Array.isArray(required)) writer.strings(19, required as readonly string[]);
    if (additionalProperties)
        writer.message(21, (item) => item.message(1, (inner) => writeSchema(inner, additionalProperties)));
    if (type) writer.message(22, (item) => item.strings(1, [type]));
    if (items) writer.message(23, (item) => item.message(1, (inner) => writeSchema(inner, items)));
    if (properties) writer.message(25, (map) => named(map, 1, properties, writeSchema));
    extensions(writer, 31, schema);
}

/** The number of a sub-schema's field differs between query (4) and path (4) only behind the name. */
function writeNonBody(writer: Writer, parameter: SwaggerParameter): void {
    const inPath = parameter.in === 'path';
    writer.message(inPath ? 4 : 3, (inner) => {
        inner
            .bool(1, parameter.required)
            .string(2, parameter.in)
            .string(3, parameter.description)
            .string(4, parameter.name)
            .string(inPath ? 5 : 6, parameter.type)
            .bool(inPath ? 19 : 20, parameter.uniqueItems);
    });
}

/** openapi.v2.Parameter */
function writeParameter(writer: Writer, parameter: SwaggerParameter): void {
    const { schema } = parameter;
    if (schema === undefined) {
        writer.message(2, (inner) => writeNonBody(inner, parameter));
        return;
    }
    writer.message(1, (body) =>
        body
            .string(1, parameter.description)
            .string(2, parameter.name)
            .string(3, parameter.in)
            .bool(4, parameter.required)
            .message(5, (inner) => writeSchema(inner, schema)),
    );
}

/** openapi.v2.ParametersItem, repeated */
function writeParameters(writer: Writer, field: number, parameters: readonly SwaggerParameter[]): void {
    for (const parameter of parameters)
        writer.message(field, (item) => {
            if (parameter.$ref === undefined) item.message(1, (inner) => writeParameter(inner, parameter));
            else item.message(2, (reference) => reference.string(1, parameter.$ref));
        });
}

/** openapi.v2.Operation */
function writeOperation(writer: Writer, operation: SwaggerOperation): void {
    writer
        .strings(1, operation.tags)
        .string(3, operation.description)
        .string(5, operation.operationId)
        .strings(6, operation.produces)
        .strings(7, operation.consumes);
    writeParameters(writer, 8, operation.parameters);
    writer.message(9, (responses) => {
        named(responses, 1, operation.responses, (value, { description, schema }) =>
            value.message(1, (response) => {
                response.string(1, description);
                if (schema)
                    response.message(2, (item) => item.message(1, (inner) => writeSchema(inner, schema)));
            }),
        );
    });
    writer.strings(10, operation.schemes);
    extensions(writer, 13, operation);
}

const methodFields = { get: 2, put: 3, post: 4, delete: 5, options: 6, head: 7, patch: 8 } as const;

/** openapi.v2.PathItem */
function writePath(writer: Writer, path: SwaggerPath): void {
    for (const [method, field] of Object.entries(methodFields)) {
        const operation = path[method] as SwaggerOperation | undefined;
        if (operation) writer.message(field, (inner) => writeOperation(inner, operation));
    }
    writeParameters(writer, 9, path.parameters ?? []);
}

/** The document as bytes of openapi.v2.Document. */
export function encodeOpenApiV2(document: SwaggerDocument): Buffer {
    const writer = new ProtobufWriter();
    writer
        .string(1, document.swagger)
        .message(2, (info) => info.string(1, document.info.title).string(2, document.info.version))
        .message(8, (paths) => named(paths, 2, document.paths, writePath))
        .message(9, (map) => named(map, 1, document.definitions, writeSchema))
        .message(10, (map) => named(map, 1, document.parameters, writeParameter));
    for (const requirement of document.security)
        writer.message(12, (inner) =>
            named(inner, 1, requirement, (list, scopes) => list.strings(1, scopes)),
        );
    return writer
        .message(13, (map) =>
            named(map, 1, document.securityDefinitions, (item, { type, name, in: place, description }) =>
                item.message(2, (key) =>
                    key.string(1, type).string(2, name).string(3, place).string(4, description),
                ),
            ),
        )
        .finish();
}
