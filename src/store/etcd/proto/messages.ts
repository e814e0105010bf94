import {
    bool,
    bytes,
    identifier,
    int64,
    key,
    message,
    nested,
    oneOf,
    optional,
    recursiveMessage,
    repeated,
    text,
    uint,
    type Decoded,
    type MessageType,
} from './message.ts';

/** The messages of etcd's API version 3. The file of each service's methods is methods.ts. */

export const keyValue = message({
    key: key(1),
    createRevision: int64(2),
    modRevision: int64(3),
    version: int64(4),
    value: bytes(5),
    lease: int64(6),
});

export const event = message({
    type: oneOf(1, ['PUT', 'DELETE']),
    kv: nested(2, () => keyValue),
    previous: nested(3, () => keyValue),
});

export const responseHeader = message({
    clusterId: identifier(1),
    memberId: identifier(2),
    revision: int64(3),
    raftTerm: uint(4),
});
const header = nested(1, () => responseHeader);

/** A request without fields. */
export const empty = message({});
/** A response with nothing but the header. */
export const headerOnly = message({ header });

// ── KV ──

export const rangeRequest = message({
    key: key(1),
    rangeEnd: key(2),
    limit: int64(3),
    revision: int64(4),
    sortOrder: oneOf(5, ['NONE', 'ASCEND', 'DESCEND']),
    sortTarget: oneOf(6, ['KEY', 'VERSION', 'CREATE', 'MOD', 'VALUE']),
    serializable: bool(7),
    keysOnly: bool(8),
    countOnly: bool(9),
    modRevisionMin: int64(10),
    modRevisionMax: int64(11),
    createRevisionMin: int64(12),
    createRevisionMax: int64(13),
});
export const rangeResponse = message({
    header,
    kvs: repeated(nested(2, () => keyValue)),
    more: bool(3),
    count: int64(4),
});

export const putRequest = message({
    key: key(1),
    value: bytes(2),
    lease: int64(3),
    previous: bool(4),
    ignoreValue: bool(5),
    ignoreLease: bool(6),
});
export const putResponse = message({ header, previous: nested(2, () => keyValue) });

export const deleteRangeRequest = message({ key: key(1), rangeEnd: key(2), previous: bool(3) });
export const deleteRangeResponse = message({
    header,
    deleted: int64(2),
    previous: repeated(nested(3, () => keyValue)),
});

export const compare = message({
    result: oneOf(1, ['EQUAL', 'GREATER', 'LESS', 'NOT_EQUAL']),
    target: oneOf(2, ['VERSION', 'CREATE', 'MOD', 'VALUE', 'LEASE']),
    key: key(3),
    version: optional(int64(4)),
    createRevision: optional(int64(5)),
    modRevision: optional(int64(6)),
    value: optional(bytes(7)),
    lease: optional(int64(8)),
    rangeEnd: key(64),
});

export interface RequestOp {
    range: Decoded<typeof rangeRequest> | undefined;
    put: Decoded<typeof putRequest> | undefined;
    deleteRange: Decoded<typeof deleteRangeRequest> | undefined;
    txn: TxnRequest | undefined;
}
export interface TxnRequest {
    compare: Decoded<typeof compare>[];
    success: RequestOp[];
    failure: RequestOp[];
}
export const requestOp: MessageType<RequestOp> = recursiveMessage<RequestOp>({
    range: nested(1, () => rangeRequest),
    put: nested(2, () => putRequest),
    deleteRange: nested(3, () => deleteRangeRequest),
    txn: nested(4, () => txnRequest),
});
export const txnRequest: MessageType<TxnRequest> = recursiveMessage<TxnRequest>({
    compare: repeated(nested(1, () => compare)),
    success: repeated(nested(2, () => requestOp)),
    failure: repeated(nested(3, () => requestOp)),
});

export interface ResponseOp {
    range: Decoded<typeof rangeResponse> | undefined;
    put: Decoded<typeof putResponse> | undefined;
    deleteRange: Decoded<typeof deleteRangeResponse> | undefined;
    txn: TxnResponse | undefined;
}
export interface TxnResponse {
    header: Decoded<typeof responseHeader> | undefined;
    succeeded: boolean;
    responses: ResponseOp[];
}
export const responseOp: MessageType<ResponseOp> = recursiveMessage<ResponseOp>({
    range: nested(1, () => rangeResponse),
    put: nested(2, () => putResponse),
    deleteRange: nested(3, () => deleteRangeResponse),
    txn: nested(4, () => txnResponse),
});
export const txnResponse: MessageType<TxnResponse> = recursiveMessage<TxnResponse>({
    header,
    succeeded: bool(2),
    responses: repeated(nested(3, () => responseOp)),
});

export const compactionRequest = message({ revision: int64(1), physical: bool(2) });

// ── Watch ──

export const watchCreateRequest = message({
    key: key(1),
    rangeEnd: key(2),
    startRevision: int64(3),
    progressNotify: bool(4),
    filters: repeated(oneOf(5, ['NOPUT', 'NODELETE'])),
    previous: bool(6),
    watchId: int64(7),
    fragment: bool(8),
});
const watchCancelRequest = message({ watchId: int64(1) });
export const watchRequest = message({
    create: nested(1, () => watchCreateRequest),
    cancel: nested(2, () => watchCancelRequest),
    progress: nested(3, () => empty),
});
export const watchResponse = message({
    header,
    watchId: int64(2),
    created: bool(3),
    canceled: bool(4),
    compactRevision: int64(5),
    cancelReason: text(6),
    fragment: bool(7),
    events: repeated(nested(11, () => event)),
});

// ── Lease ──

export const leaseGrantRequest = message({ ttl: int64(1), id: int64(2) });
export const leaseGrantResponse = message({ header, id: int64(2), ttl: int64(3), error: text(4) });
export const leaseIdRequest = message({ id: int64(1) });
export const leaseKeepAliveResponse = message({ header, id: int64(2), ttl: int64(3) });
export const leaseTimeToLiveRequest = message({ id: int64(1), keys: bool(2) });
export const leaseTimeToLiveResponse = message({
    header,
    id: int64(2),
    ttl: int64(3),
    grantedTtl: int64(4),
    keys: repeated(key(5)),
});
export const leaseLeasesResponse = message({ header, leases: repeated(nested(2, () => leaseIdRequest)) });

// ── Cluster ──

export const member = message({
    id: identifier(1),
    name: text(2),
    peerUrls: repeated(text(3)),
    clientUrls: repeated(text(4)),
    isLearner: bool(5),
});
const members = repeated(nested(2, () => member));
export const memberAddRequest = message({ peerUrls: repeated(text(1)), isLearner: bool(2) });
export const memberAddResponse = message({
    header,
    member: nested(2, () => member),
    members: repeated(nested(3, () => member)),
});
export const memberIdRequest = message({ id: identifier(1) });
export const memberUpdateRequest = message({ id: identifier(1), peerUrls: repeated(text(2)) });
export const memberListRequest = message({ linearizable: bool(1) });
/** Of MemberRemove, MemberUpdate, MemberList and MemberPromote. */
export const membersResponse = message({ header, members });

// ── Maintenance ──

const alarmKind = ['NONE', 'NOSPACE', 'CORRUPT'] as const;
export const alarmRequest = message({
    action: oneOf(1, ['GET', 'ACTIVATE', 'DEACTIVATE']),
    memberId: identifier(2),
    alarm: oneOf(3, alarmKind),
});
export const alarmMember = message({ memberId: identifier(1), alarm: oneOf(2, alarmKind) });
export const alarmResponse = message({ header, alarms: repeated(nested(2, () => alarmMember)) });

export const statusResponse = message({
    header,
    version: text(2),
    dbSize: int64(3),
    leader: identifier(4),
    raftIndex: uint(5),
    raftTerm: uint(6),
    raftAppliedIndex: uint(7),
    errors: repeated(text(8)),
    dbSizeInUse: int64(9),
    isLearner: bool(10),
});
export const hashResponse = message({ header, hash: uint(2) });
export const hashKvRequest = message({ revision: int64(1) });
export const hashKvResponse = message({
    header,
    hash: uint(2),
    compactRevision: int64(3),
    hashRevision: int64(4),
});
export const snapshotResponse = message({ header, remainingBytes: uint(2), blob: bytes(3) });
/** A member is named by the field `targetId`. */
export const moveLeaderRequest = message({ targetId: identifier(1) });

/** How etcd's backend keeps a lease. */
export const leaseRecord = message({ id: int64(1), ttl: int64(2), remainingTtl: int64(3) });
