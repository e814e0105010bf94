import { Command } from 'commander';
import { readFile } from 'node:fs/promises';
import { clientFromFlags } from './component-client.ts';
import { addFlags, type FlagValues, readFlags } from './flags.ts';
import { kubeletFlags } from './flag-sets/kubelet-flags.ts';
import { defaultNodeIp, hostName } from './host.ts';
import { loggerFor, runUntilSignal } from './run.ts';

const defaultRootDirectory = '/var/lib/kubelet';

export function kubeletCommand(): Command {
    const command = new Command('kubelet').description('runs the pods of this node in Docker');
    return addFlags(command, kubeletFlags).action(async () => {
        const flags = await readFlags(command, kubeletFlags);
        const logger = loggerFor(flags.v).child({ component: 'kubelet' });
        const { createKubelet } = await import('./components/kubelet.ts');
        await runUntilSignal(logger, async (lifecycle) => {
            const client =
                flags.kubeconfig === ''
                    ? undefined
                    : await clientFromFlags({ ...flags, master: '' }, 'kubelet');
            lifecycle.add({
                stop: () => {
                    client?.close();
                },
            });
            lifecycle.add(
                await createKubelet({
                    flags,
                    client,
                    nodeName: flags['hostname-override'] || hostName(),
                    nodeIp: flags['node-ip'] || defaultNodeIp(),
                    registerNode: flags['register-node'],
                    clusterDomain: flags['cluster-domain'],
                    clusterCidr: flags['cluster-cidr'],
                    rootDirectory: flags['root-dir'] || defaultRootDirectory,
                    tls: await servingTls(flags),
                    logger,
                }),
            );
        });
    });
}

async function servingTls(
    flags: FlagValues<typeof kubeletFlags>,
): Promise<{ cert: string; key: string; clientCa: string } | undefined> {
    const files = [flags['tls-cert-file'], flags['tls-private-key-file'], flags['client-ca-file']];
    if (files.every((file) => file === '')) return undefined;
    if (files.includes(''))
        throw new TypeError(
            '--tls-cert-file, --tls-private-key-file and --client-ca-file must be given together',
        );
    const [cert = '', key = '', clientCa = ''] = await Promise.all(
        files.map(async (file) => await readFile(file, 'utf8')),
    );
    return { cert, key, clientCa };
}
