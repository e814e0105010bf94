import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '../../util/logger.ts';
import { joinTokenFile } from './admit-masters.ts';
import { sharedSettings, type ClusterSettings } from './cluster-settings.ts';
import { JoinError } from './join-error.ts';
import type { JoinResponse } from './join-route.ts';

/** How this master became part of its cluster; in the data directory. */
const joinFile = 'join.json';

export interface Joined {
    settings: ClusterSettings;
    /** Absent once this master was made a cluster of its own: it keeps the settings. */
    membership?: Pick<JoinResponse, 'clusterId' | 'memberId' | 'members'>;
}

export interface JoinFlags extends ClusterSettings {
    server: string;
    token: string;
    'token-file': string;
    'data-dir': string;
    'config-dir': string;
}

/**
 * With --server, asks that master to let this one in, once: who has joined goes on with what it was told then,
 * and who has a store of its own already keeps it. Undefined for a master that did not join another.
 */
export async function joinAsMaster(
    flags: JoinFlags,
    { name, peerUrl, logger }: { name: string; peerUrl: string; logger: Logger },
): Promise<Joined | undefined> {
    const file = join(flags['data-dir'], joinFile);
    if (existsSync(file)) return await readJoined(file);
    if (flags.server === '') return undefined;
    if (existsSync(join(flags['data-dir'], 'store', 'CURRENT'))) {
        logger.warn(
            { server: flags.server, dataDirectory: flags['data-dir'] },
            'this master has a cluster of its own: --server is ignored',
        );
        return undefined;
    }
    const token = await tokenOf(flags);
    const { joinCluster } = await import('./join-cluster.ts');
    const { clusterId, memberId, members, settings } = await joinCluster({
        server: flags.server,
        token,
        member: { name, peerUrls: [peerUrl] },
        pkiDirectory: join(flags['config-dir'], 'pki'),
        logger,
    });
    await mkdir(flags['data-dir'], { recursive: true, mode: 0o700 });
    // All masters admit others with the same token.
    await writeFile(join(flags['data-dir'], joinTokenFile), `${token}\n`, { mode: 0o600 });
    const joined: Joined = { settings, membership: { clusterId, memberId, members } };
    await writeJoined(file, joined);
    logger.info({ server: flags.server, clusterId }, 'joined the cluster');
    return joined;
}

/** This master's store is that of a cluster of one from now on; the settings stay what they were. */
export async function forgetMembership(dataDirectory: string): Promise<void> {
    const file = join(dataDirectory, joinFile);
    if (!existsSync(file)) return;
    const { settings } = await readJoined(file);
    await writeJoined(file, { settings });
}

/** Flags with the settings of the cluster in the place of this master's own. */
export function withClusterSettings<F extends ClusterSettings>(
    flags: F,
    joined: Joined | undefined,
    logger: Logger,
): F {
    if (joined === undefined) return flags;
    const changed = sharedSettings.filter((name) => flags[name] !== joined.settings[name]);
    if (changed.length > 0) logger.info({ flags: changed }, 'settings of the cluster are used');
    return { ...flags, ...joined.settings };
}

async function tokenOf(flags: JoinFlags): Promise<string> {
    if (flags['token-file'] === '') return flags.token;
    try {
        return (await readFile(flags['token-file'], 'utf8')).trim();
    } catch (cause) {
        throw new JoinError(`--token-file: cannot read ${flags['token-file']}`, { cause });
    }
}

async function writeJoined(file: string, joined: Joined): Promise<void> {
    await writeFile(`${file}.tmp`, JSON.stringify(joined), { mode: 0o600 });
    await rename(`${file}.tmp`, file);
}

async function readJoined(file: string): Promise<Joined> {
    try {
        return JSON.parse(await readFile(file, 'utf8')) as Joined;
    } catch (cause) {
        throw new JoinError(`${file} is damaged: remove the data directory and join again`, { cause });
    }
}
