import type { CelCompiler, CelProgram, CelType } from '../../../api/cel/cel.ts';
import { deepEqual } from '../../../api/meta/deep.ts';
import { type FieldError, fieldErrors } from '../../../api/meta/field-error.ts';
import { oldItem } from '../../../api/structural-schema/correlate.ts';
import {
    isEmbedded,
    isIntOrString,
    isRecord,
    joinPath,
    memberSchema,
    type StructuralSchema,
    valuesOf,
    walkSchema,
} from '../../../api/structural-schema/schema.ts';

/** Cost of one evaluation of one rule, in cel-go's units (apiserver pkg/apis/cel: PerCallLimit). */
const callCostMax = 1_000_000;
/** Cost of all rules of one object (RuntimeCELCostBudget). */
const objectCostMax = 10_000_000;

const rulesField = 'x-kubernetes-validations';

interface Rule {
    rule: string;
    message?: string;
    messageExpression?: string;
    reason?: string;
    fieldPath?: string;
    optionalOldSelf?: boolean;
}

interface CompiledRule extends Rule {
    program: CelProgram;
    message_: CelProgram | undefined;
    /** Looks at the old value, and is therefore for updates only. */
    isTransition: boolean;
}

const dyn: CelType = { kind: 'dyn' };
const text: CelType = { kind: 'string' };

function rulesOf(schema: StructuralSchema): readonly Rule[] {
    return ((schema as Record<string, unknown>)[rulesField] as Rule[] | undefined) ?? [];
}

/** True when a schema has rules anywhere. */
export function hasRules(schema: StructuralSchema): boolean {
    let found = false;
    walkSchema(schema, (part) => (found ||= rulesOf(part).length > 0));
    return found;
}

function stringType(format: string | undefined): CelType {
    switch (format) {
        case 'date':
        case 'date-time':
            return { kind: 'timestamp' };
        case 'duration':
            return { kind: 'duration' };
        case 'byte':
            return { kind: 'bytes' };
        default:
            return text;
    }
}

/** The type that a part of an object has in expressions. */
export function celTypeOf(schema: StructuralSchema, isObject = false): CelType {
    if (isIntOrString(schema)) return dyn;
    switch (schema.type) {
        case 'boolean':
            return { kind: 'bool' };
        case 'integer':
            return { kind: 'int' };
        case 'number':
            return { kind: 'double' };
        case 'string':
            return stringType(schema.format);
        case 'array':
            return { kind: 'list', of: celTypeOf(schema.items ?? {}, isEmbedded(schema.items ?? {})) };
        case 'object':
            return objectType(schema, isObject || isEmbedded(schema));
        default:
            return dyn;
    }
}

function objectType(schema: StructuralSchema, isObject: boolean): CelType {
    const values = valuesOf(schema);
    if (values !== undefined) return { kind: 'map', keys: text, of: celTypeOf(values, isEmbedded(values)) };
    const fields: Record<string, CelType> = {};
    for (const [name, property] of Object.entries(schema.properties ?? {}))
        fields[name] = celTypeOf(property);
    if (isObject) {
        const names: CelType = { kind: 'object', fields: { name: text, generateName: text } };
        Object.assign(fields, { apiVersion: text, kind: text, metadata: names });
    }
    return { kind: 'object', fields };
}

/** The rules of one place of a schema. */
interface RuleSet {
    rules: CompiledRule[];
}

/**
 * The rules (x-kubernetes-validations) of one schema, compiled. The only place where custom resources meet the
 * expression language.
 */
export class ObjectRules {
    readonly #schema: StructuralSchema;
    readonly #sets = new Map<StructuralSchema, RuleSet>();

    private constructor(schema: StructuralSchema) {
        this.#schema = schema;
    }

    /**
     * Compiles all rules; `path` is where the schema stands in its definition. With errors the rules must
     * not be used.
     */
    static compile(
        schema: StructuralSchema,
        compiler: CelCompiler,
        path = '',
    ): { rules: ObjectRules; errors: FieldError[] } {
        const rules = new ObjectRules(schema);
        const errors: FieldError[] = [];
        walkSchema(schema, (part, step) => {
            const own = rulesOf(part);
            if (own.length === 0) return;
            const type = celTypeOf(part, part === schema);
            const compiled: CompiledRule[] = [];
            for (const [index, rule] of own.entries()) {
                const at = `${path}${step}.${rulesField}[${index}]`;
                const result = compileRule(rule, { compiler, type, at });
                if ('program' in result) compiled.push(result);
                else errors.push(...result.errors);
            }
            rules.#sets.set(part, { rules: compiled });
        });
        return { rules, errors };
    }

    get isEmpty(): boolean {
        return this.#sets.size === 0;
    }

    /** Errors of an object by its rules; `old` is what it replaces. */
    validate(object: unknown, old: unknown): FieldError[] {
        if (this.isEmpty) return [];
        const run = new RuleRun(this.#sets);
        run.visit(object, old, { schema: this.#schema, path: '', isRoot: true });
        return run.errors;
    }
}

function compileRule(
    rule: Rule,
    { compiler, type, at }: { compiler: CelCompiler; type: CelType; at: string },
): CompiledRule | { errors: FieldError[] } {
    const source = typeof rule.rule === 'string' ? rule.rule.trim() : '';
    if (source === '') return { errors: [fieldErrors.required(`${at}.rule`, 'rule is not specified')] };
    const oldType: CelType =
        rule.optionalOldSelf === true ? { kind: 'opaque', name: 'optional_type', of: type } : type;
    const both = { self: type, oldSelf: oldType };
    const alone = compiler.compile(source, { variables: { self: type }, result: { kind: 'bool' } });
    const outcome =
        alone.type === 'compiled'
            ? alone
            : compiler.compile(source, { variables: both, result: { kind: 'bool' } });
    if (outcome.type === 'invalid')
        return {
            errors: [fieldErrors.invalid(`${at}.rule`, rule.rule, `compilation failed: ${outcome.message}`)],
        };
    const isTransition = outcome !== alone;
    if (rule.optionalOldSelf !== undefined && !isTransition) {
        const detail = 'option optionalOldSelf is set but the rule does not use oldSelf';
        return { errors: [fieldErrors.invalid(`${at}.optionalOldSelf`, rule.optionalOldSelf, detail)] };
    }
    if (!rule.messageExpression)
        return { ...rule, program: outcome.program, message_: undefined, isTransition };
    const variables = isTransition ? both : { self: type };
    const message = compiler.compile(rule.messageExpression, { variables, result: text });
    if (message.type === 'compiled')
        return { ...rule, program: outcome.program, message_: message.program, isTransition };
    const detail = `messageExpression compilation failed: ${message.message}`;
    return { errors: [fieldErrors.invalid(`${at}.messageExpression`, rule.messageExpression, detail)] };
}

interface Place {
    schema: StructuralSchema;
    path: string;
    isRoot: boolean;
}

/** One object's evaluation: goes on until the budget is used up. */
class RuleRun {
    readonly errors: FieldError[] = [];
    readonly #sets: ReadonlyMap<StructuralSchema, RuleSet>;
    #budget = objectCostMax;
    #isOver = false;

    constructor(sets: ReadonlyMap<StructuralSchema, RuleSet>) {
        this.#sets = sets;
    }

    visit(value: unknown, old: unknown, place: Place): void {
        const { schema, path } = place;
        if (value === undefined || value === null) return;
        // What did not change is not judged anew, but for the root, whose metadata always changes.
        if (!place.isRoot && old !== undefined && deepEqual(value, old)) return;
        for (const rule of this.#sets.get(schema)?.rules ?? []) {
            if (this.#isOver) return;
            this.#check(rule, { value, old }, place);
        }
        if (Array.isArray(value)) this.#visitItems(value, old, place);
        else if (isRecord(value)) {
            for (const [name, member] of Object.entries(value)) {
                const known = memberSchema(schema, name);
                if (known === undefined) continue;
                const before = isRecord(old) && Object.hasOwn(old, name) ? old[name] : undefined;
                this.visit(member, before, { schema: known, path: joinPath(path, name), isRoot: false });
            }
        }
    }

    #visitItems(list: readonly unknown[], old: unknown, { schema, path }: Place): void {
        const { items } = schema;
        if (items === undefined) return;
        for (const [index, item] of list.entries()) {
            const before = Array.isArray(old) ? oldItem(item, old as unknown[], schema) : undefined;
            this.visit(item, before, { schema: items, path: joinPath(path, index), isRoot: false });
        }
    }

    #check(rule: CompiledRule, { value, old }: { value: unknown; old: unknown }, place: Place): void {
        if (rule.isTransition && old === undefined && rule.optionalOldSelf !== true) return;
        const { schema, path } = place;
        const variables: Record<string, unknown> = rule.isTransition
            ? { self: value, oldSelf: old }
            : { self: value };
        const outcome = rule.program.evaluate(variables, Math.min(callCostMax, this.#budget));
        this.#budget -= outcome.cost;
        if (outcome.type === 'overBudget' || this.#budget <= 0) {
            this.#isOver = true;
            this.errors.push(this.#overBudget(rule, place));
        } else if (outcome.type === 'error') {
            const detail = `${outcome.message} evaluating rule: ${ruleText(rule)}`;
            this.errors.push(fieldErrors.invalid(path || '<nil>', schema.type ?? '', detail));
        } else if (outcome.value !== true) {
            this.errors.push(this.#failure(rule, variables, place));
        }
    }

    #overBudget(rule: CompiledRule, { schema, path }: Place): FieldError {
        const detail =
            this.#budget <= 0
                ? 'validation failed due to running out of cost budget, no further validation rules will be run'
                : `no further validation rules will be run due to call cost exceeds limit for rule: ${ruleText(rule)}`;
        return fieldErrors.invalid(path || '<nil>', schema.type ?? '', detail);
    }

    #failure(rule: CompiledRule, variables: Record<string, unknown>, { schema, path }: Place): FieldError {
        const detail = this.#messageOf(rule, variables);
        const own = path + (rule.fieldPath ?? '');
        const at = own.replace(/^\./, '') || '<nil>';
        switch (rule.reason) {
            case 'FieldValueRequired':
                return fieldErrors.required(at, detail);
            case 'FieldValueForbidden':
                return fieldErrors.forbidden(at, detail);
            case 'FieldValueDuplicate':
                return fieldErrors.duplicate(at, schema.type ?? '');
            default:
                return fieldErrors.invalid(at, schema.type ?? '', detail);
        }
    }

    #messageOf(rule: CompiledRule, variables: Record<string, unknown>): string {
        const outcome = rule.message_?.evaluate(variables, Math.min(callCostMax, this.#budget));
        if (outcome !== undefined) this.#budget -= outcome.cost;
        const made =
            outcome?.type === 'value' && typeof outcome.value === 'string' ? outcome.value.trim() : '';
        return made !== '' && !made.includes('\n') ? made : ruleMessage(rule);
    }
}

function ruleText({ message, rule }: Rule): string {
    return message ? message.trim() : rule.trim();
}

function ruleMessage({ message, rule }: Rule): string {
    return message ? message.trim() : `failed rule: ${rule.trim()}`;
}
