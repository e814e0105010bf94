import type { MessageType } from './message.ts';
import * as m from './messages.ts';

/** One RPC: where it is called, and what goes to and fro. */
export interface Method<Request, Response> {
    readonly path: string;
    readonly request: MessageType<Request>;
    readonly response: MessageType<Response>;
    readonly type: 'unary' | 'serverStream' | 'stream';
}

function method<Request, Response>(
    path: string,
    messages: { request: MessageType<Request>; response: MessageType<Response> },
    type: Method<Request, Response>['type'] = 'unary',
): Method<Request, Response> {
    return { path: `/etcdserverpb.${path}`, ...messages, type };
}

/** All methods of etcd's API, but for authentication. */
export const methods = {
    range: method('KV/Range', { request: m.rangeRequest, response: m.rangeResponse }),
    put: method('KV/Put', { request: m.putRequest, response: m.putResponse }),
    deleteRange: method('KV/DeleteRange', { request: m.deleteRangeRequest, response: m.deleteRangeResponse }),
    txn: method('KV/Txn', { request: m.txnRequest, response: m.txnResponse }),
    compact: method('KV/Compact', { request: m.compactionRequest, response: m.headerOnly }),

    watch: method('Watch/Watch', { request: m.watchRequest, response: m.watchResponse }, 'stream'),

    leaseGrant: method('Lease/LeaseGrant', { request: m.leaseGrantRequest, response: m.leaseGrantResponse }),
    leaseRevoke: method('Lease/LeaseRevoke', { request: m.leaseIdRequest, response: m.headerOnly }),
    leaseKeepAlive: method(
        'Lease/LeaseKeepAlive',
        { request: m.leaseIdRequest, response: m.leaseKeepAliveResponse },
        'stream',
    ),
    leaseTimeToLive: method('Lease/LeaseTimeToLive', {
        request: m.leaseTimeToLiveRequest,
        response: m.leaseTimeToLiveResponse,
    }),
    leaseLeases: method('Lease/LeaseLeases', { request: m.empty, response: m.leaseLeasesResponse }),

    memberAdd: method('Cluster/MemberAdd', { request: m.memberAddRequest, response: m.memberAddResponse }),
    memberRemove: method('Cluster/MemberRemove', { request: m.memberIdRequest, response: m.membersResponse }),
    memberUpdate: method('Cluster/MemberUpdate', {
        request: m.memberUpdateRequest,
        response: m.membersResponse,
    }),
    memberList: method('Cluster/MemberList', { request: m.memberListRequest, response: m.membersResponse }),
    memberPromote: method('Cluster/MemberPromote', {
        request: m.memberIdRequest,
        response: m.membersResponse,
    }),

    alarm: method('Maintenance/Alarm', { request: m.alarmRequest, response: m.alarmResponse }),
    status: method('Maintenance/Status', { request: m.empty, response: m.statusResponse }),
    defragment: method('Maintenance/Defragment', { request: m.empty, response: m.headerOnly }),
    hash: method('Maintenance/Hash', { request: m.empty, response: m.hashResponse }),
    hashKv: method('Maintenance/HashKV', { request: m.hashKvRequest, response: m.hashKvResponse }),
    snapshot: method(
        'Maintenance/Snapshot',
        { request: m.empty, response: m.snapshotResponse },
        'serverStream',
    ),
    moveLeader: method('Maintenance/MoveLeader', { request: m.moveLeaderRequest, response: m.headerOnly }),
} as const;
