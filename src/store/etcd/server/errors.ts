import { ClusterError, type ClusterErrorReason } from '../../cluster.ts';
import { StoreError, type StoreErrorReason } from '../../store.ts';
import { GrpcError, type GrpcCode } from './grpc/status.ts';

type Entry = readonly [GrpcCode, string];

/** Codes and texts that clients compare with, as etcd has them. */
const etcdErrors = {
    emptyKey: ['invalidArgument', 'etcdserver: key is not provided'],
    keyNotFound: ['invalidArgument', 'etcdserver: key not found'],
    valueProvided: ['invalidArgument', 'etcdserver: value is provided'],
    leaseProvided: ['invalidArgument', 'etcdserver: lease is provided'],
    tooManyOps: ['invalidArgument', 'etcdserver: too many operations in txn request'],
    duplicateKey: ['invalidArgument', 'etcdserver: duplicate key given in txn request'],
    compacted: ['outOfRange', 'etcdserver: mvcc: required revision has been compacted'],
    futureRevision: ['outOfRange', 'etcdserver: mvcc: required revision is a future revision'],
    noSpace: ['resourceExhausted', 'etcdserver: mvcc: database space exceeded'],
    leaseNotFound: ['notFound', 'etcdserver: requested lease not found'],
    leaseExists: ['failedPrecondition', 'etcdserver: lease already exists'],
    leaseTtlTooLarge: ['outOfRange', 'etcdserver: too large lease TTL'],
    memberExists: ['failedPrecondition', 'etcdserver: member ID already exist'],
    peerUrlExists: ['failedPrecondition', 'etcdserver: Peer URLs already exists'],
    notEnoughStarted: [
        'failedPrecondition',
        'etcdserver: re-configuration failed due to not enough started members',
    ],
    badUrls: ['invalidArgument', 'etcdserver: given member URLs are invalid'],
    memberNotFound: ['notFound', 'etcdserver: member not found'],
    notLearner: ['failedPrecondition', 'etcdserver: can only promote a learner member'],
    learnerNotReady: [
        'failedPrecondition',
        'etcdserver: can only promote a learner member which is in sync with leader',
    ],
    tooManyLearners: ['failedPrecondition', 'etcdserver: too many learner members in cluster'],
    tooLarge: ['invalidArgument', 'etcdserver: request is too large'],
    noLeader: ['unavailable', 'etcdserver: no leader'],
    notLeader: ['failedPrecondition', 'etcdserver: not leader'],
    leaderChanged: ['unavailable', 'etcdserver: leader changed'],
    stopped: ['unavailable', 'etcdserver: server stopped'],
    timeout: ['unavailable', 'etcdserver: request timed out'],
    unhealthy: ['unavailable', 'etcdserver: unhealthy cluster'],
    corrupt: ['dataLoss', 'etcdserver: corrupt cluster'],
    badTransferee: ['failedPrecondition', 'etcdserver: bad leader transferee'],
    pending: ['unavailable', 'etcdserver: too many requests'],
} as const satisfies Record<string, Entry>;
export type EtcdErrorName = keyof typeof etcdErrors;

export function etcdError(name: EtcdErrorName, options?: ErrorOptions): GrpcError {
    const [code, text] = etcdErrors[name];
    return new GrpcError(code, text, options);
}

const ofStore: Readonly<Record<StoreErrorReason, EtcdErrorName | undefined>> = {
    compacted: 'compacted',
    futureRevision: 'futureRevision',
    leaseNotFound: 'leaseNotFound',
    leaseExists: 'leaseExists',
    keyNotFound: 'keyNotFound',
    duplicateKey: 'duplicateKey',
    closed: 'stopped',
    tooLarge: 'tooLarge',
    noSpace: 'noSpace',
    io: undefined,
    corrupt: 'corrupt',
    newerFormat: undefined,
    locked: undefined,
    timeout: 'timeout',
    noLeader: 'noLeader',
    leaderChanged: 'leaderChanged',
};

const ofCluster: Readonly<Record<ClusterErrorReason, EtcdErrorName>> = {
    memberNotFound: 'memberNotFound',
    memberExists: 'memberExists',
    peerUrlExists: 'peerUrlExists',
    notLearner: 'notLearner',
    learnerNotReady: 'learnerNotReady',
    tooManyLearners: 'tooManyLearners',
    unhealthy: 'unhealthy',
    pending: 'pending',
    noLeader: 'noLeader',
    notLeader: 'notLeader',
    badTransferee: 'badTransferee',
    timeout: 'timeout',
};

/** What a client is told of an error. What it cannot make sense of is 'unknown', as in etcd. */
export function toStatus(error: unknown): GrpcError {
    if (error instanceof GrpcError) return error;
    const name =
        error instanceof StoreError
            ? ofStore[error.reason]
            : error instanceof ClusterError
              ? ofCluster[error.reason]
              : undefined;
    if (name !== undefined) return etcdError(name, { cause: error });
    return new GrpcError('unknown', error instanceof Error ? error.message : String(error), { cause: error });
}
