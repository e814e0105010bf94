import { Command } from 'commander';
import { readFile } from 'node:fs/promises';
import type { Client } from '../client/client.ts';
import { createHttpTransport } from '../client/http-transport.ts';
import { clientVersion } from '../client/user-agent.ts';
import { createClient } from '../client/rest-client.ts';
import { clientConfig } from './component-client.ts';
import { startElected } from './elected.ts';
import { addFlags, type FlagValues, readFlags } from './flags.ts';
import { controllerFlags } from './flag-sets/controller-flags.ts';
import { loggerFor, runUntilSignal } from './run.ts';

type Flags = FlagValues<typeof controllerFlags>;

export function controllerCommand(): Command {
    const command = new Command('controller')
        .alias('controller-manager')
        .description('the controllers: Deployments, Jobs, endpoints, namespaces, garbage collection, …');
    return addFlags(command, controllerFlags).action(async () => {
        const flags = await readFlags(command, controllerFlags);
        const logger = loggerFor(flags.v).child({ component: 'controller-manager' });
        const config = await clientConfig(flags);
        const client = createClient(
            createHttpTransport(config, { userAgent: clientVersion('kube-controller-manager') }),
        );
        const { createControllerManager } = await import('./components/controller-manager.ts');
        await runUntilSignal(logger, async (lifecycle) => {
            lifecycle.add({
                stop: () => {
                    client.close();
                },
            });
            const options = await managerOptions(flags);
            const { serviceAccountClients } = await import('./service-account-clients.ts');
            const clientFor: (serviceAccount: string) => Client = flags['use-service-account-credentials']
                ? serviceAccountClients(client, config, lifecycle)
                : () => client;
            const start = async () =>
                await createControllerManager({
                    client,
                    clientFor,
                    logger,
                    enabled: flags.controllers,
                    options,
                });
            await startElected(lifecycle, { client, flags, logger, start });
        });
    });
}

async function managerOptions(flags: Flags) {
    const text = async (file: string): Promise<string | undefined> =>
        file === '' ? undefined : await readFile(file, 'utf8');
    const [certificate, key] = [
        await text(flags['cluster-signing-cert-file']),
        await text(flags['cluster-signing-key-file']),
    ];
    return {
        clusterCidr: flags['allocate-node-cidrs'] ? flags['cluster-cidr'] : undefined,
        nodeCidrMaskSize: flags['node-cidr-mask-size'],
        serviceAccountKey: await text(flags['service-account-private-key-file']),
        rootCa: await text(flags['root-ca-file']),
        clusterSigning: certificate === undefined || key === undefined ? undefined : { certificate, key },
    };
}
