import { Command } from 'commander';
import { join } from 'node:path';
import type { TransportRequest, TransportResponse } from '../client/transport.ts';
import { statusErrorOf } from '../client/status-body.ts';
import type { MemberRow, MemberTable, NewMember } from '../components/apiserver/cluster-admin.ts';
import { addFlags, flag, type FlagSet, type FlagValues, readFlags } from './flags.ts';
import { sharedApiserverFlags } from './flag-sets/apiserver-flags.ts';
import { commonFlags } from './flag-sets/common.ts';

const connectionFlags = {
    ...commonFlags,
    kubeconfig: flag.string("administrator's kubeconfig; default: admin.conf in --config-dir", '', 'file'),
    'config-dir': sharedApiserverFlags['config-dir'],
} as const;
const listFlags = {
    ...connectionFlags,
    output: flag.oneOf('form of the output', ['table', 'simple', 'json'], 'table'),
} as const;
const addMemberFlags = {
    ...connectionFlags,
    'peer-urls': flag.list('where the other members reach the new one'),
    learner: flag.boolean('only receives, until it is promoted', true),
} as const;
type ConnectionFlags = FlagValues<typeof connectionFlags>;

/** The server refused: the message is all a person needs. */
export class MemberCommandError extends Error {
    override readonly name = 'MemberCommandError';
}

/** Who the masters' store consists of, over the API of a running server. */
export function memberCommand(): Command {
    const command = new Command('member').description("members of the masters' store");
    const subcommands = [
        subcommand('list', listFlags, 'shows the members', async (flags) => {
            const found = await table(flags, { method: 'GET', path: '' });
            if (flags.output === 'json') print(JSON.stringify(found));
            else for (const line of rendered(found.members, flags.output)) print(line);
        }),
        subcommand(
            'add <name>',
            addMemberFlags,
            'announces a member that will be started',
            async (flags, [name = '']) => {
                const body: NewMember = { name, peerUrls: [...flags['peer-urls']], isLearner: flags.learner };
                const added = (await ask(flags, { method: 'POST', path: '', body })) as MemberRow;
                print(`Member ${added.id} added`);
            },
        ),
        subcommand(
            'remove <id>',
            connectionFlags,
            'takes a member out of the cluster',
            async (flags, [id = '']) => {
                const { clusterId } = await table(flags, { method: 'DELETE', path: `/${segment(id)}` });
                print(`Member ${id} removed from cluster ${clusterId}`);
            },
        ),
        subcommand('promote <id>', connectionFlags, 'makes a learner a voter', async (flags, [id = '']) => {
            const { clusterId } = await table(flags, { method: 'POST', path: `/${segment(id)}/promote` });
            print(`Member ${id} promoted in cluster ${clusterId}`);
        }),
        subcommand(
            'transfer <id>',
            connectionFlags,
            'makes a member the leader',
            async (flags, [id = '']) => {
                const { members } = await table(flags, { method: 'POST', path: `/${segment(id)}/transfer` });
                const before = members.find(({ isLeader }) => isLeader)?.id ?? '';
                print(before === id ? `Leadership transferred to ${id}` : `Leader is ${before}`);
            },
        ),
    ];
    for (const one of subcommands) command.addCommand(one.copyInheritedSettings(command));
    return command;
}

function subcommand<S extends FlagSet>(
    usage: string,
    flags: S,
    description: string,
    run: (values: FlagValues<S>, args: readonly string[]) => Promise<void>,
): Command {
    const command = new Command(usage.split(' ')[0]).description(description);
    for (const argument of usage.split(' ').slice(1)) command.argument(argument);
    return addFlags(command, flags).action(async () => {
        await run(await readFlags(command, flags), command.args);
    });
}

async function table(flags: ConnectionFlags, request: TransportRequest): Promise<MemberTable> {
    return (await ask(flags, request)) as MemberTable;
}

/** `path` is below that of the members. */
async function ask(flags: ConnectionFlags, request: TransportRequest): Promise<unknown> {
    const { createHttpTransport } = await import('../client/http-transport.ts');
    const { loadKubeconfig } = await import('../client/kubeconfig.ts');
    const { membersPath } = await import('../components/apiserver/cluster-admin.ts');
    const file = flags.kubeconfig || join(flags['config-dir'], 'admin.conf');
    const transport = createHttpTransport(await loadKubeconfig(file));
    let response: TransportResponse;
    try {
        response = await transport.request({ ...request, path: `${membersPath}${request.path}` });
    } catch (error) {
        throw new MemberCommandError(`no answer from the server; does it run? ${String(error)}`, {
            cause: error,
        });
    } finally {
        transport.close();
    }
    const { status, body } = response;
    if (status < 200 || status > 299) throw new MemberCommandError(statusErrorOf(status, body).message);
    return body;
}

function segment(id: string): string {
    if (!/^[0-9a-f]{1,16}$/.test(id)) {
        throw new MemberCommandError(`"${id}" is no identifier of a member: see hyperkube member list`);
    }
    return id;
}

/** As etcdctl shows members, with who leads. */
function rendered(members: readonly MemberRow[], form: 'table' | 'simple'): string[] {
    const rows = members.map((member) => [
        member.id,
        member.name === '' ? 'unstarted' : 'started',
        member.name,
        member.peerUrls.join(','),
        member.clientUrls.join(','),
        String(member.isLearner),
        String(member.isLeader),
    ]);
    if (form === 'simple') return rows.map((row) => row.join(', '));
    const header = ['ID', 'STATUS', 'NAME', 'PEER ADDRS', 'CLIENT ADDRS', 'IS LEARNER', 'IS LEADER'];
    const widths = header.map((title, i) =>
        Math.max(title.length, ...rows.map((row) => (row[i] ?? '').length)),
    );
    const rule = `+${widths.map((width) => '-'.repeat(width + 2)).join('+')}+`;
    const line = (cells: readonly string[], pad: (text: string, width: number) => string): string =>
        `|${cells.map((cell, i) => ` ${pad(cell, widths[i] ?? 0)} `).join('|')}|`;
    return [rule, line(header, centred), rule, ...rows.map((row) => line(row, centred)), rule];
}

function centred(text: string, width: number): string {
    const left = Math.ceil((width - text.length) / 2);
    return (' '.repeat(left) + text).padEnd(width);
}

function print(line: string): void {
    process.stdout.write(`${line}\n`);
}
