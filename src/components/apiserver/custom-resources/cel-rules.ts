import type { CelCompiler, CelOutcome, CelProgram } from '../../../api/cel/cel.ts';
import { deepEqual } from '../../../api/meta/deep.ts';
import { type FieldError, fieldErrors } from '../../../api/meta/field-error.ts';
import { oldItem } from '../../../api/structural-schema/correlate.ts';
import {
    isEmbedded,
    isRecord,
    joinPath,
    propertyOf,
    type StructuralSchema,
    valuesOf,
    walkSchema,
} from '../../../api/structural-schema/schema.ts';
import { type CompiledRule, compileRule, ruleEnvironments, type Rule, rulesOf } from './rule-compilation.ts';
import { normalizeFieldPath } from './rule-paths.ts';
import { declarationOf } from './rule-types.ts';

/** Cost of one evaluation of one rule, in cel-go's units (apiserver pkg/apis/cel: PerCallLimit). */
const callCostMax = 1_000_000;
/** Cost of all rules of one object (RuntimeCELCostBudget). */
const objectCostMax = 10_000_000;
/** Of a message that an expression makes. */
const messageBytesMax = 5 * 1024;

const outOfBudget = 'failed due to running out of cost budget, no further validation rules will be run';
const callTooCostly = 'no further validation rules will be run due to call cost exceeds limit for';

/** True when a schema has rules anywhere. */
export function hasRules(schema: StructuralSchema): boolean {
    let found = false;
    walkSchema(schema, (part) => (found ||= rulesOf(part).length > 0));
    return found;
}

/** A rule of one place of a schema; those that do not compile are told of by the objects that they would judge. */
type ReadyRule = PlacedRule | { problem: string };

/** `at` is the path of the field that the rule says is wrong, within the part that it judges. */
type PlacedRule = CompiledRule & { at: string };

/** The rules (x-kubernetes-validations) of one schema, compiled for the objects of it. */
export class ObjectRules {
    readonly #schema: StructuralSchema;
    readonly #rules: ReadonlyMap<StructuralSchema, readonly ReadyRule[]>;

    constructor(schema: StructuralSchema, compiler: CelCompiler) {
        const rules = new Map<StructuralSchema, ReadyRule[]>();
        walkSchema(schema, (part) => {
            const own = rulesOf(part);
            if (own.length === 0) return;
            const declaration = declarationOf(part, part === schema || isEmbedded(part));
            if (declaration === undefined) return;
            const environments = ruleEnvironments(declaration, false);
            const made = own.map((rule): ReadyRule => {
                const compiled = compileRule(rule, { compiler, environments, at: '' });
                if (!('program' in compiled)) return { problem: compiled.message };
                return { ...compiled, at: normalizeFieldPath(rule.fieldPath ?? '', part) ?? '' };
            });
            rules.set(part, made);
        });
        this.#schema = schema;
        this.#rules = rules;
    }

    get isEmpty(): boolean {
        return this.#rules.size === 0;
    }

    /** Errors of an object by its rules; `old` is what it replaces. */
    validate(object: unknown, old: unknown): FieldError[] {
        if (this.isEmpty) return [];
        const run = new RuleRun(this.#rules);
        run.visit(object, old, { schema: this.#schema, path: '', isUnchanged: false });
        return run.errors;
    }
}

interface Place {
    schema: StructuralSchema;
    path: string;
    /** It, or what it is a part of, is what it was: only rules that look at the old value count. */
    isUnchanged: boolean;
}

/** One object's evaluation: goes on until the budget is used up. */
class RuleRun {
    readonly errors: FieldError[] = [];
    readonly #rules: ReadonlyMap<StructuralSchema, readonly ReadyRule[]>;
    #budget = objectCostMax;
    #isOver = false;

    constructor(rules: ReadonlyMap<StructuralSchema, readonly ReadyRule[]>) {
        this.#rules = rules;
    }

    visit(value: unknown, old: unknown, place: Place): void {
        if (value === undefined || value === null) return;
        for (const rule of this.#rules.get(place.schema) ?? []) {
            if (this.#isOver) return;
            if ('problem' in rule) this.#fail(place, `rule compile error: ${rule.problem}`);
            else this.#check(rule, { value, old: old ?? undefined }, place);
        }
        if (Array.isArray(value)) this.#visitItems(value, old, place);
        else if (isRecord(value)) this.#visitMembers(value, old, place);
    }

    #visitMembers(object: Record<string, unknown>, old: unknown, { schema, path, isUnchanged }: Place): void {
        const isAtomic = schema['x-kubernetes-map-type'] === 'atomic';
        for (const [name, member] of Object.entries(object)) {
            const property = propertyOf(schema, name);
            const known = property ?? valuesOf(schema);
            if (known === undefined) continue;
            const before = isRecord(old) && Object.hasOwn(old, name) ? old[name] : undefined;
            this.visit(member, isAtomic ? undefined : before, {
                schema: known,
                path: property === undefined ? `${path}[${name}]` : joinPath(path, name),
                isUnchanged: isUnchanged || (before !== undefined && deepEqual(member, before)),
            });
        }
    }

    #visitItems(list: readonly unknown[], old: unknown, { schema, path, isUnchanged }: Place): void {
        const { items } = schema;
        if (items === undefined) return;
        for (const [index, item] of list.entries()) {
            const before = Array.isArray(old) ? oldItem(item, old as unknown[], schema) : undefined;
            this.visit(item, before, {
                schema: items,
                path: joinPath(path, index),
                isUnchanged: isUnchanged || (before !== undefined && deepEqual(item, before)),
            });
        }
    }

    #fail({ schema, path }: Place, detail: string): void {
        this.errors.push(fieldErrors.invalid(path || '<nil>', schema.type ?? '', detail));
    }

    #evaluate(program: CelProgram, variables: Record<string, unknown>): CelOutcome {
        const outcome = program.evaluate(variables, Math.min(callCostMax, Math.max(0, this.#budget)));
        this.#budget -= outcome.cost;
        return outcome;
    }

    #check(rule: PlacedRule, values: { value: unknown; old: unknown }, place: Place): void {
        const { value, old } = values;
        if (rule.isTransition && old === undefined && rule.optionalOldSelf !== true) return;
        if (place.isUnchanged && !rule.isTransition) return;
        const variables = { self: value, oldSelf: old };
        const outcome = this.#evaluate(rule.program, variables);
        if (outcome.type === 'overBudget' || this.#budget < 0) {
            this.#isOver = true;
            this.#fail(
                place,
                this.#budget < 0 ? `validation ${outOfBudget}` : callCost('rule', ruleText(rule)),
            );
        } else if (outcome.type === 'error') this.#fail(place, evaluationProblem(outcome.message, rule));
        else if (outcome.value !== true) this.#refuse(rule, variables, place);
    }

    #refuse(rule: PlacedRule, variables: Record<string, unknown>, place: Place): void {
        const field = (place.path + rule.at).replace(/^\./, '') || '<nil>';
        const made = this.#messageOf(rule, variables);
        if ('problem' in made) {
            this.#isOver = true;
            this.errors.push(fieldErrors.invalid(field, place.schema.type ?? '', made.problem));
            return;
        }
        const detail = made.text ?? ruleMessage(rule);
        const isScalar = place.schema.type !== 'object' && place.schema.type !== 'array';
        const value = isScalar ? { value: variables.self } : undefined;
        switch (rule.reason) {
            case 'FieldValueRequired':
                this.errors.push(fieldErrors.required(field, detail));
                break;
            case 'FieldValueForbidden':
                this.errors.push(fieldErrors.forbidden(field, detail));
                break;
            case 'FieldValueDuplicate':
                this.errors.push(
                    value ? fieldErrors.duplicate(field, value.value) : fieldErrors.duplicateOmitted(field),
                );
                break;
            default:
                this.errors.push(
                    value
                        ? fieldErrors.invalid(field, value.value, detail)
                        : fieldErrors.invalidOmitted(field, detail),
                );
        }
    }

    /** The message that an expression makes, none where it makes no usable one; a problem ends the run. */
    #messageOf(
        { messageProgram, messageExpression = '' }: CompiledRule,
        variables: Record<string, unknown>,
    ): { text: string | undefined } | { problem: string } {
        if (messageProgram === undefined) return { text: undefined };
        const outcome = this.#evaluate(messageProgram, variables);
        if (outcome.type === 'overBudget' || this.#budget < 0)
            return {
                problem:
                    this.#budget < 0
                        ? `messageExpression evaluation ${outOfBudget}`
                        : `${callTooCostly} messageExpression: ${JSON.stringify(messageExpression)}`,
            };
        const text =
            outcome.type === 'value' && typeof outcome.value === 'string' ? outcome.value.trim() : '';
        const isUsable = text !== '' && !text.includes('\n') && Buffer.byteLength(text) <= messageBytesMax;
        return { text: isUsable ? text : undefined };
    }
}

function callCost(what: string, text: string): string {
    return `'operation cancelled: actual cost limit exceeded': ${callTooCostly} ${what}: ${text}`;
}

function evaluationProblem(problem: string, rule: Rule): string {
    if (problem.startsWith('no such overload'))
        return `'${problem}': call arguments did not match a supported operator, function or macro signature for rule: ${ruleText(rule)}`;
    return `${problem} evaluating rule: ${ruleText(rule)}`;
}

function ruleText({ message, rule }: Rule): string {
    return message ? message.trim() : rule.trim();
}

function ruleMessage({ message, rule }: Rule): string {
    return message ? message.trim() : `failed rule: ${rule.trim()}`;
}
