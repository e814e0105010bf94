import type { CelCompiler } from '../../../api/cel/cel.ts';
import { deepEqual } from '../../../api/meta/deep.ts';
import { type FieldError, fieldErrors } from '../../../api/meta/field-error.ts';
import type { ApiObject, V1CustomResourceDefinition } from '../../../api/meta/object.ts';
import { statusErrors } from '../../../api/meta/status-error.ts';
import { defaultErrors } from '../../../api/structural-schema/default-rules.ts';
import { structuralErrors } from '../../../api/structural-schema/rules.ts';
import type { StructuralSchema } from '../../../api/structural-schema/schema.ts';
import { loadSchemaCompiler } from '../../../api/structural-schema/validate.ts';
import type { RegistryHook, Reservation } from '../extensions.ts';
import { hasRules } from './cel-rules.ts';
import { ruleErrors } from './definition-rules.ts';

const nothingHeld: Reservation = { guard: undefined, release: () => undefined };

/**
 * Checks of definitions that need a compiler: defaults by the schema they stand in, and the rules of the expression
 * language. Without an expression engine a definition with rules is refused: they are never ignored.
 */
export class DefinitionChecks implements RegistryHook {
    readonly group = 'apiextensions.k8s.io';
    readonly resource = 'customresourcedefinitions';
    readonly #cel: (() => Promise<CelCompiler>) | undefined;

    constructor(cel?: () => Promise<CelCompiler>) {
        this.#cel = cel;
    }

    async reserveForCreate(object: ApiObject): Promise<Reservation> {
        return await this.#check(object, undefined);
    }

    async reserveForUpdate(object: ApiObject, old: ApiObject): Promise<Reservation> {
        return await this.#check(object, old);
    }

    async #check(object: ApiObject, old: ApiObject | undefined): Promise<Reservation> {
        const before = new Map(schemasOf(old).map(({ name, schema }) => [name, schema]));
        const compile = await loadSchemaCompiler();
        const errors: FieldError[] = [];
        const checked = new Set<string>();
        for (const { name, schema, path } of schemasOf(object)) {
            // What was accepted once stays, whatever limits came later.
            if (checked.has(path) || deepEqual(schema, before.get(name))) continue;
            checked.add(path);
            // What is not structural is reported by the definition's validation.
            if (structuralErrors(schema, path).length > 0) continue;
            errors.push(...defaultErrors(schema, path, compile), ...(await this.#ruleErrors(schema, path)));
        }
        if (errors.length > 0)
            throw statusErrors.invalid(
                'CustomResourceDefinition',
                this.group,
                object.metadata?.name ?? '',
                errors,
            );
        return nothingHeld;
    }

    async #ruleErrors(schema: StructuralSchema, path: string): Promise<FieldError[]> {
        if (!hasRules(schema)) return [];
        if (this.#cel !== undefined) return ruleErrors(schema, await this.#cel(), path);
        const detail = 'x-kubernetes-validations rules are not served by this API server';
        return [fieldErrors.forbidden(path, detail)];
    }
}

interface PlacedSchema {
    name: string;
    schema: StructuralSchema;
    path: string;
}

/** Of every version; where all have the same, upstream takes it as one of the whole definition. */
function schemasOf(object: ApiObject | undefined): PlacedSchema[] {
    const { spec } = (object ?? {}) as Partial<V1CustomResourceDefinition>;
    const versions = spec?.versions ?? [];
    const schemas = versions.flatMap(({ name, schema }, index): PlacedSchema[] => {
        const own = schema?.openAPIV3Schema as StructuralSchema | undefined;
        const path = `spec.versions[${index}].schema.openAPIV3Schema`;
        return own === undefined ? [] : [{ name, schema: own, path }];
    });
    const [first, ...rest] = schemas;
    const isOne =
        schemas.length === versions.length && rest.every(({ schema }) => deepEqual(schema, first?.schema));
    return first && isOne
        ? schemas.map((each) => ({ ...each, path: 'spec.validation.openAPIV3Schema' }))
        : schemas;
}
