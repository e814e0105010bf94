import { loadKubeconfig } from '../../client/kubeconfig.ts';
import {
    audiencesOf,
    type AuthOptions,
    type ServiceAccountOptions,
} from '../../components/apiserver/assembly/auth.ts';
import type { RequestHeaderOptions } from '../../components/apiserver/bootstrap/system-objects.ts';
import { KubeconfigWebhook } from '../../components/apiserver/webhook/kubeconfig-webhook.ts';
import type { Logger } from '../../util/logger.ts';
import type { FlagValues } from '../flags.ts';
import type { sharedAuthFlags } from '../flag-sets/auth-flags.ts';
import { type Issuers, issuersOf } from './apiserver-authentication.ts';
import { authorizationOptions } from './apiserver-authorization.ts';
import { FlagError } from './flag-error.ts';
import { readFlagFile } from './given-flags.ts';

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
    const issuers = await issuersOf({ ...setup, serviceAccountIssuers: serviceAccounts.issuers });
    const { metrics, follow } = issuers;
    return {
        serviceAccounts,
        authentication: await authenticationOptions(setup, issuers, audiencesOf(serviceAccounts)),
        authorization: await authorizationOptions(setup),
        ...(metrics === undefined ? {} : { metrics }),
        ...(follow === undefined ? {} : { follow }),
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
    { anonymous, jwt }: Issuers,
    audiences: readonly string[],
): Promise<AuthOptions['authentication']> {
    const { flags, material } = setup;
    const webhookFile = flags['authentication-token-webhook-config-file'];
    return {
        ...(anonymous === undefined ? {} : { anonymous }),
        clientCa: material.clientCa,
        requestHeader: { ca: material.requestHeaderCa, ...setup.requestHeader },
        tokenFile: [(await readFlagFile(flags, 'token-auth-file')).trimEnd(), setup.staticToken].join('\n'),
        bootstrapTokens: flags['enable-bootstrap-token-auth'],
        ...(jwt === undefined ? {} : { jwt }),
        ...(webhookFile === ''
            ? {}
            : {
                  webhook: {
                      client: new KubeconfigWebhook(await loadKubeconfig(webhookFile)),
                      version: flags['authentication-token-webhook-version'],
                      cacheTtlMs: flags['authentication-token-webhook-cache-ttl'],
                      audiences,
                  },
              }),
    };
}
