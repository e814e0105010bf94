import type { CelCompiler } from '../../../api/cel/cel.ts';
import { type FieldError, fieldErrors } from '../../../api/meta/field-error.ts';
import { isEmbedded, type StructuralSchema, valuesOf } from '../../../api/structural-schema/schema.ts';
import { compileRule, type Rule, ruleEnvironments, rulesField, rulesOf } from './rule-compilation.ts';
import { type Cardinality, cardinalityWithin, SchemaCosts, totalCost } from './rule-costs.ts';
import { normalizeFieldPath } from './rule-paths.ts';
import { type Declaration, declarationOf } from './rule-types.ts';

const reasons = ['FieldValueDuplicate', 'FieldValueForbidden', 'FieldValueInvalid', 'FieldValueRequired'];
const lineBreak = /[\n\r]/;

/** Where a part of the schema stands. */
interface Place {
    path: string;
    isRoot: boolean;
    cardinality: Cardinality;
    /** What keeps old and new values from being told to be the same thing. */
    uncorrelatable: string | undefined;
}

/**
 * Errors of all rules of a schema at `path`, in upstream's words: what they look like, whether they compile, and what
 * they may cost (apiextensions-apiserver pkg/apis/apiextensions/validation).
 */
export function ruleErrors(schema: StructuralSchema, compiler: CelCompiler, path: string): FieldError[] {
    const check = new RuleChecks(compiler);
    check.visit(schema, { path, isRoot: true, cardinality: 1n, uncorrelatable: undefined });
    return [...check.errors, ...check.costs.errors(path)];
}

class RuleChecks {
    readonly errors: FieldError[] = [];
    readonly costs = new SchemaCosts();
    readonly #compiler: CelCompiler;

    constructor(compiler: CelCompiler) {
        this.#compiler = compiler;
    }

    /** False when rules here or further inside are not even written as rules must be. */
    visit(schema: StructuralSchema, place: Place): boolean {
        const { path } = place;
        let isSound = true;
        const within = (part: StructuralSchema, step: string, uncorrelatable: boolean): void => {
            const sound = this.visit(part, {
                path: path + step,
                isRoot: false,
                cardinality: cardinalityWithin(schema, place.cardinality),
                uncorrelatable: place.uncorrelatable ?? (uncorrelatable ? path : undefined),
            });
            isSound &&= sound;
        };
        const values = valuesOf(schema);
        if (values !== undefined) within(values, '.additionalProperties', false);
        const isAtomic = schema['x-kubernetes-map-type'] === 'atomic';
        for (const [name, property] of Object.entries(schema.properties ?? {}))
            within(property, `.properties[${name}]`, isAtomic);
        if (schema.items !== undefined)
            within(schema.items, '.items', schema['x-kubernetes-list-type'] !== 'map');
        const rules = rulesOf(schema);
        const shape = rules.flatMap((rule, index) => shapeErrors(rule, schema, ruleAt(path, index)));
        this.errors.push(...shape);
        isSound &&= shape.length === 0;
        if (isSound && rules.length > 0) this.#compile(schema, rules, place);
        return isSound;
    }

    #compile(schema: StructuralSchema, rules: readonly Rule[], place: Place): void {
        const declaration = declarationOf(schema, place.isRoot || isEmbedded(schema));
        if (declaration === undefined) {
            const detail =
                'internal error: failed to construct type information for x-kubernetes-validations rules: unable to convert structural schema to CEL declarations';
            this.errors.push(fieldErrors.internal(`${place.path}.${rulesField}`, detail));
            return;
        }
        const environments = ruleEnvironments(declaration, true);
        for (const [index, rule] of rules.entries()) {
            const at = ruleAt(place.path, index);
            const compiled = compileRule(rule, { compiler: this.#compiler, environments, at });
            if ('program' in compiled) this.#judge({ ...compiled, at, declaration, place });
            else this.errors.push(compiled);
        }
    }

    #judge({ at, declaration, place, ...rule }: JudgedRule): void {
        const { cardinality, uncorrelatable } = place;
        const cost = totalCost(rule.program.estimatedCost ?? 0n, cardinality, declaration.leastBytes);
        this.errors.push(...this.costs.observe(`${at}.rule`, 'rule', cost));
        const ofMessage = rule.messageProgram?.estimatedCost;
        if (ofMessage !== undefined)
            this.errors.push(
                ...this.costs.observe(`${at}.messageExpression`, 'messageExpression', ofMessage),
            );
        if (rule.isTransition && uncorrelatable !== undefined) {
            const detail = `oldSelf cannot be used on the uncorrelatable portion of the schema within ${uncorrelatable}`;
            this.errors.push(fieldErrors.invalid(`${at}.rule`, rule.rule, detail));
        }
        if (!rule.isTransition && rule.optionalOldSelf !== undefined) {
            const detail = 'may not be set if oldSelf is not used in rule';
            this.errors.push(fieldErrors.invalid(`${at}.optionalOldSelf`, rule.optionalOldSelf, detail));
        }
    }
}

type JudgedRule = Extract<ReturnType<typeof compileRule>, { program: unknown }> & {
    at: string;
    declaration: Declaration;
    place: Place;
};

function ruleAt(path: string, index: number): string {
    return `${path}.${rulesField}[${index}]`;
}

function messageErrors({ rule, message = '' }: Rule, at: string): FieldError[] {
    const isEmpty = message.trim() === '';
    if (rule.trim() === '') return [fieldErrors.required(`${at}.rule`, 'rule is not specified')];
    if (message !== '' && isEmpty)
        return [fieldErrors.invalid(`${at}.message`, message, 'message must be non-empty if specified')];
    if (lineBreak.test(message.trim()))
        return [fieldErrors.invalid(`${at}.message`, message, 'message must not contain line breaks')];
    return lineBreak.test(rule.trim()) && isEmpty
        ? [fieldErrors.required(`${at}.message`, 'message must be specified if rule contains line breaks')]
        : [];
}

function pathErrors({ fieldPath = '' }: Rule, schema: StructuralSchema, at: string): FieldError[] {
    if (fieldPath === '') return [];
    const problems = [
        ...(fieldPath.trim() === '' ? ['fieldPath must be non-empty if specified'] : []),
        ...(lineBreak.test(fieldPath) ? ['fieldPath must not contain line breaks'] : []),
        ...(normalizeFieldPath(fieldPath, schema) === undefined ? ['fieldPath must be a valid path'] : []),
    ];
    return problems.map((problem) => fieldErrors.invalid(`${at}.fieldPath`, fieldPath, problem));
}

function shapeErrors(rule: Rule, schema: StructuralSchema, at: string): FieldError[] {
    const errors = messageErrors(rule, at);
    const { messageExpression = '', reason } = rule;
    if (messageExpression !== '' && messageExpression.trim() === '') {
        const detail = 'messageExpression must be non-empty if specified';
        errors.push(fieldErrors.required(`${at}.messageExpression`, detail));
    }
    if (reason !== undefined && !reasons.includes(reason))
        errors.push(fieldErrors.notSupported(`${at}.reason`, reason, reasons));
    return [...errors, ...pathErrors(rule, schema, at)];
}
