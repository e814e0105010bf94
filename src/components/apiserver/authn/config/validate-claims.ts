import type { CelEnvironment } from '../../../../api/cel/cel.ts';
import { claimRuleEnvironment, claimsEnvironment } from '../../../../api/cel/environments/authentication.ts';
import { domainPrefixedPathErrors } from '../../../../api/meta/domain-prefixed-path.ts';
import { type FieldError, fieldErrors } from '../../../../api/meta/field-error.ts';
import type {
    ClaimMappings,
    ClaimValidationRule,
    ExtraMapping,
    JwtConfiguration,
    PrefixedClaimOrExpression,
} from './configuration.ts';
import type { Expressions } from './expressions.ts';

const bothSet = "claim and expression can't both be set";
const unverifiedEmail =
    'claims.email_verified must be used in claimMappings.username.expression or claimMappings.extra[*].valueExpression or claimValidationRules[*].expression when claims.email is used in claimMappings.username.expression';

/** What is wrong with the rules and mappings of claims, in upstream's words. */
export function validateClaims(
    { claimValidationRules, claimMappings }: JwtConfiguration,
    path: string,
    expressions: Expressions | undefined,
): FieldError[] {
    const compiler = new ClaimCompiler(expressions);
    const mappings = `${path}.claimMappings`;
    return [
        ...ruleErrors(claimValidationRules, `${path}.claimValidationRules`, compiler),
        ...mappingErrors(claimMappings, mappings, compiler),
        ...(compiler.usesUnverifiedEmail(claimMappings)
            ? [
                  fieldErrors.invalid(
                      `${mappings}.username.expression`,
                      claimMappings.username.expression,
                      unverifiedEmail,
                  ),
              ]
            : []),
    ];
}

/** Compiles expressions over claims, and remembers which of those that are good look at `email_verified`. */
class ClaimCompiler {
    readonly #expressions: Expressions | undefined;
    readonly #good = new Set<string>();
    #verifiesEmail = false;

    constructor(expressions: Expressions | undefined) {
        this.#expressions = expressions;
    }

    /** @param verifies whether it counts that the expression looks at `email_verified` */
    check(expression: string, field: string, options: Check = {}): FieldError[] {
        const { environment = claimsEnvironment, verifies = true } = options;
        const compiled = this.#expressions?.compiler.compile(expression, environment);
        if (compiled === undefined) return [];
        if (compiled.type === 'invalid') return [fieldErrors.invalid(field, expression, compiled.message)];
        this.#good.add(expression);
        if (verifies && this.#claimsOf(expression).has('email_verified')) this.#verifiesEmail = true;
        return [];
    }

    usesUnverifiedEmail({ username: { expression } }: ClaimMappings): boolean {
        if (expression === '' || this.#verifiesEmail || !this.#good.has(expression)) return false;
        return this.#claimsOf(expression).has('email');
    }

    #claimsOf(expression: string): ReadonlySet<string> {
        return this.#expressions?.claimsOf(expression) ?? new Set();
    }
}

interface Check {
    environment?: CelEnvironment;
    verifies?: boolean;
}

function ruleErrors(
    rules: readonly ClaimValidationRule[],
    path: string,
    compiler: ClaimCompiler,
): FieldError[] {
    const claims = new Set<string>();
    const expressions = new Set<string>();
    return rules.flatMap((rule, index) => {
        const at = `${path}[${index}]`;
        if (rule.claim !== '' && rule.expression !== '')
            return [fieldErrors.invalid(at, rule.claim, bothSet)];
        if (rule.claim !== '') return claimRuleErrors(rule, at, claims);
        if (rule.expression !== '') return expressionRuleErrors(rule, at, { seen: expressions, compiler });
        return [fieldErrors.required(at, 'claim or expression is required')];
    });
}

function claimRuleErrors(
    { claim, message }: ClaimValidationRule,
    at: string,
    seen: Set<string>,
): FieldError[] {
    const isTwice = seen.has(claim);
    seen.add(claim);
    return [
        ...(message === ''
            ? []
            : [fieldErrors.invalid(`${at}.message`, message, 'may not be specified when claim is set')]),
        ...(isTwice ? [fieldErrors.duplicate(`${at}.claim`, claim)] : []),
    ];
}

function expressionRuleErrors(
    { expression, requiredValue }: ClaimValidationRule,
    at: string,
    { seen, compiler }: { seen: Set<string>; compiler: ClaimCompiler },
): FieldError[] {
    const isTwice = seen.has(expression);
    seen.add(expression);
    const field = `${at}.expression`;
    const why = 'may not be specified when expression is set';
    return [
        ...(requiredValue === '' ? [] : [fieldErrors.invalid(`${at}.requiredValue`, requiredValue, why)]),
        ...(isTwice
            ? [fieldErrors.duplicate(field, expression)]
            : compiler.check(expression, field, { environment: claimRuleEnvironment })),
    ];
}

function mappingErrors(
    { username, groups, uid, extra }: ClaimMappings,
    path: string,
    compiler: ClaimCompiler,
): FieldError[] {
    const uidErrors =
        uid.claim !== '' && uid.expression !== ''
            ? [fieldErrors.invalid(`${path}.uid`, '', bothSet)]
            : uid.expression === ''
              ? []
              : compiler.check(uid.expression, `${path}.uid.expression`, { verifies: false });
    return [
        ...prefixedErrors(username, `${path}.username`, { compiler, isRequired: true }),
        ...prefixedErrors(groups, `${path}.groups`, { compiler, isRequired: false }),
        ...uidErrors,
        ...extraErrors(extra, `${path}.extra`, compiler),
    ];
}

function prefixedErrors(
    { claim, expression, prefix }: PrefixedClaimOrExpression,
    path: string,
    { compiler, isRequired }: { compiler: ClaimCompiler; isRequired: boolean },
): FieldError[] {
    if (expression !== '' && claim !== '') return [fieldErrors.invalid(path, '', bothSet)];
    if (expression !== '') {
        const why = 'may not be specified when expression is set';
        return [
            ...(prefix === undefined ? [] : [fieldErrors.invalid(`${path}.prefix`, prefix, why)]),
            ...compiler.check(expression, `${path}.expression`, { verifies: isRequired }),
        ];
    }
    if (claim === '')
        return isRequired ? [fieldErrors.required(path, 'claim or expression is required')] : [];
    if (prefix !== undefined) return [];
    const why = 'prefix is required when claim is set. It can be set to an empty string to disable prefixing';
    return [fieldErrors.required(`${path}.prefix`, why)];
}

function extraErrors(extra: readonly ExtraMapping[], path: string, compiler: ClaimCompiler): FieldError[] {
    const seen = new Set<string>();
    return extra.flatMap(({ key, valueExpression }, index) => {
        const at = `${path}[${index}]`;
        const errors = keyErrors(key, `${at}.key`);
        if (seen.has(key)) return [...errors, fieldErrors.duplicate(`${at}.key`, key)];
        seen.add(key);
        const field = `${at}.valueExpression`;
        if (valueExpression === '') return [...errors, fieldErrors.required(field)];
        return [...errors, ...compiler.check(valueExpression, field)];
    });
}

/** Keys belong to whoever makes use of them. */
function keyErrors(key: string, field: string): FieldError[] {
    const errors = domainPrefixedPathErrors(field, key);
    if (key !== key.toLowerCase()) errors.push(fieldErrors.invalid(field, key, 'must be lowercase'));
    if (/^(?:[^/]*\.)?(?:kubernetes|k8s)\.io\//.test(key)) {
        const why = 'k8s.io, kubernetes.io and their subdomains are reserved for Kubernetes use';
        errors.push(fieldErrors.invalid(field, key, why));
    }
    return errors;
}
