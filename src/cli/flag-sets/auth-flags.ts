import { flag } from '../flags.ts';

const minuteMs = 60_000;

/** Who may do what: flags that also make sense where all components run in one process. */
export const sharedAuthFlags = {
    'authorization-mode': flag.list(
        'authorizers, in order: Node, RBAC, ABAC, Webhook, AlwaysAllow, AlwaysDeny',
        ['Node', 'RBAC'],
    ),
    'authorization-config': flag.string(
        'AuthorizationConfiguration: authorizers in order, any number of webhooks among them; instead of --authorization-mode and --authorization-webhook-*; read again when it changes',
        '',
        'file',
    ),
    'authorization-policy-file': flag.string(
        'policies of the authorizer ABAC, a JSON object a line',
        '',
        'file',
    ),
    'authorization-webhook-config-file': flag.string(
        'kubeconfig of the server that the authorizer Webhook asks',
        '',
        'file',
    ),
    'authorization-webhook-version': flag.oneOf(
        'version of the SubjectAccessReviews sent to it',
        ['v1beta1', 'v1'],
        'v1beta1',
    ),
    'authorization-webhook-cache-authorized-ttl': flag.duration(
        'how long it is remembered that it allowed something',
        5 * minuteMs,
    ),
    'authorization-webhook-cache-unauthorized-ttl': flag.duration(
        'how long it is remembered that it did not',
        minuteMs / 2,
    ),
    'authentication-config': flag.string(
        'AuthenticationConfiguration: issuers of tokens, and where requests may be anonymous; instead of --oidc-*; read again when it changes',
        '',
        'file',
    ),
    'anonymous-auth': flag.optionalBoolean(
        'let requests without credentials through to authorization as system:anonymous; default: only those for health and version',
    ),
    'token-auth-file': flag.string('CSV file of static tokens: token,user,uid,"group1,group2"', '', 'file'),
    'enable-bootstrap-token-auth': flag.boolean(
        'take tokens of Secrets of type bootstrap.kubernetes.io/token in kube-system',
    ),
    'service-account-issuer': flag.joined(
        'issuer of service-account tokens; given several times, the first signs and all are accepted',
        'https://kubernetes.default.svc.cluster.local',
    ),
    'service-account-jwks-uri': flag.string(
        'where the discovery document says that the keys are; default: this server',
        '',
        'url',
    ),
    'service-account-max-token-expiration': flag.duration(
        'longest lifetime of a requested token; 0 for no limit',
        0,
    ),
    'service-account-extend-token-expiration': flag.boolean(
        'let the tokens that pods get by themselves live a year, for clients that do not read them again',
        true,
    ),
    'api-audiences': flag.list('audiences of tokens; default: the issuer'),
    'oidc-issuer-url': flag.string('OpenID Connect issuer whose ID tokens are taken', '', 'url'),
    'oidc-client-id': flag.string('client for which those tokens have to be'),
    'oidc-ca-file': flag.string("CA of the issuer's server; default: the system's", '', 'file'),
    'oidc-username-claim': flag.string('claim with the user', 'sub'),
    'oidc-username-prefix': flag.string('what is put before the user; "-" for nothing'),
    'oidc-groups-claim': flag.string('claim with the groups'),
    'oidc-groups-prefix': flag.string('what is put before each group'),
    'oidc-required-claim': flag.map('claims that a token must have'),
    'oidc-signing-algs': flag.list('algorithms that a token may be signed with', ['RS256']),
    'authentication-token-webhook-config-file': flag.string(
        'kubeconfig of a server that is asked whose a token is',
        '',
        'file',
    ),
    'authentication-token-webhook-version': flag.oneOf(
        'version of the TokenReviews sent to it',
        ['v1beta1', 'v1'],
        'v1beta1',
    ),
    'authentication-token-webhook-cache-ttl': flag.duration(
        'how long its answers are remembered',
        2 * minuteMs,
    ),
} as const;

/** Those of an API server on its own. */
export const authFlags = {
    'service-account-key-file': flag.list('public keys for service-account tokens, files'),
    'requestheader-client-ca-file': flag.string('CA of front proxies', '', 'file'),
    'requestheader-allowed-names': flag.list('common names of front proxies; empty for any'),
    'requestheader-username-headers': flag.list('headers with the user', ['X-Remote-User']),
    'requestheader-uid-headers': flag.list("headers with the user's uid", ['X-Remote-Uid']),
    'requestheader-group-headers': flag.list('headers with groups', ['X-Remote-Group']),
    'requestheader-extra-headers-prefix': flag.list('prefixes of headers with extras', ['X-Remote-Extra-']),
} as const;
