import { Command } from 'commander';
import { readFileSync } from 'node:fs';
import type { AutoCompactionPolicy } from '../store/mvcc/auto-compaction.ts';
import type { ServerTls } from '../store/etcd/server/listener.ts';
import type { Member } from '../store/member.ts';
import type { PeerTransport } from '../store/transport/peer-transport.ts';
import type { Cluster } from '../store/cluster.ts';
import type { Store } from '../store/store.ts';
import type { Lifecycle } from '../util/lifecycle.ts';
import { createLogger, type Logger, type LogLevel } from '../util/logger.ts';
import {
    checkPeerUrls,
    EtcdFlagError,
    forceNewCluster,
    initialMembers,
    joinRunningCluster,
    logTuning,
    storedMember,
} from './etcd-cluster.ts';
import { readEtcdEnvironment } from './etcd-environment.ts';
import { addFlags, parseDuration, readFlags, type FlagValues } from './flags.ts';
import { etcdFlags } from './flag-sets/etcd-flags.ts';
import { runUntilSignal } from './run.ts';

type Flags = FlagValues<typeof etcdFlags>;

export function etcdCommand(): Command {
    const command = new Command('etcd').description("the store alone, with etcd's API and flags");
    return addFlags(command, etcdFlags).action(async () => {
        readEtcdEnvironment(command, etcdFlags, process.env);
        command.setOptionValue('config', command.getOptionValue('configFile'));
        await run(await readFlags(command, etcdFlags));
    });
}

async function run(flags: Flags): Promise<void> {
    const logger = createLogger(logLevel(flags['log-level'])).child({ component: 'etcd' });
    const tls = clientTls(flags);
    const revisions = revisionsKept(flags);
    const { startEtcdServer } = await import('../store/etcd/server/start-etcd-server.ts');
    await runUntilSignal(logger, async (lifecycle) => {
        const { store, cluster } = await startMember(flags, logger, lifecycle);
        const server = await startEtcdServer({
            store,
            cluster,
            listenClientUrls: flags['listen-client-urls'],
            listenMetricsUrls: flags['listen-metrics-urls'],
            tls,
            logger,
            watchProgressIntervalMs: flags['experimental-watch-progress-notify-interval'],
        });
        lifecycle.add(server);
        if (revisions !== undefined) compactByRevision(lifecycle, { store, cluster, logger, revisions });
    });
}

async function startMember(flags: Flags, logger: Logger, lifecycle: Lifecycle): Promise<Member> {
    const peerUrls = flags['initial-advertise-peer-urls'];
    const directory = flags['data-dir'] || `${flags.name}.etcd`;
    const tuning = logTuning(flags);
    const isForced = flags['force-new-cluster'];
    const isExisting = flags['initial-cluster-state'] === 'existing' && !isForced;
    const initialCluster = initialMembers(flags['initial-cluster']);
    const transport = await openTransport(flags, logger);
    if (isForced) await forceNewCluster(directory, logger);
    // A member that has joined starts also while it can reach nobody.
    const join =
        isExisting && (await storedMember(directory, logger)) === undefined
            ? await joinRunningCluster(
                  transport,
                  initialCluster.filter(({ name }) => name !== flags.name),
                  peerUrls,
              )
            : undefined;
    const { openMember } = await import('../store/member.ts');
    const quotaBytes = flags['quota-backend-bytes'];
    const member = await openMember({
        directory,
        name: flags.name,
        logger,
        peerUrls,
        clientUrls: flags['advertise-client-urls'],
        transport,
        ...(join === undefined ? { initialCluster: isForced ? [] : initialCluster } : { join }),
        logTuning: tuning,
        initialClusterToken: flags['initial-cluster-token'],
        quotaBytes: quotaBytes > 0 ? quotaBytes : quotaBytesDefault,
        autoCompaction: compactionPolicy(flags),
        onStopped: (error) => {
            logger.fatal({ err: error }, 'this member can serve no more');
            process.exit(1);
        },
    });
    lifecycle.add({
        stop: async () => {
            await member.close();
        },
    });
    return member;
}

async function openTransport(flags: Flags, logger: Logger): Promise<PeerTransport> {
    const certFile = flags['peer-cert-file'];
    const keyFile = flags['peer-key-file'];
    const caFile = flags['peer-trusted-ca-file'];
    const hasCertificate = certFile !== '' && keyFile !== '' && caFile !== '';
    checkPeerUrls(flags['listen-peer-urls'], hasCertificate);
    warnOfPeerAuthentication(flags, logger);
    const { openPeerTransport } = await import('../store/transport/open-peer-transport.ts');
    return openPeerTransport({
        listenUrls: flags['listen-peer-urls'],
        ...(hasCertificate ? { certificates: { certFile, keyFile, caFile } } : {}),
        // As in etcd: the authority decides who is a member.
        organization: undefined,
        logger,
    });
}

/** Over https members always show each other certificates, over http never. */
function warnOfPeerAuthentication(flags: Flags, logger: Logger): void {
    const isHttps = flags['listen-peer-urls'].some((url) => url.startsWith('https:'));
    if (isHttps === flags['peer-client-cert-auth']) return;
    const reason = isHttps
        ? 'over https members need certificates, also without --peer-client-cert-auth'
        : '--peer-client-cert-auth has no effect: members speak http';
    logger.warn(reason);
}

/** etcd's. */
const quotaBytesDefault = 2 * 1024 * 1024 * 1024;

/** How often history is cut when its length counts, as in etcd. */
const revisionCompactionIntervalMs = 5 * 60_000;

interface RevisionCompaction {
    store: Store;
    cluster: Cluster;
    logger: Logger;
    revisions: number;
}

/** Only the leader does it: compactions go through the log. */
function compactByRevision(
    lifecycle: Lifecycle,
    { store, cluster, logger, revisions }: RevisionCompaction,
): void {
    const compact = async (): Promise<void> => {
        const { leader } = await cluster.status();
        const target = store.revision - revisions;
        if (leader === cluster.memberId && target > store.compactedRevision) await store.compact(target);
    };
    lifecycle.every(revisionCompactionIntervalMs, compact, (error) => {
        logger.warn({ err: error }, 'compaction failed, it will be tried again');
    });
}

function logLevel(level: Flags['log-level']): LogLevel {
    return level === 'panic' ? 'fatal' : level;
}

function clientTls(flags: Flags): ServerTls | undefined {
    const certFile = flags['cert-file'];
    const keyFile = flags['key-file'];
    const caFile = flags['trusted-ca-file'];
    if ((certFile === '') !== (keyFile === '')) {
        throw new EtcdFlagError('--cert-file and --key-file have to be given together');
    }
    if (certFile === '') return undefined;
    return {
        cert: readPem(certFile, 'cert-file'),
        key: readPem(keyFile, 'key-file'),
        ...(caFile === '' ? {} : { clientCa: readPem(caFile, 'trusted-ca-file') }),
        clientCertAuth: flags['client-cert-auth'] || caFile !== '',
    };
}

function readPem(file: string, name: string): string {
    try {
        return readFileSync(file, 'utf8');
    } catch (error) {
        throw new EtcdFlagError(`--${name}: ${error instanceof Error ? error.message : String(error)}`, {
            cause: error,
        });
    }
}

const hourMs = 3_600_000;

/** History that is kept, by age. */
function compactionPolicy(flags: Flags): AutoCompactionPolicy {
    const retention = flags['auto-compaction-retention'];
    if (flags['auto-compaction-mode'] === 'revision' || Number(retention) === 0) return { ageMs: Infinity };
    const ageMs = /^\d+$/.test(retention) ? Number(retention) * hourMs : parseDuration(retention);
    return { ageMs: ageMs === 0 ? Infinity : ageMs };
}

/** Revisions that are kept; undefined when history is kept by age. */
function revisionsKept(flags: Flags): number | undefined {
    if (flags['auto-compaction-mode'] !== 'revision') return undefined;
    const revisions = Number(flags['auto-compaction-retention']);
    if (!Number.isSafeInteger(revisions) || revisions < 0) {
        throw new EtcdFlagError('--auto-compaction-retention: expected a number of revisions');
    }
    return revisions === 0 ? undefined : revisions;
}
