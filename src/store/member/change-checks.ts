import { ClusterError, type ClusterMember } from '../cluster.ts';
import type { MemberId, RaftStatus } from '../raft/types.ts';

/** Members that only receive; each costs the leader what a voter does. */
export const learnersMax = 3;

/** The rules of etcd's "strict reconfiguration check", and its words. Throw ClusterError. */
export function checkAdd(
    members: readonly ClusterMember[],
    { peerUrls, isLearner }: { peerUrls: readonly string[]; isLearner: boolean },
): void {
    const taken = new Set(members.flatMap((member) => member.peerUrls));
    if (peerUrls.length === 0 || peerUrls.some((url) => taken.has(url))) {
        throw new ClusterError('peerUrlExists', 'Peer URLs already exists');
    }
    const learners = members.filter((member) => member.isLearner);
    if (isLearner) {
        if (learners.length < learnersMax) return;
        throw new ClusterError('tooManyLearners', 'too many learner members in cluster');
    }
    const voters = members.filter((member) => !member.isLearner);
    const started = voters.filter(({ name }) => name !== '').length;
    // From one to two there is no other way.
    if (started === 1 && voters.length === 1) return;
    if (started < quorumOf(voters.length + 1)) throw unhealthy();
}

export function checkRemove(members: readonly ClusterMember[], id: MemberId, status: RaftStatus): void {
    const member = find(members, id);
    if (member.isLearner) return;
    const rest = members.filter((other) => !other.isLearner && other.id !== id);
    const reachable = new Set(status.progress.filter(({ active }) => active).map((one) => one.id));
    reachable.add(status.id);
    const healthy = rest.filter((other) => reachable.has(other.id)).length;
    if (rest.length === 0 || healthy < quorumOf(rest.length)) throw unhealthy();
}

export function checkPromote(members: readonly ClusterMember[], id: MemberId): void {
    if (!find(members, id).isLearner) {
        throw new ClusterError('notLearner', 'can only promote a learner member');
    }
}

export function checkUpdate(
    members: readonly ClusterMember[],
    id: MemberId,
    { peerUrls = [] }: { peerUrls?: readonly string[] },
): void {
    find(members, id);
    const others = new Set(members.filter((member) => member.id !== id).flatMap((one) => one.peerUrls));
    if (peerUrls.some((url) => others.has(url))) {
        throw new ClusterError('peerUrlExists', 'Peer URLs already exists');
    }
}

export function checkTransfer(members: readonly ClusterMember[], to: MemberId): void {
    const member = members.find(({ id }) => id === to);
    if (member === undefined || member.isLearner) {
        throw new ClusterError('badTransferee', 'bad leader transferee');
    }
}

function find(members: readonly ClusterMember[], id: MemberId): ClusterMember {
    const member = members.find((one) => one.id === id);
    if (member === undefined) throw new ClusterError('memberNotFound', 'member not found');
    return member;
}

function unhealthy(): ClusterError {
    return new ClusterError('unhealthy', 're-configuration failed due to not enough started members');
}

function quorumOf(voters: number): number {
    return Math.floor(voters / 2) + 1;
}
