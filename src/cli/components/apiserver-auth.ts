import { readFile } from 'node:fs/promises';
import type { Client } from '../../client/client.ts';
import { loadKubeconfig } from '../../client/kubeconfig.ts';
import { secrets } from '../../client/resource-type.ts';
import {
    type AuthenticatorOptions,
    createAuthenticator,
} from '../../components/apiserver/authn/authenticator.ts';
import { CertificatePool } from '../../components/apiserver/authn/certificate-pool.ts';
import type { Authenticator } from '../../components/apiserver/authn/method.ts';
import { ServiceAccountTokens } from '../../components/apiserver/authn/service-account.ts';
import { WebhookClient } from '../../components/apiserver/authn/webhook-client.ts';
import { AbacAuthorizer } from '../../components/apiserver/authz/abac-authorizer.ts';
import {
    type AuthorizationMode,
    authorizationModes,
    type AuthorizerOptions,
    type ClusterAuthorizer,
    createAuthorizer,
} from '../../components/apiserver/authz/authorizer.ts';
import { WebhookAuthorizer } from '../../components/apiserver/authz/webhook-authorizer.ts';
import type { ResourceHandler, NonResourceRoute } from '../../components/apiserver/extensions.ts';
import type { ObjectReader } from '../../components/apiserver/object-reader.ts';
import { reviewHandlers } from '../../components/apiserver/review/handlers.ts';
import { issuerDiscoveryRoutes } from '../../components/apiserver/review/issuer-discovery.ts';
import { loadSigningKey, loadVerifyingKeys } from '../../pki/service-account-token.ts';
import { systemClock } from '../../util/clock.ts';
import type { Lifecycle } from '../../util/lifecycle.ts';
import type { Logger } from '../../util/logger.ts';
import type { FlagValues } from '../flags.ts';
import type { sharedAuthFlags } from '../flag-sets/auth-flags.ts';
import { FlagError } from './flag-error.ts';

type Flags = FlagValues<typeof sharedAuthFlags>;

export interface AuthSetup {
    flags: Flags;
    logger: Logger;
    reader: ObjectReader;
    /** PEM bundles and keys. */
    material: {
        clientCa: string;
        requestHeaderCa: string;
        serviceAccountPublicKey: string;
        serviceAccountPrivateKey: string;
    };
    requestHeader: Omit<NonNullable<AuthenticatorOptions['requestHeader']>, 'ca'>;
    /** A further line for --token-auth-file. */
    staticToken: string;
    /** Told how many seconds the client certificate of each request is still valid. */
    onClientCertificate: (secondsLeft: number) => void;
    /** As system:apiserver; only called once the server runs. */
    client: () => Client;
    /** "192.168.1.10:6443": where clients find this server. */
    address: () => string;
}

/** How the API server knows who asks and what they may do, and answers questions about both. */
export interface Auth {
    authenticator: Authenticator;
    authorizer: ClusterAuthorizer;
    resources: ResourceHandler[];
    routes: NonResourceRoute[];
    /** Replaces the authorities of clients and front proxies, PEM bundles. Throws for one without a certificate. */
    trust(bundles: { clientCa: string; requestHeaderCa: string }): void;
}

interface Pools {
    clients: CertificatePool;
    frontProxies: CertificatePool;
}

export async function createAuth(setup: AuthSetup, lifecycle: Lifecycle): Promise<Auth> {
    const { flags, material, reader } = setup;
    const issuers = flags['service-account-issuer'].split(',').filter((text) => text !== '');
    const [issuer] = issuers;
    if (issuer === undefined) throw new FlagError('--service-account-issuer must not be empty');
    const audiences = flags['api-audiences'].length > 0 ? flags['api-audiences'] : issuers;
    const keys = loadVerifyingKeys(material.serviceAccountPublicKey);
    const tokens = new ServiceAccountTokens({
        keys,
        issuers,
        audiences,
        reader,
        clock: systemClock,
        markUsed: (secret, label) => {
            markUsed(setup, secret, label);
        },
    });
    const authorizer = createAuthorizer(await authorizerOptions(setup));
    lifecycle.add({
        stop: () => {
            authorizer.stop();
        },
    });
    const pools: Pools = {
        clients: new CertificatePool(material.clientCa),
        frontProxies: new CertificatePool(material.requestHeaderCa),
    };
    const authenticator = await authenticatorOf(setup, { tokens, audiences, pools });
    return {
        trust: ({ clientCa, requestHeaderCa }) => {
            pools.clients.replace(clientCa);
            pools.frontProxies.replace(requestHeaderCa);
        },
        authenticator,
        authorizer,
        resources: reviewHandlers({
            authenticator,
            authorizer,
            tokens,
            reader,
            clock: systemClock,
            signingKey: loadSigningKey(material.serviceAccountPrivateKey),
            issuer,
            audiences,
            extendExpiration: flags['service-account-extend-token-expiration'],
            tokenLifetimeMaxSeconds: Math.floor(flags['service-account-max-token-expiration'] / 1000),
        }),
        routes: issuerDiscoveryRoutes({
            issuer,
            jwksUri: flags['service-account-jwks-uri'],
            address: setup.address,
            keys,
        }),
    };
}

/** Not waited for: the request whose token it is goes on. */
function markUsed(
    { client, logger }: AuthSetup,
    secret: { namespace: string; name: string },
    label: { name: string; value: string },
): void {
    const body = { metadata: { labels: { [label.name]: label.value } } };
    client()
        .resource(secrets)
        .patch(secret, { type: 'merge', body })
        .catch((error: unknown) => {
            logger.debug({ err: error, secret }, 'the use of a token could not be written down');
        });
}

async function authenticatorOf(
    setup: AuthSetup,
    {
        tokens,
        audiences,
        pools,
    }: { tokens: ServiceAccountTokens; audiences: readonly string[]; pools: Pools },
): Promise<Authenticator> {
    const { flags } = setup;
    const webhookFile = flags['authentication-token-webhook-config-file'];
    const { 'anonymous-auth': anonymous } = flags;
    return createAuthenticator({
        log: setup.logger,
        ...(anonymous === undefined ? {} : { anonymous }),
        clientCa: pools.clients,
        onClientCertificate: setup.onClientCertificate,
        serviceAccounts: tokens,
        requestHeader: { ca: pools.frontProxies, ...setup.requestHeader },
        tokenFile: [(await readText(flags, 'token-auth-file')).trimEnd(), setup.staticToken].join('\n'),
        ...(flags['enable-bootstrap-token-auth'] ? { bootstrapTokens: setup.reader } : {}),
        ...(flags['oidc-issuer-url'] === '' ? {} : { oidc: await oidcOptions(flags) }),
        ...(webhookFile === ''
            ? {}
            : {
                  webhook: {
                      client: new WebhookClient(await loadKubeconfig(webhookFile)),
                      version: flags['authentication-token-webhook-version'],
                      cacheTtlMs: flags['authentication-token-webhook-cache-ttl'],
                      audiences,
                  },
              }),
    });
}

async function oidcOptions(flags: Flags): Promise<NonNullable<AuthenticatorOptions['oidc']>> {
    const ca = await readText(flags, 'oidc-ca-file');
    return {
        issuer: flags['oidc-issuer-url'],
        clientId: flags['oidc-client-id'],
        usernameClaim: flags['oidc-username-claim'],
        usernamePrefix: flags['oidc-username-prefix'],
        groupsClaim: flags['oidc-groups-claim'],
        groupsPrefix: flags['oidc-groups-prefix'],
        requiredClaims: flags['oidc-required-claim'],
        signingAlgorithms: flags['oidc-signing-algs'],
        ...(ca === '' ? {} : { ca }),
    };
}

async function authorizerOptions({ flags, reader, logger }: AuthSetup): Promise<AuthorizerOptions> {
    const modes = modesOf(flags['authorization-mode']);
    const options: AuthorizerOptions = { reader, modes };
    if (modes.includes('ABAC')) {
        if (flags['authorization-policy-file'] === '') {
            throw new FlagError("--authorization-mode ABAC's authorization policy file not passed");
        }
        options.abac = new AbacAuthorizer(await readText(flags, 'authorization-policy-file'));
    }
    if (modes.includes('Webhook')) {
        const file = flags['authorization-webhook-config-file'];
        if (file === '') {
            throw new FlagError("--authorization-mode Webhook's authorization config file not passed");
        }
        options.webhook = new WebhookAuthorizer({
            client: new WebhookClient(await loadKubeconfig(file)),
            version: flags['authorization-webhook-version'],
            authorizedTtlMs: flags['authorization-webhook-cache-authorized-ttl'],
            unauthorizedTtlMs: flags['authorization-webhook-cache-unauthorized-ttl'],
            clock: systemClock,
            log: logger,
        });
    }
    return options;
}

function modesOf(names: readonly string[]): AuthorizationMode[] {
    const modes = names.map((name) => {
        const mode = authorizationModes.find((known) => known === name);
        if (mode === undefined)
            throw new FlagError(
                `--authorization-mode: unknown mode "${name}", expected ${authorizationModes.join(', ')}`,
            );
        return mode;
    });
    if (modes.length === 0) throw new FlagError('--authorization-mode: at least one must be given');
    const twice = modes.find((mode, index) => modes.indexOf(mode) !== index);
    if (twice !== undefined) throw new FlagError(`--authorization-mode: ${twice} is given more than once`);
    return modes;
}

type FileFlag = 'token-auth-file' | 'oidc-ca-file' | 'authorization-policy-file';

async function readText(flags: Flags, name: FileFlag): Promise<string> {
    const file = flags[name];
    if (file === '') return '';
    try {
        return await readFile(file, 'utf8');
    } catch (error) {
        throw new FlagError(`--${name}: cannot read ${file}`, { cause: error });
    }
}
