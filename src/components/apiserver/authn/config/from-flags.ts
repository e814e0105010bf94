import { type AuthenticationConfiguration, noMapping } from './configuration.ts';

/** The --oidc-* flags. */
export interface OidcFlags {
    issuer: string;
    clientId: string;
    usernameClaim: string;
    /** "-": none; empty: the issuer and "#", unless the claim is "email". */
    usernamePrefix: string;
    /** Empty: tokens give no groups. */
    groupsClaim: string;
    groupsPrefix: string;
    requiredClaims: Readonly<Record<string, string>>;
    /** PEM bundle of the issuer's server; empty: the system's authorities. */
    ca: string;
}

/** The configuration that says what the flags do. */
export function configurationFromFlags(flags: OidcFlags): AuthenticationConfiguration {
    const { issuer, clientId, usernameClaim, groupsClaim, groupsPrefix, requiredClaims, ca } = flags;
    return {
        jwt: [
            {
                issuer: {
                    url: issuer,
                    discoveryURL: '',
                    certificateAuthority: ca,
                    audiences: [clientId],
                    audienceMatchPolicy: '',
                    egressSelectorType: '',
                },
                claimValidationRules: Object.entries(requiredClaims).map(([claim, requiredValue]) => ({
                    claim,
                    requiredValue,
                    expression: '',
                    message: '',
                })),
                claimMappings: {
                    username: { claim: usernameClaim, prefix: usernamePrefixOf(flags), expression: '' },
                    groups:
                        groupsClaim === ''
                            ? noMapping
                            : { claim: groupsClaim, prefix: groupsPrefix, expression: '' },
                    uid: { claim: '', expression: '' },
                    extra: [],
                },
                userValidationRules: [],
            },
        ],
        anonymous: undefined,
    };
}

function usernamePrefixOf({ usernamePrefix, usernameClaim, issuer }: OidcFlags): string {
    if (usernamePrefix === '-') return '';
    return usernamePrefix === '' && usernameClaim !== 'email' ? `${issuer}#` : usernamePrefix;
}
