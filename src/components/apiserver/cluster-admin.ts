import { statusErrors } from '../../api/meta/status-error.ts';
import { ClusterError, type Cluster, type ClusterMember } from '../../store/cluster.ts';
import type { NonResourceRoute } from './extensions.ts';
import type { ApiRequest, ApiResult } from './request.ts';

/**
 * Administration of the store's members, for `hyperkube member`; no rule of the cluster's roles names the path, so
 * that it is for system:masters only.
 *
 *     GET    /hyperkube/v1/members                    MemberTable
 *     POST   /hyperkube/v1/members                    NewMember → MemberRow
 *     DELETE /hyperkube/v1/members/<id>
 *     POST   /hyperkube/v1/members/<id>/promote
 *     POST   /hyperkube/v1/members/<id>/transfer      make it the leader
 */
export const membersPath = '/hyperkube/v1/members';

export interface MemberTable {
    clusterId: string;
    members: MemberRow[];
}

export interface MemberRow extends ClusterMember {
    /** As the asked member sees it. */
    isLeader: boolean;
}

export interface NewMember {
    peerUrls: string[];
    isLearner: boolean;
    name?: string;
}

const bodyBytesMax = 64 * 1024;
const urlsMax = 16;

export function clusterAdminRoute(cluster: Cluster): NonResourceRoute {
    return {
        path: membersPath,
        prefix: true,
        handle: async (request) => {
            try {
                return await handle(request, cluster);
            } catch (error) {
                throw error instanceof ClusterError ? statusOf(error) : error;
            }
        },
    };
}

async function handle(request: ApiRequest, cluster: Cluster): Promise<ApiResult> {
    const [id = '', action = '', ...more] = request.path.slice(membersPath.length + 1).split('/');
    if (more.length > 0) throw statusErrors.pathNotFound();
    switch (`${request.method} ${id === '' ? '' : '<id>'}${action === '' ? '' : `/${action}`}`) {
        case 'GET ':
            return value(await table(cluster));
        case 'POST ': {
            const added = await cluster.addMember(await readNewMember(request));
            return value({ ...added, isLeader: false } satisfies MemberRow);
        }
        case 'DELETE <id>':
            await cluster.removeMember(id);
            return value(await table(cluster));
        case 'POST <id>/promote':
            await cluster.promoteMember(id);
            return value(await table(cluster));
        case 'POST <id>/transfer':
            await cluster.transferLeadership(id);
            return value(await table(cluster));
        default:
            throw statusErrors.pathNotFound();
    }
}

async function table(cluster: Cluster): Promise<MemberTable> {
    const { leader } = await cluster.status();
    const members = cluster.members().map((member) => ({ ...member, isLeader: member.id === leader }));
    return { clusterId: cluster.clusterId, members };
}

async function readNewMember(request: ApiRequest): Promise<NewMember> {
    const body = await request.body();
    let parsed: unknown;
    if (body.type === 'value') parsed = body.value;
    else {
        if (body.bytes.length > bodyBytesMax) throw statusErrors.badRequest('the body is too large');
        try {
            parsed = JSON.parse(body.bytes.toString());
        } catch (cause) {
            throw statusErrors.badRequest('the body is not JSON', { cause });
        }
    }
    const { peerUrls, isLearner, name } = (parsed ?? {}) as Partial<Record<keyof NewMember, unknown>>;
    if (!Array.isArray(peerUrls) || peerUrls.length > urlsMax || !peerUrls.every(isPeerUrl)) {
        throw statusErrors.badRequest('"peerUrls" must be addresses such as https://192.168.0.11:2380');
    }
    if (name !== undefined && typeof name !== 'string')
        throw statusErrors.badRequest('"name" must be a text');
    return { peerUrls, isLearner: isLearner === true, ...(name !== undefined && { name }) };
}

function isPeerUrl(url: unknown): url is string {
    return typeof url === 'string' && url.length < 300 && /^https?:\/\/[^/\s]+:\d+$/.test(url);
}

function statusOf(error: ClusterError): Error {
    switch (error.reason) {
        case 'memberNotFound':
            return statusErrors.badRequest('there is no such member: see hyperkube member list', {
                cause: error,
            });
        case 'pending':
        case 'noLeader':
        case 'notLeader':
        case 'timeout':
            return statusErrors.serviceUnavailable(error.message);
        case 'memberExists':
        case 'peerUrlExists':
        case 'notLearner':
        case 'learnerNotReady':
        case 'tooManyLearners':
        case 'unhealthy':
        case 'badTransferee':
            return statusErrors.badRequest(error.message, { cause: error });
    }
}

function value(content: object): ApiResult {
    return { type: 'value', status: 200, value: content };
}
