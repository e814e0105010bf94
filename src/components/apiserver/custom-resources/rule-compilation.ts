import type { CelCompiler, CelEnvironment, CelProgram, CelType } from '../../../api/cel/cel.ts';
import { type FieldError, fieldErrors } from '../../../api/meta/field-error.ts';
import type { StructuralSchema } from '../../../api/structural-schema/schema.ts';
import type { Declaration } from './rule-types.ts';

export const rulesField = 'x-kubernetes-validations';

export interface Rule {
    rule: string;
    message?: string;
    messageExpression?: string;
    reason?: string;
    fieldPath?: string;
    optionalOldSelf?: boolean;
}

export interface CompiledRule extends Rule {
    program: CelProgram;
    messageProgram: CelProgram | undefined;
    /** Looks at the old value, and is therefore for updates only. */
    isTransition: boolean;
}

export function rulesOf(schema: StructuralSchema): readonly Rule[] {
    return ((schema as Record<string, unknown>)[rulesField] as Rule[] | undefined) ?? [];
}

/** A rule as upstream shows it in messages. */
function shown(rule: Rule): object {
    return {
        Rule: rule.rule,
        Message: rule.message ?? '',
        MessageExpression: rule.messageExpression ?? '',
        Reason: rule.reason ?? null,
        FieldPath: rule.fieldPath ?? '',
        OptionalOldSelf: rule.optionalOldSelf ?? null,
    };
}

/** What the rules of one part of a schema may name. The second is for rules that take `oldSelf` as optional. */
export interface RuleEnvironments {
    plain: CelEnvironment;
    optional: CelEnvironment;
}

/** With sizes, the costs of rules are estimated. */
export function ruleEnvironments({ type, size }: Declaration, withSizes: boolean): RuleEnvironments {
    const sizes = withSizes ? { size } : {};
    const oldSelf: CelType = { kind: 'opaque', name: 'optional_type', of: type };
    return {
        plain: { variables: { self: type, oldSelf: type }, ...sizes },
        optional: { variables: { self: type, oldSelf }, ...sizes },
    };
}

interface Place {
    compiler: CelCompiler;
    environments: RuleEnvironments;
    /** Of the rule, for errors. */
    at: string;
}

function compile(
    expression: string,
    environment: CelEnvironment,
    { compiler, prefix = '', result }: { compiler: CelCompiler; prefix?: string; result: 'bool' | 'string' },
): CelProgram | { detail: string } {
    const compiled = compiler.compile(expression, environment);
    if (compiled.type === 'invalid') return { detail: prefix + compiled.message };
    const { kind } = compiled.program.resultType;
    if (kind === result) return compiled.program;
    return {
        detail:
            result === 'bool'
                ? 'cel expression must evaluate to a bool'
                : 'messageExpression must evaluate to a string',
    };
}

/** A rule ready to be evaluated, or what is wrong with it in upstream's words. Its text must not be empty. */
export function compileRule(rule: Rule, { compiler, environments, at }: Place): CompiledRule | FieldError {
    const environment = rule.optionalOldSelf === true ? environments.optional : environments.plain;
    const program = compile(rule.rule, environment, { compiler, result: 'bool' });
    if ('detail' in program) return fieldErrors.invalid(`${at}.rule`, shown(rule), program.detail);
    const isTransition = program.references.has('oldSelf');
    if (!rule.messageExpression) return { ...rule, program, messageProgram: undefined, isTransition };
    const message = compile(rule.messageExpression, environment, {
        compiler,
        prefix: 'messageExpression ',
        result: 'string',
    });
    if ('detail' in message)
        return fieldErrors.invalid(`${at}.messageExpression`, shown(rule), message.detail);
    return { ...rule, program, messageProgram: message, isTransition };
}
