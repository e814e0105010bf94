import { Command } from 'commander';
import { basename } from 'node:path';
import { gitVersion } from '../util/version.ts';
import { apiserverCommand } from './apiserver.ts';
import { controllerCommand } from './controller.ts';
import { ConfigFileError } from './flags.ts';
import { etcdCommand } from './etcd.ts';
import { kubeletCommand } from './kubelet.ts';
import { memberCommand } from './member.ts';
import { proxyCommand } from './proxy.ts';
import { resetCommand } from './reset.ts';
import { schedulerCommand } from './scheduler.ts';
import { serverCommand } from './server.ts';
import { snapshotCommand } from './snapshot.ts';
import { versionCommand } from './version.ts';

/** Names under which the binary may be linked: `kube-apiserver` runs `hyperkube apiserver`. */
const aliasOfProgram: Readonly<Record<string, string>> = {
    'kube-apiserver': 'apiserver',
    'kube-controller-manager': 'controller',
    'kube-controller': 'controller',
    'kube-scheduler': 'scheduler',
    'kube-kubelet': 'kubelet',
    kubelet: 'kubelet',
    'kube-proxy': 'proxy',
    'kube-server': 'server',
    'kube-version': 'version',
};

/** The whole command line. Ends the process with a non-zero code on every failure. */
export async function main(argv: readonly string[]): Promise<void> {
    const program = new Command('hyperkube')
        .description(
            'Kubernetes in one process: every component is a subcommand, `server` is all of them at once.',
        )
        .version(gitVersion, '--version', 'print the version and exit')
        .showHelpAfterError('(run with --help to see what there is)')
        .showSuggestionAfterError(true);
    for (const command of [
        serverCommand(),
        apiserverCommand(),
        controllerCommand(),
        schedulerCommand(),
        etcdCommand(),
        kubeletCommand(),
        memberCommand(),
        proxyCommand(),
        snapshotCommand(),
        resetCommand(),
        versionCommand(),
    ])
        program.addCommand(command.copyInheritedSettings(program));
    try {
        await program.parseAsync(expandAlias(argv));
    } catch (error) {
        process.stderr.write(`hyperkube: ${describe(error)}\n`);
        process.exitCode = 1;
    }
}

function expandAlias(argv: readonly string[]): string[] {
    const [node = 'node', script = 'hyperkube', ...rest] = argv;
    const linked = aliasOfProgram[basename(script).replace(/\.js$/, '')];
    if (linked !== undefined) return [node, script, linked, ...rest];
    const first = rest[0] === undefined ? undefined : aliasOfProgram[rest[0]];
    return first === undefined ? [node, script, ...rest] : [node, script, first, ...rest.slice(1)];
}

/** A person's message for expected failures, the stack for what can only be a bug. */
function describe(error: unknown): string {
    if (error instanceof ConfigFileError) return error.message;
    if (!(error instanceof Error)) return String(error);
    if ('code' in error || error.name !== 'Error') return error.message;
    return error.stack ?? error.message;
}
