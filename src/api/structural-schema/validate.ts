import type { Ajv, ValidateFunction } from 'ajv';
import { toAjvSchema } from './ajv-schema.ts';
import { stringFormats } from './formats.ts';
import { compilePattern } from './pattern.ts';
import { type SchemaError, schemaErrors } from './schema-errors.ts';
import type { StructuralSchema } from './schema.ts';

/** Errors of an object by its schema, in upstream's words. */
export type SchemaValidator = (object: unknown) => SchemaError[];

/** Compiles schemas to validators. */
export type SchemaCompiler = (schema: StructuralSchema) => SchemaValidator;

/** Where patterns are compiled that came through ajv: never a plain RegExp. */
const regExp = Object.assign((pattern: string) => compilePattern(pattern), {
    code: 'compilePattern',
});

let loading: Promise<SchemaCompiler> | undefined;

/** Loads the library on first use. What is compiled belongs to its validator alone, and goes with it. */
export async function loadSchemaCompiler(): Promise<SchemaCompiler> {
    loading ??= load();
    return await loading;
}

async function load(): Promise<SchemaCompiler> {
    // By way of the default export: the names of a CommonJS package are gone once it is bundled.
    const { default: library } = await import('ajv');
    return (schema) => {
        let validate: ValidateFunction | undefined;
        return (object) => {
            validate ??= newAjv(library.Ajv).compile(toAjvSchema(schema));
            if (validate(object)) return [];
            const errors = schemaErrors(validate.errors ?? [], object);
            // It would keep the object.
            validate.errors = null;
            return errors;
        };
    };
}

/** One instance for one schema: an instance keeps all that it has ever compiled. */
function newAjv(constructor: typeof Ajv): Ajv {
    return new constructor({
        allErrors: true,
        verbose: true,
        strict: false,
        meta: false,
        validateSchema: false,
        addUsedSchema: false,
        ownProperties: true,
        logger: false,
        formats: { ...stringFormats },
        code: { regExp },
    });
}
