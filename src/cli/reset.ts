import { Command } from 'commander';
import { execFile } from 'node:child_process';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Logger } from '../util/logger.ts';
import { addFlags, flag, type FlagValues, readFlags } from './flags.ts';
import { sharedApiserverFlags } from './flag-sets/apiserver-flags.ts';
import { commonFlags } from './flag-sets/common.ts';
import { sharedKubeletFlags } from './flag-sets/kubelet-flags.ts';
import { loggerFor } from './run.ts';

const execFileAsync = promisify(execFile);

const resetFlags = {
    ...commonFlags,
    'data-dir': sharedApiserverFlags['data-dir'],
    'config-dir': sharedApiserverFlags['config-dir'],
    'root-dir': sharedKubeletFlags['root-dir'],
    'container-runtime-endpoint': sharedKubeletFlags['container-runtime-endpoint'],
    'cni-bin-dir': sharedKubeletFlags['cni-bin-dir'],
    'cni-conf-dir': sharedKubeletFlags['cni-conf-dir'],
    'cni-bridge': sharedKubeletFlags['cni-bridge'],
    yes: flag.boolean('do not ask'),
} as const;
type Flags = FlagValues<typeof resetFlags>;

/** Files that a control plane writes below --config-dir; what else is there is the user's. */
const configFiles = [
    'pki',
    'admin.conf',
    'controller-manager.conf',
    'scheduler.conf',
    'kube-proxy.conf',
    'kubelet.conf',
];

export function resetCommand(): Command {
    const command = new Command('reset').description(
        'removes everything hyperkube made on this machine: containers, rules, interfaces, certificates, data',
    );
    return addFlags(command, resetFlags).action(async () => {
        const flags = await readFlags(command, resetFlags);
        const logger = loggerFor(flags.v);
        if (!flags.yes)
            throw new TypeError(
                `this deletes the cluster in ${flags['data-dir']} for good: run it again with --yes`,
            );
        await requireStopped(flags['data-dir']);
        const rootDirectory = flags['root-dir'] || join(flags['data-dir'], 'kubelet');
        await removePods(flags, rootDirectory, logger);
        const { cleanupRules } = await import('../components/proxy/proxy.ts');
        await cleanupRules(logger);
        const { removeBridgeRules } = await import('../components/kubelet/network/bridge-rules.ts');
        await removeBridgeRules(flags['cni-bridge']);
        await execFileAsync('ip', ['link', 'delete', flags['cni-bridge']]).catch(() => undefined);
        await unmountBelow(rootDirectory);
        await rm(rootDirectory, { recursive: true, force: true });
        await rm(flags['data-dir'], { recursive: true, force: true });
        for (const file of configFiles)
            await rm(join(flags['config-dir'], file), { recursive: true, force: true });
        logger.info({ dataDir: flags['data-dir'] }, 'removed');
    });
}

/** The store must not be in use: its owner would write on. */
async function requireStopped(dataDir: string): Promise<void> {
    const directory = join(dataDir, 'store');
    const exists = await readdir(directory).then(
        () => true,
        () => false,
    );
    if (!exists) return;
    const { openStore } = await import('../store/mvcc/open-store.ts');
    const { silentLogger } = await import('../util/logger.ts');
    const store = await openStore({ directory, logger: silentLogger() });
    await store.close();
}

/** Containers of this kubelet, and their networks. A Docker Engine that is away has none running. */
async function removePods(flags: Flags, rootDirectory: string, logger: Logger): Promise<void> {
    const { createDockerRuntime } = await import('../components/kubelet/runtime/docker-runtime.ts');
    const { CniNetwork } = await import('../components/kubelet/network/cni.ts');
    const network = new CniNetwork({
        logger,
        podCidrs: () => [],
        stateDirectory: join(rootDirectory, 'cni'),
        configDirectory: flags['cni-conf-dir'],
        pluginDirectories: flags['cni-bin-dir'],
        bridge: flags['cni-bridge'],
    });
    const runtime = await createDockerRuntime({
        host: flags['container-runtime-endpoint'],
        logger,
        network,
        rootDirectory,
    });
    try {
        const sandboxes = await runtime.listPodSandboxes();
        const containers = await runtime.listContainers();
        logger.info({ pods: sandboxes.length, containers: containers.length }, 'removing containers');
        await Promise.all(
            containers.map(async ({ id }) => {
                await runtime.stopContainer(id, 1);
            }),
        );
        for (const { id } of containers) await runtime.removeContainer(id);
        for (const { id } of sandboxes) {
            await runtime.stopPodSandbox(id);
            await runtime.removePodSandbox(id);
        }
        await network.collectGarbage(new Set());
    } finally {
        await runtime.close();
    }
}

/** Volumes in memory are mounts of their own: deepest first. */
async function unmountBelow(directory: string): Promise<void> {
    const mounts = (await readFile('/proc/self/mounts', 'utf8'))
        .split('\n')
        .map((line) => (line.split(' ')[1] ?? '').replaceAll('\\040', ' '))
        .filter((path) => path.startsWith(`${directory}/`))
        .sort((a, b) => b.length - a.length);
    for (const mount of mounts) await execFileAsync('umount', [mount]);
}
