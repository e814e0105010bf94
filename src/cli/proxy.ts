import { Command } from 'commander';
import { clientFromFlags } from './component-client.ts';
import { addFlags, readFlags } from './flags.ts';
import { proxyFlags } from './flag-sets/proxy-flags.ts';
import { hostName } from './host.ts';
import { loggerFor, runUntilSignal } from './run.ts';

export function proxyCommand(): Command {
    const command = new Command('proxy').description('turns Services into iptables rules of this node');
    return addFlags(command, proxyFlags).action(async () => {
        const flags = await readFlags(command, proxyFlags);
        const logger = loggerFor(flags.v).child({ component: 'proxy' });
        if (flags.cleanup) {
            const { cleanupRules } = await import('../components/proxy/proxy.ts');
            await cleanupRules(logger);
            return;
        }
        const client = await clientFromFlags(flags, 'kube-proxy');
        const { createProxy } = await import('./components/proxy.ts');
        await runUntilSignal(logger, async (lifecycle) => {
            lifecycle.add({
                stop: () => {
                    client.close();
                },
            });
            const nodeName = flags['hostname-override'] || hostName();
            lifecycle.add(
                await createProxy({ client, logger, nodeName, clusterCidr: flags['cluster-cidr'], flags }),
            );
        });
    });
}
