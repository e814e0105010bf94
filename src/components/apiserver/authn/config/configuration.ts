/** AuthenticationConfiguration (apiserver.config.k8s.io/v1); what a file leaves out is empty. */
export interface AuthenticationConfiguration {
    jwt: readonly JwtConfiguration[];
    /** Absent: --anonymous-auth says it. */
    anonymous: AnonymousConfiguration | undefined;
}

export interface AnonymousConfiguration {
    enabled: boolean;
    /** None: every path. */
    conditions: readonly { path: string }[];
}

/** One issuer of tokens, and whom its tokens are about. */
export interface JwtConfiguration {
    issuer: IssuerConfiguration;
    claimValidationRules: readonly ClaimValidationRule[];
    claimMappings: ClaimMappings;
    userValidationRules: readonly UserValidationRule[];
}

export interface IssuerConfiguration {
    url: string;
    /** Of the discovery document itself; empty: below `url`. */
    discoveryURL: string;
    /** PEM bundle; empty: the system's authorities. */
    certificateAuthority: string;
    audiences: readonly string[];
    audienceMatchPolicy: string;
    egressSelectorType: string;
}

export interface ClaimValidationRule {
    claim: string;
    requiredValue: string;
    expression: string;
    message: string;
}

export interface PrefixedClaimOrExpression {
    claim: string;
    prefix: string | undefined;
    expression: string;
}

export interface ClaimMappings {
    username: PrefixedClaimOrExpression;
    groups: PrefixedClaimOrExpression;
    uid: { claim: string; expression: string };
    extra: readonly ExtraMapping[];
}

export interface ExtraMapping {
    key: string;
    valueExpression: string;
}

export interface UserValidationRule {
    expression: string;
    message: string;
}

export const noMapping: PrefixedClaimOrExpression = { claim: '', prefix: undefined, expression: '' };
