import type { CelCompiler, CelOutcome, CelProgram } from '../../../api/cel/cel.ts';
import { type FieldError, fieldErrors, formatFieldError } from '../../../api/meta/field-error.ts';
import { Correlation, oldItem } from '../../../api/structural-schema/correlate.ts';
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

/** True when a schema has rules anywhere where definitions may have them. */
export function hasRules(schema: StructuralSchema): boolean {
    let found = false;
    walkSchema(schema, (part) => (found ||= rulesOf(part).length > 0));
    return found;
}

/** A rule of one place of a schema; those that do not compile are told of by the objects that they would judge. */
type ReadyRule = PlacedRule | { problem: string };

/** `at` is the path of the field that the rule says is wrong, within the part that it judges. */
type PlacedRule = CompiledRule & {
    at: string;
    /** Set for a rule that stands inside of allOf: how many levels further out the schema is that has the allOf. */
    levelsInAllOf: number | undefined;
};

type RulesByPart = ReadonlyMap<StructuralSchema, readonly ReadyRule[]>;

/** Compiles rules by the part of a schema whose values they judge. */
class RuleCollector {
    readonly rules = new Map<StructuralSchema, ReadyRule[]>();
    readonly #compiler: CelCompiler;
    readonly #root: StructuralSchema;

    constructor(root: StructuralSchema, compiler: CelCompiler) {
        this.#root = root;
        this.#compiler = compiler;
        walkSchema(root, (part) => {
            this.#add(rulesOf(part), part, undefined);
            for (const branch of part.allOf ?? []) this.#addBranch(branch, part, 0);
        });
    }

    /** What a schema inside of allOf says of `part`, and of the parts inside of it. */
    #addBranch(branch: StructuralSchema, part: StructuralSchema, levels: number): void {
        this.#add(rulesOf(branch), part, levels);
        for (const inner of branch.allOf ?? []) this.#addBranch(inner, part, levels);
        if (branch.items !== undefined && part.items !== undefined)
            this.#addBranch(branch.items, part.items, levels + 1);
        for (const [name, property] of Object.entries(branch.properties ?? {})) {
            const known = propertyOf(part, name);
            if (known !== undefined) this.#addBranch(property, known, levels + 1);
        }
    }

    #add(rules: readonly Rule[], part: StructuralSchema, levelsInAllOf: number | undefined): void {
        if (rules.length === 0) return;
        const declaration = declarationOf(part, part === this.#root || isEmbedded(part));
        if (declaration === undefined) return;
        const environments = ruleEnvironments(declaration, false);
        const made = rules.map((rule): ReadyRule => {
            const compiled = compileRule(rule, { compiler: this.#compiler, environments, at: '' });
            if (!('program' in compiled)) return { problem: compiled.message };
            return { ...compiled, at: normalizeFieldPath(rule.fieldPath ?? '', part) ?? '', levelsInAllOf };
        });
        this.rules.set(part, [...(this.rules.get(part) ?? []), ...made]);
    }
}

/** What a replaced object was, and where to tell of rules that it broke already. */
export interface Replacement {
    old: unknown;
    warn?: ((text: string) => void) | undefined;
}

/** The rules (x-kubernetes-validations) of one schema, compiled for the objects of it. */
export class ObjectRules {
    readonly #schema: StructuralSchema;
    readonly #rules: RulesByPart;

    constructor(schema: StructuralSchema, compiler: CelCompiler) {
        this.#schema = schema;
        this.#rules = new RuleCollector(schema, compiler).rules;
    }

    get isEmpty(): boolean {
        return this.#rules.size === 0;
    }

    /**
     * Errors of an object by its rules. Where a part is what it was in the object that is replaced, what it breaks
     * becomes a warning, unless the rule looks at the old value.
     */
    validate(object: unknown, replacement?: Replacement): FieldError[] {
        if (this.isEmpty) return [];
        const run = new RuleRun(this.#rules, replacement?.warn);
        const schema = this.#schema;
        const correlation = Correlation.ofObject(object, replacement?.old, schema);
        run.visit(object, replacement?.old, { schema, path: '', correlation, around: undefined });
        return run.errors;
    }
}

interface Place {
    schema: StructuralSchema;
    path: string;
    /** Whether it is what it was. */
    correlation: Correlation;
    /** What it is a part of. */
    around: Place | undefined;
}

/** One object's evaluation: goes on until the budget is used up. */
class RuleRun {
    readonly errors: FieldError[] = [];
    readonly #rules: RulesByPart;
    readonly #warn: (text: string) => void;
    #budget = objectCostMax;
    #isOver = false;

    constructor(rules: RulesByPart, warn: ((text: string) => void) | undefined) {
        this.#rules = rules;
        this.#warn = warn ?? (() => undefined);
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

    #visitMembers(object: Record<string, unknown>, old: unknown, place: Place): void {
        const { schema, path } = place;
        const isAtomic = schema['x-kubernetes-map-type'] === 'atomic';
        for (const [name, member] of Object.entries(object)) {
            const property = propertyOf(schema, name);
            const known = property ?? valuesOf(schema);
            if (known === undefined) continue;
            const before = isRecord(old) && Object.hasOwn(old, name) ? old[name] : undefined;
            this.visit(member, isAtomic ? undefined : before, {
                schema: known,
                path: property === undefined ? `${path}[${name}]` : joinPath(path, name),
                correlation: place.correlation.at(name),
                around: place,
            });
        }
    }

    #visitItems(list: readonly unknown[], old: unknown, place: Place): void {
        const { items } = place.schema;
        if (items === undefined) return;
        for (const [index, item] of list.entries()) {
            const before = Array.isArray(old) ? oldItem(item, old as unknown[], place.schema) : undefined;
            this.visit(item, before, {
                schema: items,
                path: joinPath(place.path, index),
                correlation: place.correlation.at(index),
                around: place,
            });
        }
    }

    /** Of a broken rule: a warning where it was broken before and what it judges did not change. */
    #report(rule: PlacedRule, place: Place, error: FieldError): void {
        if (!rule.isTransition && isUnchangedFor(rule, place)) this.#warn(formatFieldError(error));
        else this.errors.push(error);
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
            this.#report(rule, place, fieldErrors.invalid(field, place.schema.type ?? '', made.problem));
            return;
        }
        const detail = made.text ?? ruleMessage(rule);
        const isScalar = place.schema.type !== 'object' && place.schema.type !== 'array';
        const shown = isScalar ? { value: variables.self } : undefined;
        this.#report(rule, place, ruleError(rule, { field, detail, shown }));
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

/** Rules inside of allOf go by what is around the part that has it. */
function isUnchangedFor({ levelsInAllOf }: PlacedRule, place: Place): boolean {
    if (levelsInAllOf === undefined) return place.correlation.isUnchanged;
    let outer = place.around;
    for (let level = 0; level < levelsInAllOf; level++) outer = outer?.around;
    return outer?.correlation.isUnchanged ?? false;
}

/** The error that a broken rule stands for; `shown` has the value where messages show it. */
function ruleError(
    { reason }: Rule,
    { field, detail, shown }: { field: string; detail: string; shown: { value: unknown } | undefined },
): FieldError {
    switch (reason) {
        case 'FieldValueRequired':
            return fieldErrors.required(field, detail);
        case 'FieldValueForbidden':
            return fieldErrors.forbidden(field, detail);
        case 'FieldValueDuplicate':
            return shown ? fieldErrors.duplicate(field, shown.value) : fieldErrors.duplicateOmitted(field);
        default:
            return shown
                ? fieldErrors.invalid(field, shown.value, detail)
                : fieldErrors.invalidOmitted(field, detail);
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
