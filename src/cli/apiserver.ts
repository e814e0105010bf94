import { Command } from 'commander';
import { addFlags, readFlags } from './flags.ts';
import { apiserverFlags } from './flag-sets/apiserver-flags.ts';
import { defaultNodeIp, hostName } from './host.ts';
import { loggerFor, runUntilSignal } from './run.ts';

export function apiserverCommand(): Command {
    const command = new Command('apiserver').description('the Kubernetes API over the embedded store');
    return addFlags(command, apiserverFlags).action(async () => {
        const flags = await readFlags(command, apiserverFlags);
        const logger = loggerFor(flags.v);
        const { startApiServer } = await import('./components/apiserver.ts');
        await runUntilSignal(logger, async (lifecycle) => {
            const running = await startApiServer(
                {
                    flags,
                    files: flags,
                    requestHeader: {
                        allowedNames: flags['requestheader-allowed-names'],
                        usernameHeaders: flags['requestheader-username-headers'],
                        uidHeaders: flags['requestheader-uid-headers'],
                        groupHeaders: flags['requestheader-group-headers'],
                        extraHeaderPrefixes: flags['requestheader-extra-headers-prefix'],
                    },
                    nodeName: hostName(),
                    nodeIp: flags['node-ip'] || defaultNodeIp(),
                    logger,
                },
                lifecycle,
            );
            await running.bootstrapped;
        });
    });
}
