import { joinProblems } from '../../../api/meta/field-error.ts';
import { statusErrors } from '../../../api/meta/status-error.ts';
import type { Clock } from '../../../util/clock.ts';
import type { Logger } from '../../../util/logger.ts';
import type { Identity } from '../identity.ts';
import type { TokenReport } from './token-use.ts';
import { unusableAuthorization, webSocketAuthorization } from './websocket-token.ts';

/** What a request shows to prove who sent it. */
export interface AuthenticationInput {
    authorization: string | undefined;
    /** The client certificate that the peer proved to hold, DER; not yet checked against any authority. */
    peerCertificate: Buffer | undefined;
    /** What it has sent besides, DER: authorities that may have signed it. Costs something to ask for. */
    peerIntermediates?: (() => readonly Buffer[]) | undefined;
    /**
     * Names in lower case. Repeated headers are arrays (`headersDistinct`): joined ones would make one
     * group out of several.
     */
    headers: Readonly<Record<string, string | string[] | undefined>>;
    /** Absent: nobody wants to know. */
    report?: TokenReport;
}

/**
 * Resolves with undefined when the request shows no credentials of any kind, and throws
 * statusErrors.unauthorized() when it shows wrong ones.
 */
export interface Authenticator {
    authenticate(input: AuthenticationInput): Promise<Identity | undefined>;
    /**
     * Whose token it is, and for which of the audiences. Rejects with a TokenRejected when it is nobody's or not
     * for any of them.
     */
    review(token: string, audiences: readonly string[], report?: TokenReport): Promise<ReviewedToken>;
    /** Whether a request without credentials for this path goes on as system:anonymous. */
    allowsAnonymous?(path: string): boolean;
}

export interface ReviewedToken {
    identity: Identity;
    /** Those that were asked for and are the token's; at least one. */
    audiences: readonly string[];
}

/**
 * One way to authenticate. Gives undefined when the input is nothing for it, throws CredentialError when
 * it is and is wrong: the next ways are still asked then.
 */
export interface AuthenticationMethod {
    readonly name: string;
    authenticate(input: AuthenticationInput): Identity | undefined | Promise<Identity | undefined>;
    /**
     * For methods that know of audiences: whose token it is, and for which of these. Absent: the method's tokens are
     * for the API server, all of them.
     */
    authenticateFor?(
        token: string,
        audiences: readonly string[],
        report?: TokenReport,
    ): ReviewedToken | undefined | Promise<ReviewedToken | undefined>;
}

/** Why a token that was to be reviewed is nobody's, in words for whoever asked. */
export class TokenRejected extends Error {
    override readonly name = 'TokenRejected';
}

/** Wrong credentials. The message goes to the log, and to whoever asks by a TokenReview, never to the client. */
export class CredentialError extends Error {
    override readonly name = 'CredentialError';
}

/** Failures are logged at most this often: whoever shows wrong credentials shall not fill the disk. */
const logIntervalMs = 1_000;

/** The first method that recognises its credentials wins; then the group of all authenticated is added. */
export function unionAuthenticator(
    methods: readonly AuthenticationMethod[],
    { log, clock, audiences = [] }: UnionOptions,
): Authenticator {
    let loggedAtMs = Number.NEGATIVE_INFINITY;
    const report = (errors: readonly string[]): void => {
        if (clock.monotonicMs() - loggedAtMs < logIntervalMs) return;
        loggedAtMs = clock.monotonicMs();
        log.warn({ errors }, 'unable to authenticate the request');
    };
    return {
        async authenticate(given) {
            const input = withWebSocketToken(given);
            const failures: string[] = [];
            for (const method of methods) {
                try {
                    const identity = await method.authenticate(input);
                    if (identity !== undefined) return withAuthenticatedGroup(identity);
                } catch (error) {
                    if (!(error instanceof CredentialError)) throw error;
                    failures.push(`${method.name}: ${withCauses(error)}`);
                }
            }
            if (failures.length === 0 && showsToken(input)) failures.push('invalid bearer token');
            if (failures.length === 0) return undefined;
            report(failures);
            throw statusErrors.unauthorized();
        },
        async review(token, wanted, tokenReport) {
            const implicit = wanted.filter((audience) => audiences.includes(audience));
            const failures: string[] = [];
            for (const method of methods) {
                try {
                    const found = await reviewWith(method, { token, wanted, implicit, report: tokenReport });
                    if (found === undefined) continue;
                    return { ...found, identity: withAuthenticatedGroup(found.identity) };
                } catch (error) {
                    if (!(error instanceof CredentialError)) throw error;
                    failures.push(error.message);
                }
            }
            throw new TokenRejected(failures.length === 0 ? 'invalid bearer token' : joinProblems(failures));
        },
    };
}

export interface UnionOptions {
    log: Logger;
    clock: Clock;
    /** Of the API server: what tokens are for whose method knows of none. */
    audiences?: readonly string[];
}

interface TokenQuestion {
    token: string;
    wanted: readonly string[];
    /** Those of `wanted` that are the API server's. */
    implicit: readonly string[];
    report: TokenReport | undefined;
}

async function reviewWith(
    method: AuthenticationMethod,
    { token, wanted, implicit, report }: TokenQuestion,
): Promise<ReviewedToken | undefined> {
    if (method.authenticateFor !== undefined) return await method.authenticateFor(token, wanted, report);
    if (implicit.length === 0) return undefined;
    const identity = await method.authenticate({
        authorization: `Bearer ${token}`,
        peerCertificate: undefined,
        headers: {},
        ...(report === undefined ? {} : { report }),
    });
    return identity === undefined ? undefined : { identity, audiences: implicit };
}

/** The message and those of its causes, which say what could not be reached. */
function withCauses(error: Error): string {
    const { cause } = error;
    return cause instanceof Error && cause.message !== error.message
        ? `${error.message}: ${withCauses(cause)}`
        : error.message;
}

function withWebSocketToken(input: AuthenticationInput): AuthenticationInput {
    const authorization = input.authorization ?? webSocketAuthorization(input.headers);
    return { ...input, authorization };
}

function showsToken({ authorization }: AuthenticationInput): boolean {
    return authorization === unusableAuthorization || bearerToken(authorization) !== undefined;
}

const authenticated = 'system:authenticated';

function withAuthenticatedGroup(identity: Identity): Identity {
    const { groups } = identity;
    if (groups.includes(authenticated) || groups.includes('system:unauthenticated')) return identity;
    return { ...identity, groups: [...groups, authenticated] };
}

/** The token of "Bearer <token>"; undefined for an absent, other or empty one. */
export function bearerToken(authorization: string | undefined): string | undefined {
    const match = /^bearer +(\S+) *$/i.exec(authorization?.trim() ?? '');
    return match?.[1];
}
