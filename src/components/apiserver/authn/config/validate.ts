import type { CelCompiler } from '../../../../api/cel/cel.ts';
import { userRuleEnvironment } from '../../../../api/cel/environments/authentication.ts';
import {
    type FieldError,
    fieldErrors,
    formatFieldError,
    joinProblems,
} from '../../../../api/meta/field-error.ts';
import { ConfigurationError } from '../../configuration/strict-reader.ts';
import type { AuthenticationConfiguration, JwtConfiguration, UserValidationRule } from './configuration.ts';
import { type Expressions, hasExpressions, loadExpressions } from './expressions.ts';
import { validateClaims } from './validate-claims.ts';
import { validateIssuer } from './validate-issuer.ts';

/** Issuers that a configuration has at most. */
const issuersMax = 64;

export interface ValidationOptions {
    loadCompiler: () => Promise<CelCompiler>;
    /** Those of service-account tokens. */
    disallowedIssuers: readonly string[];
}

/** What is wrong with a configuration, in upstream's words. */
export async function validateAuthenticationConfiguration(
    { jwt, anonymous }: AuthenticationConfiguration,
    { loadCompiler, disallowedIssuers }: ValidationOptions,
): Promise<FieldError[]> {
    if (jwt.length > issuersMax) return [fieldErrors.tooMany('jwt', jwt.length, issuersMax)];
    const expressions = hasExpressions(jwt) ? await loadExpressions(loadCompiler) : undefined;
    const errors = jwt.flatMap((each, index) => {
        const path = `jwt[${index}]`;
        const { url, discoveryURL } = each.issuer;
        const earlier = jwt.slice(0, index).map(({ issuer }) => issuer);
        return [
            ...validateJwt(each, path, { expressions, disallowedIssuers }),
            ...(earlier.some((other) => other.url === url)
                ? [fieldErrors.duplicate(`${path}.issuer.url`, url)]
                : []),
            ...(discoveryURL !== '' && earlier.some((other) => other.discoveryURL === discoveryURL)
                ? [fieldErrors.duplicate(`${path}.issuer.discoveryURL`, discoveryURL)]
                : []),
        ];
    });
    if (anonymous?.enabled === false && anonymous.conditions.length > 0) {
        const why = 'enabled should be set to true when conditions are defined';
        errors.push(fieldErrors.invalid('anonymous.conditions', anonymous.conditions, why));
    }
    return errors;
}

/** @throws ConfigurationError with all that is wrong */
export function requireNoErrors(errors: readonly FieldError[], about: string): void {
    if (errors.length === 0) return;
    throw new ConfigurationError(`${about}${joinProblems(errors.map(formatFieldError))}`);
}

interface Surroundings {
    /** There where the configuration has expressions. */
    expressions: Expressions | undefined;
    disallowedIssuers: readonly string[];
}

function validateJwt(
    jwt: JwtConfiguration,
    path: string,
    { expressions, disallowedIssuers }: Surroundings,
): FieldError[] {
    return [
        ...validateIssuer(jwt.issuer, `${path}.issuer`, disallowedIssuers),
        ...validateClaims(jwt, path, expressions),
        ...validateUserRules(jwt.userValidationRules, `${path}.userValidationRules`, expressions),
    ];
}

function validateUserRules(
    rules: readonly UserValidationRule[],
    path: string,
    expressions: Expressions | undefined,
): FieldError[] {
    const seen = new Set<string>();
    return rules.flatMap(({ expression }, index) => {
        const field = `${path}[${index}].expression`;
        if (expression === '') return [fieldErrors.required(field)];
        if (seen.has(expression)) return [fieldErrors.duplicate(field, expression)];
        seen.add(expression);
        const compiled = expressions?.compiler.compile(expression, userRuleEnvironment);
        return compiled?.type === 'invalid' ? [fieldErrors.invalid(field, expression, compiled.message)] : [];
    });
}
