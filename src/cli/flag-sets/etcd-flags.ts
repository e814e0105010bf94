import { flag, ignoredFlag } from '../flags.ts';

/** etcd's flags. What has no meaning here is accepted and does nothing. */
export const etcdFlags = {
    config: { ...flag.string('the same as --config-file', '', 'file'), hidden: true },
    'config-file': flag.string('YAML file with the values of flags, by their names', '', 'file'),
    name: flag.string('name of this member', 'default'),
    'data-dir': flag.string('directory of the data (default: <name>.etcd)', '', 'directory'),
    'snapshot-count': flag.integer(
        'entries of the log after which it is shortened; 8 MiB of them are kept at most',
        10_000,
        { min: 1 },
    ),
    'heartbeat-interval': flag.integer(
        'milliseconds between two heartbeats of the leader, in steps of 50',
        100,
        {
            min: 1,
            max: 60_000,
        },
    ),
    'election-timeout': flag.integer('milliseconds without a leader before an election', 1_000, {
        min: 10,
        max: 50_000,
    }),
    'quota-backend-bytes': flag.integer('size of the data from which on writes are refused; 0: 2 GiB', 0),
    'auto-compaction-mode': flag.oneOf(
        'what --auto-compaction-retention counts',
        ['periodic', 'revision'],
        'periodic',
    ),
    'auto-compaction-retention': flag.string(
        'history that is kept: a duration ("5m"; a plain number means hours), or a number of revisions; 0: all',
        '0',
    ),
    'max-request-bytes': ignoredFlag('largest request'),
    'max-txn-ops': ignoredFlag('operations of one transaction'),
    'experimental-watch-progress-notify-interval': flag.duration(
        'how often watches that asked for it hear that nothing happened',
        600_000,
    ),

    'listen-client-urls': flag.list('where clients are served', ['http://localhost:2379']),
    'advertise-client-urls': flag.list('how clients reach this member', ['http://localhost:2379']),
    'listen-peer-urls': flag.list('where other members are served', ['http://localhost:2380']),
    'initial-advertise-peer-urls': flag.list('how other members reach this one', ['http://localhost:2380']),
    'listen-metrics-urls': flag.list('where metrics and health are served besides'),
    'initial-cluster': flag.list('the members that found the cluster, as name=url'),
    'initial-cluster-state': flag.oneOf(
        'whether this member founds the cluster or joins it',
        ['new', 'existing'],
        'new',
    ),
    'initial-cluster-token': flag.string('distinguishes clusters with the same addresses', 'etcd-cluster'),
    'force-new-cluster': flag.boolean('make this member the only one of its cluster, with its data'),

    'cert-file': flag.string('certificate for clients', '', 'file'),
    'key-file': flag.string('key of that certificate', '', 'file'),
    'client-cert-auth': flag.boolean('refuse clients without a certificate by --trusted-ca-file'),
    'trusted-ca-file': flag.string('authorities that sign certificates of clients', '', 'file'),
    'peer-cert-file': flag.string('certificate for other members', '', 'file'),
    'peer-key-file': flag.string('key of that certificate', '', 'file'),
    'peer-client-cert-auth': flag.boolean(
        'refuse members without a certificate by --peer-trusted-ca-file: over https always',
    ),
    'peer-trusted-ca-file': flag.string('authorities that sign certificates of members', '', 'file'),

    'log-level': flag.oneOf('what is logged', ['debug', 'info', 'warn', 'error', 'panic', 'fatal'], 'info'),
    logger: ignoredFlag('form of the log'),
    'log-outputs': ignoredFlag('where the log goes: standard error'),
    'log-package-levels': ignoredFlag('what is logged, by package'),
    debug: ignoredFlag('debug messages'),
    'enable-v2': ignoredFlag('API version 2, which there is not'),
    'enable-pprof': ignoredFlag('profiles'),
    'pre-vote': ignoredFlag('elections ask first: always'),
    'strict-reconfig-check': ignoredFlag('refuse changes of members that lose the quorum: always'),
    'wal-dir': ignoredFlag('directory of the log: it is in the data directory'),
    'max-snapshots': ignoredFlag('snapshot files that are kept'),
    'max-wals': ignoredFlag('log files that are kept'),
    metrics: ignoredFlag('detail of the metrics'),
    'experimental-initial-corrupt-check': ignoredFlag('compare data at start'),
    'experimental-corrupt-check-time': ignoredFlag('compare data regularly'),
    'experimental-compaction-batch-limit': ignoredFlag('revisions that a compaction removes at once'),
    'experimental-peer-skip-client-san-verification': ignoredFlag('do not check addresses of members'),
} as const;
