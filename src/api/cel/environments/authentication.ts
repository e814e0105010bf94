import type { CelEnvironment, CelType } from '../cel.ts';

/** What expressions of an AuthenticationConfiguration may name (k8s.io/apiserver, authentication/cel). */

const string: CelType = { kind: 'string' };
const strings: CelType = { kind: 'list', of: string };
const bool: CelType = { kind: 'bool' };

const claims: CelType = { kind: 'map', keys: string, of: { kind: 'dyn' } };
const user: CelType = {
    kind: 'object',
    name: 'kubernetes.UserInfo',
    fields: {
        username: string,
        uid: string,
        groups: strings,
        extra: { kind: 'map', keys: string, of: strings },
    },
};

/** `claims` of a token, for mappings: what comes out is checked when it does. */
export const claimsEnvironment: CelEnvironment = { variables: { claims } };
/** The same for rules. */
export const claimRuleEnvironment: CelEnvironment = { variables: { claims }, result: bool };
/** `user`: whom the mappings have made. */
export const userRuleEnvironment: CelEnvironment = { variables: { user }, result: bool };
