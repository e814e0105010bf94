import { isDeepStrictEqual } from 'node:util';
import { fieldErrors } from '../../api/meta/field-error.ts';
import { loadCelCompiler } from '../../components/apiserver/assembly/cel.ts';
import type { AnonymousPolicy } from '../../components/apiserver/authn/anonymous.ts';
import type {
    AnonymousConfiguration,
    AuthenticationConfiguration,
} from '../../components/apiserver/authn/config/configuration.ts';
import { decodeAuthenticationConfiguration } from '../../components/apiserver/authn/config/decode.ts';
import { configurationFromFlags } from '../../components/apiserver/authn/config/from-flags.ts';
import {
    requireNoErrors,
    validateAuthenticationConfiguration,
} from '../../components/apiserver/authn/config/validate.ts';
import { JwtAuthenticators } from '../../components/apiserver/authn/jwt/jwt-authenticators.ts';
import { followConfiguration } from '../../components/apiserver/configuration/follow-configuration.ts';
import { ReloadMetrics } from '../../components/apiserver/configuration/reload-metrics.ts';
import { type SignatureAlgorithm, signatureAlgorithms } from '../../pki/json-web-token.ts';
import type { Metric } from '../../store/etcd/server/http/metric.ts';
import type { Stoppable } from '../../util/lifecycle.ts';
import type { Logger } from '../../util/logger.ts';
import type { FlagValues } from '../flags.ts';
import { sharedAuthFlags } from '../flag-sets/auth-flags.ts';
import { FlagError } from './flag-error.ts';
import { flagErrorOf, isGiven, readFlagFile } from './given-flags.ts';

type Flags = FlagValues<typeof sharedAuthFlags>;

export interface IssuersSetup {
    flags: Flags;
    logger: Logger;
    /** Of service-account tokens: no others may use their names. */
    serviceAccountIssuers: readonly string[];
}

/** Issuers of tokens, and who may be anonymous. */
export interface Issuers {
    anonymous?: AnonymousPolicy;
    jwt?: JwtAuthenticators;
    metrics?: () => Metric[];
    /** Takes over changes of the file. */
    follow?: () => Stoppable;
}

const oidcFlags = (Object.keys(sharedAuthFlags) as (keyof Flags)[]).filter((name) =>
    name.startsWith('oidc-'),
);

/** What --authentication-config, or the flags that it replaces, say. Rejects with a FlagError. */
export async function issuersOf(setup: IssuersSetup): Promise<Issuers> {
    const { flags } = setup;
    const hasOidc = oidcFlags.some((name) => isGiven(sharedAuthFlags, flags, name));
    if (flags['authentication-config'] !== '') {
        if (hasOidc) {
            throw new FlagError('authentication-config file and oidc-* flags are mutually exclusive');
        }
        return await asFlagError('--authentication-config', async () => await byFile(setup));
    }
    const { 'anonymous-auth': anonymous } = flags;
    const policy = anonymous === undefined ? {} : { anonymous };
    if (!hasOidc) return policy;
    if (flags['oidc-issuer-url'] === '' || flags['oidc-client-id'] === '') {
        throw new FlagError(
            'oidc-issuer-url and oidc-client-id must be specified together when any oidc-* flags are set',
        );
    }
    return { ...policy, ...(await asFlagError('--oidc-*', async () => await byFlags(setup))) };
}

async function asFlagError<T>(name: string, work: () => Promise<T>): Promise<T> {
    try {
        return await work();
    } catch (error) {
        throw flagErrorOf(name, error);
    }
}

async function byFlags(setup: IssuersSetup): Promise<Issuers> {
    const { flags } = setup;
    const configuration = configurationFromFlags({
        issuer: flags['oidc-issuer-url'],
        clientId: flags['oidc-client-id'],
        usernameClaim: flags['oidc-username-claim'],
        usernamePrefix: flags['oidc-username-prefix'],
        groupsClaim: flags['oidc-groups-claim'],
        groupsPrefix: flags['oidc-groups-prefix'],
        requiredClaims: flags['oidc-required-claim'],
        ca: await readFlagFile(flags, 'oidc-ca-file'),
    });
    await check(configuration, setup);
    const algorithms = flags['oidc-signing-algs'].map((name): SignatureAlgorithm => {
        const known = signatureAlgorithms.find((algorithm) => algorithm === name);
        if (known === undefined) throw new Error(`oidc: unsupported signing alg: ${JSON.stringify(name)}`);
        return known;
    });
    const jwt = new JwtAuthenticators({ loadCompiler: loadCelCompiler, algorithms });
    await jwt.configure(configuration.jwt);
    return { jwt, metrics: () => jwt.metrics() };
}

async function byFile(setup: IssuersSetup): Promise<Issuers> {
    const { flags, logger } = setup;
    const file = flags['authentication-config'];
    const text = await readFlagFile(flags, 'authentication-config');
    const configuration = await decodeAuthenticationConfiguration(text);
    const anonymous = anonymousOf(flags, configuration.anonymous);
    await check(configuration, setup);
    const jwt = new JwtAuthenticators({ loadCompiler: loadCelCompiler });
    await jwt.configure(configuration.jwt);
    const reloads = new ReloadMetrics('authentication');
    return {
        ...(anonymous === undefined ? {} : { anonymous }),
        jwt,
        metrics: () => [...jwt.metrics(), ...reloads.metrics()],
        follow: () =>
            followConfiguration({
                file,
                text,
                metrics: reloads,
                logger,
                load: async (next) => {
                    const changed = await decodeAuthenticationConfiguration(next);
                    await check(changed, setup, configuration);
                    return changed.jwt;
                },
                apply: async (next) => {
                    await jwt.reconfigure(next);
                },
            }),
    };
}

/** @param initial what the server was started with: who may be anonymous does not change while it runs */
async function check(
    configuration: AuthenticationConfiguration,
    { serviceAccountIssuers }: IssuersSetup,
    initial = configuration,
): Promise<void> {
    const errors = await validateAuthenticationConfiguration(configuration, {
        loadCompiler: loadCelCompiler,
        disallowedIssuers: serviceAccountIssuers,
    });
    if (!isDeepStrictEqual(configuration.anonymous, initial.anonymous)) {
        errors.push(fieldErrors.forbidden('anonymous', 'changed from initial configuration file'));
    }
    requireNoErrors(errors, 'invalid authentication configuration: ');
}

function anonymousOf(
    { 'anonymous-auth': flag }: Flags,
    configured: AnonymousConfiguration | undefined,
): AnonymousPolicy | undefined {
    if (configured === undefined) return flag;
    if (flag !== undefined) {
        const why =
            '--anonymous-auth flag cannot be set when anonymous field is configured in authentication configuration file';
        requireNoErrors([fieldErrors.forbidden('anonymous', why)], '');
    }
    const { enabled, conditions } = configured;
    return enabled && conditions.length > 0 ? { paths: conditions.map(({ path }) => path) } : enabled;
}
