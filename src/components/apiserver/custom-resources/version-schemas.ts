import type { CelCompiler } from '../../../api/cel/cel.ts';
import type { StructuralSchema } from '../../../api/structural-schema/schema.ts';
import type { SchemaCompiler, SchemaValidator } from '../../../api/structural-schema/validate.ts';
import { ObjectRules } from './cel-rules.ts';

/** Schemas that are kept parsed, and what they have as JSON together; the rest is read again when it is needed. */
const schemasMax = 64;
const schemaBytesMax = 2 * 1024 * 1024;

/** What objects of one version are held against. */
export interface VersionSchema {
    schema: StructuralSchema;
    /** Compiled when it is first called. */
    validate: SchemaValidator;
    /** Compiled when they are first asked for; undefined without an expression engine. */
    rules(): ObjectRules | undefined;
}

/** Schemas by version of a definition; those that nobody has used for the longest go first. */
export class VersionSchemas {
    readonly #compile: SchemaCompiler;
    readonly #cel: CelCompiler | undefined;
    readonly #known = new Map<string, { version: VersionSchema; bytes: number }>();
    #bytes = 0;

    constructor(compile: SchemaCompiler, cel: CelCompiler | undefined) {
        this.#compile = compile;
        this.#cel = cel;
    }

    get(key: string, read: () => StructuralSchema): VersionSchema {
        const known = this.#known.get(key);
        if (known !== undefined) {
            this.#known.delete(key);
            this.#known.set(key, known);
            return known.version;
        }
        const schema = read();
        const version = this.#versionOf(schema);
        const bytes = JSON.stringify(schema).length;
        this.#known.set(key, { version, bytes });
        this.#bytes += bytes;
        for (const oldest of this.#known.keys()) {
            if (this.#known.size <= 1) break;
            if (this.#known.size <= schemasMax && this.#bytes <= schemaBytesMax) break;
            this.forget(oldest);
        }
        return version;
    }

    forget(key: string): void {
        this.#bytes -= this.#known.get(key)?.bytes ?? 0;
        this.#known.delete(key);
    }

    #versionOf(schema: StructuralSchema): VersionSchema {
        let rules: ObjectRules | undefined;
        return {
            schema,
            validate: this.#compile(schema),
            rules: () => {
                if (this.#cel === undefined) return undefined;
                return (rules ??= new ObjectRules(schema, this.#cel));
            },
        };
    }
}
