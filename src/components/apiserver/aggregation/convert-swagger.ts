import type { SwaggerOperation, SwaggerParameter } from '../../../api/schema/openapi-v2.ts';
import type { JsonSchema } from '../../../api/schema/openapi/published-types.ts';
import type { ForeignSwagger } from './swagger.ts';

type Json = Record<string, unknown>;

const methods = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch'] as const;
const anyType = '*/*';

/** A Swagger 2.0 document as one of OpenAPI v3, for servers that have no such. */
export function convertSwagger({ paths, definitions, parameters }: ForeignSwagger): object {
    const resolve = (parameter: SwaggerParameter): SwaggerParameter | undefined => {
        const name = parameter.$ref?.replace(/^#\/parameters\//, '');
        return name === undefined ? parameter : parameters[name];
    };
    const convertedPaths = Object.entries(paths).map(([path, item]) => {
        const shared = convertParameters(item.parameters ?? [], resolve);
        const converted: Json = shared.length === 0 ? {} : { parameters: shared };
        for (const method of methods) {
            const operation = item[method] as SwaggerOperation | undefined;
            if (operation !== undefined) converted[method] = convertOperation(operation, resolve);
        }
        return [path, converted] as const;
    });
    const schemas = Object.entries(definitions).map(
        ([name, schema]) => [name, convertSchema(schema)] as const,
    );
    return {
        openapi: '3.0.0',
        info: { title: 'Kubernetes', version: 'unversioned' },
        paths: Object.fromEntries(convertedPaths),
        components: { schemas: Object.fromEntries(schemas) },
    };
}

type Resolve = (parameter: SwaggerParameter) => SwaggerParameter | undefined;

function convertOperation(operation: SwaggerOperation, resolve: Resolve): Json {
    const { tags, description, operationId, consumes, produces, parameters, responses } = operation;
    const content = (types: readonly string[], schema: JsonSchema): Json =>
        Object.fromEntries(
            (types.length === 0 ? [anyType] : types).map((type) => [type, { schema: convertSchema(schema) }]),
        );
    const body = parameters.map(resolve).find((one) => one?.in === 'body');
    const others = convertParameters(parameters, resolve);
    const extensions = Object.entries(operation).filter(([key]) => key.startsWith('x-'));
    return {
        tags,
        description,
        operationId,
        ...(others.length === 0 ? {} : { parameters: others }),
        ...(body?.schema === undefined
            ? {}
            : {
                  requestBody: {
                      content: content(consumes, body.schema),
                      ...(body.required === true ? { required: true } : {}),
                  },
              }),
        responses: Object.fromEntries(
            Object.entries(responses).map(([code, response]) => [
                code,
                {
                    description: response.description,
                    ...(response.schema === undefined ? {} : { content: content(produces, response.schema) }),
                },
            ]),
        ),
        ...Object.fromEntries(extensions),
    };
}

function convertParameters(parameters: readonly SwaggerParameter[], resolve: Resolve): Json[] {
    return parameters.flatMap((each) => {
        const parameter = resolve(each);
        if (parameter === undefined || parameter.in === 'body') return [];
        const { name, in: place, description, required, type = 'string', uniqueItems } = parameter;
        const schema = { type, ...(uniqueItems === undefined ? {} : { uniqueItems }) };
        return [
            {
                name,
                in: place,
                ...(description === undefined ? {} : { description }),
                ...(required === true ? { required } : {}),
                schema,
            },
        ];
    });
}

/** The same, with references to where OpenAPI v3 has schemas. */
function convertSchema(schema: JsonSchema): Json {
    return JSON.parse(
        JSON.stringify(schema, (key, value: unknown) =>
            key === '$ref' && typeof value === 'string'
                ? value.replace(/^#\/definitions\//, '#/components/schemas/')
                : value,
        ),
    ) as Json;
}
