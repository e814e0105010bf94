import { readFile } from 'node:fs/promises';
import { loadKubeconfig } from '../../client/kubeconfig.ts';
import {
    audiencesOf,
    type AuthOptions,
    type ServiceAccountOptions,
} from '../../components/apiserver/assembly/auth.ts';
import type { AuthenticatorOptions } from '../../components/apiserver/authn/authenticator.ts';
import { WebhookClient } from '../../components/apiserver/authn/webhook-client.ts';
import { AbacAuthorizer } from '../../components/apiserver/authz/abac-authorizer.ts';
import { type AuthorizationMode, authorizationModes } from '../../components/apiserver/authz/authorizer.ts';
import { WebhookAuthorizer } from '../../components/apiserver/authz/webhook-authorizer.ts';
import type { RequestHeaderOptions } from '../../components/apiserver/bootstrap/system-objects.ts';
import { systemClock } from '../../util/clock.ts';
import type { Logger } from '../../util/logger.ts';
import type { FlagValues } from '../flags.ts';
import type { sharedAuthFlags } from '../flag-sets/auth-flags.ts';
import { FlagError } from './flag-error.ts';

type Flags = FlagValues<typeof sharedAuthFlags>;

export interface AuthSetup {
    flags: Flags;
    logger: Logger;
    /** PEM bundles and keys. */
    material: {
        clientCa: string;
        requestHeaderCa: string;
        serviceAccountPublicKey: string;
        serviceAccountPrivateKey: string;
    };
    requestHeader: RequestHeaderOptions;
    /** A further line for --token-auth-file. */
    staticToken: string;
}

/** What the flags say of authentication and authorization. Reads the files that they name. */
export async function authOptions(setup: AuthSetup): Promise<AuthOptions> {
    const serviceAccounts = serviceAccountOptions(setup);
    return {
        serviceAccounts,
        authentication: await authenticationOptions(setup, audiencesOf(serviceAccounts)),
        authorization: await authorizationOptions(setup),
    };
}

function serviceAccountOptions({ flags, material }: AuthSetup): ServiceAccountOptions {
    const issuers = flags['service-account-issuer'].split(',').filter((text) => text !== '');
    if (issuers.length === 0) throw new FlagError('--service-account-issuer must not be empty');
    return {
        issuers,
        audiences: flags['api-audiences'],
        publicKeys: material.serviceAccountPublicKey,
        privateKey: material.serviceAccountPrivateKey,
        jwksUri: flags['service-account-jwks-uri'],
        extendExpiration: flags['service-account-extend-token-expiration'],
        tokenLifetimeMaxSeconds: Math.floor(flags['service-account-max-token-expiration'] / 1000),
    };
}

async function authenticationOptions(
    setup: AuthSetup,
    audiences: readonly string[],
): Promise<AuthOptions['authentication']> {
    const { flags, material } = setup;
    const webhookFile = flags['authentication-token-webhook-config-file'];
    const { 'anonymous-auth': anonymous } = flags;
    return {
        ...(anonymous === undefined ? {} : { anonymous }),
        clientCa: material.clientCa,
        requestHeader: { ca: material.requestHeaderCa, ...setup.requestHeader },
        tokenFile: [(await readText(flags, 'token-auth-file')).trimEnd(), setup.staticToken].join('\n'),
        bootstrapTokens: flags['enable-bootstrap-token-auth'],
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
    };
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

async function authorizationOptions({ flags, logger }: AuthSetup): Promise<AuthOptions['authorization']> {
    const modes = modesOf(flags['authorization-mode']);
    const options: AuthOptions['authorization'] = { modes };
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
