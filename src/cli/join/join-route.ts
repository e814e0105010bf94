import { statusErrors } from '../../api/meta/status-error.ts';
import type { NonResourceRoute } from '../../components/apiserver/extensions.ts';
import type { ApiRequest } from '../../components/apiserver/request.ts';
import { exportControlPlaneKeys } from '../../pki/control-plane-keys.ts';
import { ClusterError, type Cluster, type ClusterMember } from '../../store/cluster.ts';
import type { ClusterSettings } from './cluster-settings.ts';

/** Where a master asks to be let in, with the join token as its credential. */
export const joinPath = '/hyperkube/v1/join';

/** What a joining master says of itself. */
export interface JoinRequest {
    name: string;
    peerUrls: string[];
}

/** What it is given. */
export interface JoinResponse {
    clusterId: string;
    memberId: string;
    members: ClusterMember[];
    /** The authorities and the service-account key, encrypted with the token's secret, base64. */
    keys: string;
    settings: ClusterSettings;
}

export interface JoinRouteOptions {
    cluster: Cluster;
    pkiDirectory: string;
    /** Of what is encrypted in the store; undefined for nothing. */
    encryptionConfig: string | undefined;
    /** The join token's. */
    secret: string;
    settings: ClusterSettings;
}

/** Adds the caller to the cluster as a learner, which becomes a voter when it has caught up. */
export function joinRoute(options: JoinRouteOptions): NonResourceRoute {
    return {
        path: joinPath,
        handle: async (request) => {
            if (request.method !== 'POST') throw statusErrors.pathNotFound();
            const wanted = await readRequest(request);
            const member = await admit(options.cluster, wanted);
            const { cluster, settings, pkiDirectory, secret, encryptionConfig } = options;
            const keys = await exportControlPlaneKeys(pkiDirectory, secret, encryptionConfig);
            const response: JoinResponse = {
                clusterId: cluster.clusterId,
                memberId: member.id,
                members: [...cluster.members()],
                keys: keys.toString('base64'),
                settings,
            };
            return { type: 'value', status: 200, value: response };
        },
    };
}

/** A master that asks again, because it died before it started, gets the same answer. */
async function admit(cluster: Cluster, wanted: JoinRequest): Promise<ClusterMember> {
    try {
        return await cluster.addMember({ ...wanted, isLearner: true });
    } catch (error) {
        if (!(error instanceof ClusterError)) throw error;
        const sameUrls = (member: ClusterMember): boolean =>
            member.peerUrls.join() === wanted.peerUrls.join();
        const known = cluster.members().find(sameUrls);
        if (error.reason === 'peerUrlExists' && known?.isLearner === true) return known;
        if (error.reason === 'peerUrlExists') {
            throw statusErrors.badRequest(
                `a member with the address ${wanted.peerUrls.join(', ')} is in the cluster already. If its data is lost, ` +
                    `remove it first: hyperkube member remove ${known?.id ?? '<id>'}`,
            );
        }
        if (error.reason === 'pending' || error.reason === 'noLeader' || error.reason === 'timeout') {
            throw statusErrors.serviceUnavailable(error.message);
        }
        throw statusErrors.badRequest(error.message);
    }
}

async function readRequest(request: ApiRequest): Promise<JoinRequest> {
    const body = await request.body();
    let value: unknown;
    try {
        value = body.type === 'value' ? body.value : JSON.parse(body.bytes.toString());
    } catch {
        throw statusErrors.badRequest('the body is not JSON');
    }
    const { name, peerUrls } = (value ?? {}) as Partial<Record<keyof JoinRequest, unknown>>;
    if (typeof name !== 'string' || name === '') throw statusErrors.badRequest('"name" is missing');
    if (!Array.isArray(peerUrls) || peerUrls.length === 0 || !peerUrls.every(isPeerUrl)) {
        throw statusErrors.badRequest('"peerUrls" must be addresses such as https://192.168.0.11:2380');
    }
    return { name, peerUrls };
}

function isPeerUrl(value: unknown): value is string {
    return typeof value === 'string' && value.length < 300 && /^https:\/\/[^/]+:\d+$/.test(value);
}
