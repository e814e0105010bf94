import { loadKubeconfig } from '../../client/kubeconfig.ts';
import type { AuthOptions } from '../../components/apiserver/assembly/auth.ts';
import { loadCelCompiler } from '../../components/apiserver/assembly/cel.ts';
import { AbacAuthorizer } from '../../components/apiserver/authz/abac-authorizer.ts';
import { AuthorizationMetrics } from '../../components/apiserver/authz/authorization-metrics.ts';
import { type AuthorizationMode, authorizationModes } from '../../components/apiserver/authz/authorizer.ts';
import { loadAuthorizationConfiguration } from '../../components/apiserver/authz/config/validate.ts';
import { modesOfConfiguration } from '../../components/apiserver/authz/config/webhooks.ts';
import { WebhookAuthorizer } from '../../components/apiserver/authz/webhook-authorizer.ts';
import { followConfiguration } from '../../components/apiserver/configuration/follow-configuration.ts';
import { ReloadMetrics } from '../../components/apiserver/configuration/reload-metrics.ts';
import { KubeconfigWebhook } from '../../components/apiserver/webhook/kubeconfig-webhook.ts';
import { systemClock } from '../../util/clock.ts';
import type { Logger } from '../../util/logger.ts';
import type { FlagValues } from '../flags.ts';
import { sharedAuthFlags } from '../flag-sets/auth-flags.ts';
import { FlagError } from './flag-error.ts';
import { flagErrorOf, isGiven, readFlagFile } from './given-flags.ts';

type Flags = FlagValues<typeof sharedAuthFlags>;
type AuthorizationOptions = AuthOptions['authorization'];

export interface AuthorizationSetup {
    flags: Flags;
    logger: Logger;
}

/** What --authorization-config, or the flags that it replaces, say. Rejects with a FlagError. */
export async function authorizationOptions(setup: AuthorizationSetup): Promise<AuthorizationOptions> {
    return setup.flags['authorization-config'] === '' ? await byFlags(setup) : await byFile(setup);
}

const replacedFlags = [
    'authorization-mode',
    'authorization-webhook-config-file',
    'authorization-webhook-version',
    'authorization-webhook-cache-authorized-ttl',
    'authorization-webhook-cache-unauthorized-ttl',
] as const;

async function byFile({ flags, logger }: AuthorizationSetup): Promise<AuthorizationOptions> {
    if (replacedFlags.some((name) => isGiven(sharedAuthFlags, flags, name))) {
        throw new FlagError(
            '--authorization-config can not be specified when --authorization-mode or --authorization-webhook-* flags are defined',
        );
    }
    const file = flags['authorization-config'];
    const text = await readFlagFile(flags, 'authorization-config');
    const metrics = new AuthorizationMetrics();
    const reloads = new ReloadMetrics('authorization');
    const parts = { loadCompiler: loadCelCompiler, metrics, log: logger };
    try {
        const configuration = await loadAuthorizationConfiguration(text, { loadCompiler: loadCelCompiler });
        const types = configuration.authorizers.map(({ type }) => type);
        const requiredTypes = types.filter((type) => type !== 'Webhook');
        return {
            modes: await modesOfConfiguration(configuration, parts),
            ...(types.includes('ABAC') ? { abac: await abacOf(flags) } : {}),
            metrics,
            reloads: () => reloads.metrics(),
            follow: (authorizer) =>
                followConfiguration({
                    file,
                    text,
                    metrics: reloads,
                    logger,
                    load: async (next) =>
                        await loadAuthorizationConfiguration(next, {
                            loadCompiler: loadCelCompiler,
                            requiredTypes,
                        }),
                    apply: async (next) => {
                        authorizer.reconfigure(await modesOfConfiguration(next, parts));
                    },
                }),
        };
    } catch (error) {
        throw flagErrorOf('--authorization-config', error);
    }
}

async function byFlags({ flags, logger }: AuthorizationSetup): Promise<AuthorizationOptions> {
    const modes = modesOf(flags['authorization-mode']);
    const metrics = new AuthorizationMetrics();
    const options: AuthorizationOptions = { modes, metrics };
    if (modes.includes('ABAC')) options.abac = await abacOf(flags);
    if (modes.includes('Webhook')) {
        const file = flags['authorization-webhook-config-file'];
        if (file === '') {
            throw new FlagError("--authorization-mode Webhook's authorization config file not passed");
        }
        options.webhook = new WebhookAuthorizer({
            client: new KubeconfigWebhook(await loadKubeconfig(file)),
            version: flags['authorization-webhook-version'],
            authorizedTtlMs: flags['authorization-webhook-cache-authorized-ttl'],
            unauthorizedTtlMs: flags['authorization-webhook-cache-unauthorized-ttl'],
            clock: systemClock,
            log: logger,
            metrics,
        });
    }
    return options;
}

async function abacOf(flags: Flags): Promise<AbacAuthorizer> {
    if (flags['authorization-policy-file'] === '') {
        throw new FlagError("--authorization-mode ABAC's authorization policy file not passed");
    }
    return new AbacAuthorizer(await readFlagFile(flags, 'authorization-policy-file'));
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
