import type { CelProgram } from '../../../../api/cel/cel.ts';
import {
    claimRuleEnvironment,
    claimsEnvironment,
    userRuleEnvironment,
} from '../../../../api/cel/environments/authentication.ts';
import type { Identity } from '../../identity.ts';
import type { ClaimMappings, JwtConfiguration } from '../config/configuration.ts';
import { type Expressions, programOf } from '../config/expressions.ts';
import { CredentialError } from '../method.ts';
import type { Claims } from './id-token.ts';

/** Of one expression, in cel-go's units, as upstream has it. */
const expressionCostMax = 1_000_000;
const credentialIdKey = 'authentication.kubernetes.io/credential-id';
const noStrings = 'expression must return a string or a list of strings';

interface Rule {
    expression: string;
    message: string;
    program: CelProgram;
}

/** Whom the claims of a verified token are about, and whether they are welcome. */
export class ClaimMapper {
    readonly #mappings: ClaimMappings;
    readonly #username: CelProgram | undefined;
    readonly #groups: CelProgram | undefined;
    readonly #uid: CelProgram | undefined;
    readonly #extra: readonly { key: string; expression: string; program: CelProgram }[];
    readonly #requiredClaims: ReadonlyMap<string, string>;
    readonly #claimRules: readonly Rule[];
    readonly #userRules: readonly Rule[];

    /**
     * @param expressions there where the configuration has some
     * @throws Error for an expression that does not compile
     */
    constructor(configuration: JwtConfiguration, expressions: Pick<Expressions, 'compiler'> | undefined) {
        const { claimMappings, claimValidationRules, userValidationRules } = configuration;
        const compile = (expression: string, environment = claimsEnvironment): CelProgram => {
            if (expressions === undefined) throw new Error('expressions are not evaluated here');
            return programOf(expressions, expression, environment);
        };
        const mapping = (expression: string): CelProgram | undefined =>
            expression === '' ? undefined : compile(expression);
        this.#mappings = claimMappings;
        this.#username = mapping(claimMappings.username.expression);
        this.#groups = mapping(claimMappings.groups.expression);
        this.#uid = mapping(claimMappings.uid.expression);
        this.#extra = claimMappings.extra.map(({ key, valueExpression }) => ({
            key,
            expression: valueExpression,
            program: compile(valueExpression),
        }));
        this.#requiredClaims = new Map(
            claimValidationRules.flatMap(({ claim, requiredValue }) =>
                claim === '' ? [] : [[claim, requiredValue]],
            ),
        );
        this.#claimRules = claimValidationRules.flatMap(({ claim, expression, message }) =>
            claim === '' ? [{ expression, message, program: compile(expression, claimRuleEnvironment) }] : [],
        );
        this.#userRules = userValidationRules.map(({ expression, message }) => ({
            expression,
            message,
            program: compile(expression, userRuleEnvironment),
        }));
    }

    /** @throws CredentialError */
    identityOf(claims: Claims): Identity {
        const identity: Identity = {
            username: this.#usernameOf(claims),
            groups: this.#groupsOf(claims),
            uid: this.#uidOf(claims),
            extra: this.#extraOf(claims),
        };
        this.#checkRequired(claims);
        checkRules(this.#claimRules, { claims }, 'oidc: error evaluating claim validation expression');
        checkRules(this.#userRules, { user: identity }, 'oidc: error evaluating user info validation rule');
        return identity;
    }

    #usernameOf(claims: Claims): string {
        if (this.#username !== undefined) {
            const about = 'oidc: error evaluating username claim expression';
            const name = evaluate(this.#username, { claims }, about);
            if (typeof name !== 'string') {
                throw new CredentialError(`${about}: username claim expression must return a string`);
            }
            if (name === '') {
                throw new CredentialError('oidc: empty username via CEL expression is not allowed');
            }
            return name;
        }
        const { claim, prefix = '' } = this.#mappings.username;
        const name = own(claims, claim);
        if (typeof name !== 'string' || name === '') {
            throw new CredentialError(`oidc: parse username claims "${claim}": it is no text`);
        }
        const isVerified = own(claims, 'email_verified');
        if (claim === 'email' && isVerified !== undefined && isVerified !== true) {
            throw new CredentialError('oidc: email not verified');
        }
        return `${prefix}${name}`;
    }

    #groupsOf(claims: Claims): readonly string[] {
        if (this.#groups !== undefined) {
            return stringsOf(this.#groups, claims, 'oidc: error evaluating group claim expression');
        }
        const { claim, prefix = '' } = this.#mappings.groups;
        const value = claim === '' ? undefined : own(claims, claim);
        if (value === undefined || value === null) return [];
        const list: unknown[] = Array.isArray(value) ? value : [value];
        return list.map((group) => {
            if (typeof group !== 'string') {
                throw new CredentialError(`oidc: parse groups claim "${claim}": it is no list of texts`);
            }
            return `${prefix}${group}`;
        });
    }

    #uidOf(claims: Claims): string {
        if (this.#uid !== undefined) {
            const about = 'oidc: error evaluating uid claim expression';
            const uid = evaluate(this.#uid, { claims }, about);
            if (typeof uid === 'string') return uid;
            throw new CredentialError(`${about}: uid claim expression must return a string`);
        }
        const { claim } = this.#mappings.uid;
        if (claim === '') return '';
        const uid = own(claims, claim);
        if (typeof uid === 'string') return uid;
        const why = uid === undefined ? 'claim not present' : 'it is no text';
        throw new CredentialError(`oidc: parse uid claim "${claim}": ${why}`);
    }

    #extraOf(claims: Claims): Identity['extra'] {
        const entries = this.#extra.map(({ key, expression, program }) => {
            const about = `oidc: error evaluating extra claim expression: ${expression}`;
            return [key, stringsOf(program, claims, about)] as const;
        });
        const jti = own(claims, 'jti');
        return {
            ...Object.fromEntries(entries.filter(([, values]) => values.length > 0)),
            ...(typeof jti === 'string' && jti !== '' ? { [credentialIdKey]: [`JTI=${jti}`] } : {}),
        };
    }

    #checkRequired(claims: Claims): void {
        for (const [name, wanted] of this.#requiredClaims) {
            if (!Object.hasOwn(claims, name)) {
                throw new CredentialError(`oidc: required claim ${name} not present in ID token`);
            }
            if (claims[name] !== wanted) {
                throw new CredentialError(`oidc: required claim ${name} value does not match`);
            }
        }
    }
}

const own = (claims: Claims, name: string): unknown =>
    Object.hasOwn(claims, name) ? claims[name] : undefined;

function evaluate(program: CelProgram, variables: Readonly<Record<string, unknown>>, about: string): unknown {
    const outcome = program.evaluate(variables, expressionCostMax);
    if (outcome.type === 'value') return outcome.value;
    const why =
        outcome.type === 'error' ? outcome.message : 'operation cancelled: actual cost limit exceeded';
    throw new CredentialError(`${about}: ${why}`);
}

/** A text is a list of one; nothing, and empty texts, are none. */
function stringsOf(program: CelProgram, claims: Claims, about: string): readonly string[] {
    const value = evaluate(program, { claims }, about);
    const list: unknown[] = Array.isArray(value) ? value : value === null ? [] : [value];
    return list.flatMap((item) => {
        if (typeof item !== 'string') throw new CredentialError(`${about}: ${noStrings}`);
        return item === '' ? [] : [item];
    });
}

function checkRules(
    rules: readonly Rule[],
    variables: Readonly<Record<string, unknown>>,
    about: string,
): void {
    for (const { expression, message, program } of rules) {
        if (evaluate(program, variables, about) === true) continue;
        throw new CredentialError(`${about}: validation expression '${expression}' failed: ${message}`);
    }
}
