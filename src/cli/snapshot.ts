import { Command } from 'commander';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Transport, TransportRequest, TransportResponse } from '../client/transport.ts';
import { statusErrorOf } from '../client/status-body.ts';
import type { StoredSnapshot } from '../store/backup/snapshot-directory.ts';
import type { SnapshotJob } from './components/snapshot-service.ts';
import { forgetMembership } from './join/join-as-master.ts';
import { addFlags, flag, type FlagSet, type FlagValues, readFlags } from './flags.ts';
import { sharedApiserverFlags } from './flag-sets/apiserver-flags.ts';
import { commonFlags } from './flag-sets/common.ts';
import { snapshotFlags } from './flag-sets/snapshot-flags.ts';
import { loggerFor } from './run.ts';

const directoryFlags = {
    ...commonFlags,
    'data-dir': sharedApiserverFlags['data-dir'],
    'snapshot-dir': snapshotFlags['snapshot-dir'],
} as const;
const saveFlags = {
    ...commonFlags,
    kubeconfig: flag.string("administrator's kubeconfig; default: admin.conf in --config-dir", '', 'file'),
    'config-dir': sharedApiserverFlags['config-dir'],
    name: flag.string('what the file name begins with', 'on-demand'),
} as const;
const pruneFlags = {
    ...directoryFlags,
    'snapshot-retention': flag.integer('snapshots to keep', 5, { min: 0, max: 10_000 }),
    name: flag.string('prune those whose file name begins with this', 'scheduled'),
} as const;
const restoreFlags = {
    ...directoryFlags,
    force: flag.boolean('also when there is a store already: it is moved aside'),
} as const;

const pollIntervalMs = 300;
const progressIntervalMs = 5_000;

/** The server refused or failed, or there is no such file: the message is all a person needs. */
export class SnapshotCommandError extends Error {
    override readonly name = 'SnapshotCommandError';
}

export function snapshotCommand(): Command {
    const command = new Command('snapshot').description('backups of the embedded store');
    command.addCommand(saveCommand().copyInheritedSettings(command));
    command.addCommand(listCommand().copyInheritedSettings(command));
    command.addCommand(pruneCommand().copyInheritedSettings(command));
    command.addCommand(restoreCommand().copyInheritedSettings(command));
    return command;
}

function saveCommand(): Command {
    return subcommand('save', saveFlags, 'has the running server save a snapshot', async (flags) => {
        const { createHttpTransport } = await import('../client/http-transport.ts');
        const { loadKubeconfig } = await import('../client/kubeconfig.ts');
        const file = flags.kubeconfig || join(flags['config-dir'], 'admin.conf');
        const transport = createHttpTransport(await loadKubeconfig(file));
        try {
            const job = await saved(transport, await startSaving(transport, flags.name));
            print(`${job.path ?? ''}  revision ${job.revision ?? 0}, ${job.records} records`);
        } finally {
            transport.close();
        }
    });
}

async function startSaving(transport: Transport, name: string): Promise<SnapshotJob> {
    const { snapshotsPath } = await import('./components/snapshot-service.ts');
    return await ask(transport, { method: 'POST', path: snapshotsPath, body: { name } });
}

async function ask(transport: Transport, request: TransportRequest): Promise<SnapshotJob> {
    let response: TransportResponse;
    try {
        response = await transport.request(request);
    } catch (error) {
        throw new SnapshotCommandError(
            `no answer from the server, which saves the snapshot; does it run? ${String(error)}`,
            { cause: error },
        );
    }
    const { status, body } = response;
    if (status < 200 || status > 299) throw new SnapshotCommandError(statusErrorOf(status, body).message);
    return body as SnapshotJob;
}

async function saved(transport: Transport, started: SnapshotJob): Promise<SnapshotJob> {
    const { snapshotsPath } = await import('./components/snapshot-service.ts');
    const report = progressPrinter('saved');
    for (let job = started; ;) {
        if (job.id !== started.id) throw new SnapshotCommandError('another snapshot was begun meanwhile');
        if (job.state === 'done') return job;
        if (job.state === 'failed') throw new SnapshotCommandError(job.message ?? 'the snapshot failed');
        report(job);
        await sleep(pollIntervalMs);
        job = await ask(transport, { method: 'GET', path: snapshotsPath });
    }
}

function listCommand(): Command {
    return subcommand('list', directoryFlags, 'shows the snapshots on this machine', async (flags) => {
        const { listSnapshots } = await import('../store/backup/snapshot-directory.ts');
        const found = await listSnapshots(directoryOf(flags));
        if (found.length === 0) print(`no snapshots in ${directoryOf(flags)}`);
        for (const line of table([['FILE', 'CREATED', 'REVISION', 'RECORDS', 'BYTES'], ...found.map(row)])) {
            if (found.length > 0) print(line);
        }
    });
}

function pruneCommand(): Command {
    return subcommand('prune', pruneFlags, 'deletes old snapshots on this machine', async (flags) => {
        const { checkSnapshotName, pruneSnapshots } = await import('../store/backup/snapshot-directory.ts');
        checkSnapshotName(flags.name);
        const removed = await pruneSnapshots(directoryOf(flags), flags.name, flags['snapshot-retention']);
        for (const file of removed) print(`deleted ${file}`);
        if (removed.length === 0) print('nothing to delete');
    });
}

function restoreCommand(): Command {
    const description =
        'makes the store of a stopped server from a snapshot; it becomes a new cluster of one, which others join';
    const command = subcommand('restore', restoreFlags, description, async (flags) => {
        const { restoreSnapshot } = await import('../store/backup/restore.ts');
        const report = progressPrinter('restored');
        const { info, revision, movedTo } = await restoreSnapshot({
            file: await findSnapshot(command.args[0] ?? '', directoryOf(flags)),
            directory: join(flags['data-dir'], 'store'),
            force: flags.force,
            logger: loggerFor(flags.v),
            nowMs: Date.now(),
            onProgress: report,
        });
        await forgetMembership(flags['data-dir']);
        if (movedTo !== undefined) print(`the old store is now ${movedTo}`);
        print(`restored ${info.records} records of revision ${info.revision}, made ${info.createdAt}`);
        print(`the store begins at revision ${revision}: clients list everything anew`);
        print('start the server on this machine, then let the other masters join it with empty data');
    });
    return command.argument('<file>', 'a path, or a file name in --snapshot-dir');
}

/** A path as it is; a bare name that is no file here is looked for among the snapshots. */
async function findSnapshot(file: string, directory: string): Promise<string> {
    const { access } = await import('node:fs/promises');
    for (const path of file.includes('/') ? [file] : [file, join(directory, file)]) {
        const exists = await access(path).then(
            () => true,
            () => false,
        );
        if (exists) return path;
    }
    throw new SnapshotCommandError(`there is no snapshot ${file}, here or in ${directory}`);
}

function subcommand<S extends FlagSet>(
    name: string,
    flags: S,
    description: string,
    run: (flags: FlagValues<S>) => Promise<void>,
): Command {
    const command = new Command(name).description(description);
    return addFlags(command, flags).action(async () => {
        await run(await readFlags(command, flags));
    });
}

function directoryOf(flags: { 'data-dir': string; 'snapshot-dir': string }): string {
    return flags['snapshot-dir'] || join(flags['data-dir'], 'snapshots');
}

function row({ file, sizeBytes, info, problem }: StoredSnapshot): string[] {
    if (info === undefined) return [file, `unusable: ${problem ?? ''}`, '', '', String(sizeBytes)];
    return [file, info.createdAt, String(info.revision), String(info.records), String(sizeBytes)];
}

function table(rows: readonly string[][]): string[] {
    const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((cells) => cells[i]?.length ?? 0)));
    return rows.map((cells) =>
        cells
            .map((cell, i) => cell.padEnd(widths[i] ?? 0))
            .join('  ')
            .trimEnd(),
    );
}

/** Says on standard error how far long work is. */
function progressPrinter(verb: string): (progress: { records: number; bytes: number }) => void {
    let printedMs = Date.now();
    return ({ records, bytes }) => {
        if (Date.now() - printedMs < progressIntervalMs) return;
        printedMs = Date.now();
        process.stderr.write(`${verb} ${records} records, ${Math.round(bytes / 2 ** 20)} MiB so far\n`);
    };
}

function print(line: string): void {
    process.stdout.write(`${line}\n`);
}
