import { ClusterError, type ClusterErrorReason, type ClusterMember } from '../cluster.ts';
import type { MemberId } from '../raft/types.ts';
import type { MemberAttributes } from './member-list.ts';

/** What only the leader can do; as JSON to it when that is another member. */
export type ClusterRequest =
    | { type: 'add'; member: { peerUrls: readonly string[]; isLearner: boolean; name?: string } }
    | { type: 'remove'; id: MemberId }
    | { type: 'promote'; id: MemberId }
    | { type: 'update'; id: MemberId; change: MemberAttributes }
    | { type: 'transfer'; to: MemberId };

export type ClusterAnswer =
    | { type: 'done'; member?: ClusterMember }
    | { type: 'failed'; reason: ClusterErrorReason; message: string };

/** The peer requests of this module: for the leader, and for a member that does not know the cluster yet. */
export const clusterMethod = 'cluster';
export const membersMethod = 'members';

/** What `membersMethod` answers. */
export interface ClusterDescription {
    clusterId: string;
    members: readonly ClusterMember[];
}

export function encodeRequest(request: ClusterRequest): Buffer {
    return Buffer.from(JSON.stringify(request));
}

/** The sender is a member of the cluster, of this version or a later one. */
export function decodeRequest(body: Buffer): ClusterRequest {
    return JSON.parse(body.toString()) as ClusterRequest;
}

export async function answerTo(work: Promise<ClusterMember | undefined>): Promise<Buffer> {
    let answer: ClusterAnswer;
    try {
        const member = await work;
        answer = member === undefined ? { type: 'done' } : { type: 'done', member };
    } catch (error) {
        if (!(error instanceof ClusterError)) throw error;
        answer = { type: 'failed', reason: error.reason, message: error.message };
    }
    return Buffer.from(JSON.stringify(answer));
}

/** Throws the leader's ClusterError. */
export function decodeAnswer(body: Buffer): ClusterMember | undefined {
    const answer = JSON.parse(body.toString()) as ClusterAnswer;
    if (answer.type === 'done') return answer.member;
    throw new ClusterError(answer.reason, answer.message);
}
