import type { SwaggerDocument, SwaggerOperation, SwaggerPath } from '../../../api/schema/openapi-v2.ts';
import { defineOwn } from '../../../api/meta/deep.ts';
import type { JsonSchema } from '../../../api/schema/openapi/published-types.ts';
import type { SwaggerParameter } from '../../../api/schema/openapi-v2.ts';

/** The parts of another server's Swagger document that go into this server's. */
export type ForeignSwagger = Pick<SwaggerDocument, 'paths' | 'definitions' | 'parameters'>;

type Json = Record<string, unknown>;

const definitionPrefix = '#/definitions/';
const parameterPrefix = '#/parameters/';
const methods = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch'] as const;

/**
 * What a document says below `pathPrefix` ("/apis/fruits.example.com/v1/"): these paths, and the definitions and
 * parameters that they lead to. What is not as Swagger has it is left out.
 * @throws Error when the document is none at all
 */
export function readSwagger(document: unknown, pathPrefix: string): ForeignSwagger {
    const given = recordOf(document);
    if (given['swagger'] !== '2.0') throw new Error('no Swagger 2.0 document');
    const paths: Record<string, SwaggerPath> = {};
    for (const [path, item] of Object.entries(recordOf(given['paths'])))
        if (path.startsWith(pathPrefix)) paths[path] = readPath(recordOf(item));
    const reached = new Reached(recordOf(given['definitions']), recordOf(given['parameters']));
    reached.follow(paths);
    return { paths, definitions: reached.definitions, parameters: reached.parameters };
}

/** Collects what references lead to. */
class Reached {
    readonly definitions: Record<string, JsonSchema> = {};
    readonly parameters: Record<string, SwaggerParameter> = {};
    readonly #givenDefinitions: Json;
    readonly #givenParameters: Json;

    constructor(definitions: Json, parameters: Json) {
        this.#givenDefinitions = definitions;
        this.#givenParameters = parameters;
    }

    follow(start: unknown): void {
        const waiting: unknown[] = [start];
        for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
            walkReferences(next, (reference) => {
                const found = this.#take(reference);
                if (found !== undefined) waiting.push(found);
            });
        }
    }

    #take(reference: string): object | undefined {
        const parameter = nameIn(reference, parameterPrefix, this.#givenParameters);
        if (parameter !== undefined && !Object.hasOwn(this.parameters, parameter)) {
            const [read] = readParameters([this.#givenParameters[parameter]]);
            if (read !== undefined) defineOwn(this.parameters, parameter, read);
            return read;
        }
        const definition = nameIn(reference, definitionPrefix, this.#givenDefinitions);
        if (definition === undefined || Object.hasOwn(this.definitions, definition)) return undefined;
        const read = readSchema(this.#givenDefinitions[definition]);
        defineOwn(this.definitions, definition, read);
        return read;
    }
}

function nameIn(reference: string, prefix: string, section: Json): string | undefined {
    if (!reference.startsWith(prefix)) return undefined;
    const name = reference.slice(prefix.length);
    return Object.hasOwn(section, name) ? name : undefined;
}

function walkReferences(value: unknown, found: (reference: string) => void): void {
    if (Array.isArray(value)) {
        for (const item of value) walkReferences(item, found);
        return;
    }
    if (typeof value !== 'object' || value === null) return;
    for (const [key, member] of Object.entries(value)) {
        if (key === '$ref' && typeof member === 'string') found(member);
        else walkReferences(member, found);
    }
}

function readPath(given: Json): SwaggerPath {
    const path: SwaggerPath = {};
    const parameters = readParameters(given['parameters']);
    if (parameters.length > 0) path.parameters = parameters;
    for (const method of methods)
        if (given[method] !== undefined) path[method] = readOperation(recordOf(given[method]));
    return path;
}

function readOperation(given: Json): SwaggerOperation {
    const responses: SwaggerOperation['responses'] = {};
    for (const [code, value] of Object.entries(recordOf(given['responses']))) {
        const { description, schema } = recordOf(value);
        responses[code] = {
            description: textOf(description) ?? '',
            ...(schema === undefined ? {} : { schema: readSchema(schema) }),
        };
    }
    const extensions = Object.entries(given).filter(([key]) => key.startsWith('x-'));
    return {
        tags: textsOf(given['tags']),
        description: textOf(given['description']) ?? '',
        operationId: textOf(given['operationId']) ?? '',
        consumes: textsOf(given['consumes']),
        produces: textsOf(given['produces']),
        schemes: textsOf(given['schemes']),
        parameters: readParameters(given['parameters']),
        responses,
        ...Object.fromEntries(extensions),
    };
}

function readParameters(given: unknown): SwaggerParameter[] {
    if (!Array.isArray(given)) return [];
    return given.flatMap((one): SwaggerParameter[] => {
        const { $ref, name, in: place, description, required, type, uniqueItems, schema } = recordOf(one);
        if (typeof $ref === 'string') return [{ $ref }];
        if (typeof name !== 'string' || typeof place !== 'string') return [];
        return [
            {
                name,
                in: place,
                ...(typeof description === 'string' ? { description } : {}),
                ...(typeof required === 'boolean' ? { required } : {}),
                ...(typeof type === 'string' ? { type } : {}),
                ...(typeof uniqueItems === 'boolean' ? { uniqueItems } : {}),
                ...(schema === undefined ? {} : { schema: readSchema(schema) }),
            },
        ];
    });
}

/** Keeps all members; those with a meaning here are what they should be, or are left out. */
function readSchema(given: unknown): JsonSchema {
    const { $ref, type, format, description, required, items, properties, additionalProperties, ...rest } =
        recordOf(given);
    const [onlyType] = [type].flat();
    const schema: JsonSchema = {
        ...(typeof $ref === 'string' ? { $ref } : {}),
        ...(typeof description === 'string' ? { description } : {}),
        ...(typeof onlyType === 'string' ? { type: onlyType } : {}),
        ...(typeof format === 'string' ? { format } : {}),
        ...(Array.isArray(required) ? { required: textsOf(required) } : {}),
        ...(isRecord(items) ? { items: readSchema(items) } : {}),
        ...(isRecord(additionalProperties) ? { additionalProperties: readSchema(additionalProperties) } : {}),
        ...rest,
    };
    if (!isRecord(properties)) return schema;
    const read: Record<string, JsonSchema> = {};
    for (const [name, property] of Object.entries(properties)) defineOwn(read, name, readSchema(property));
    return { ...schema, properties: read };
}

const isRecord = (value: unknown): value is Json =>
    typeof value === 'object' && value !== null && !Array.isArray(value);
const recordOf = (value: unknown): Json => (isRecord(value) ? value : {});
const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
const textsOf = (value: unknown): string[] =>
    Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
