import type { ClusterMember } from '../cluster.ts';
import { membershipOf, type MemberList } from '../log/raft-records.ts';
import { isSensible } from '../raft/membership.ts';
import type { MemberId, MembershipChange } from '../raft/types.ts';

/** What of a member travels with a membership change; what is absent stays as it is. */
export type MemberAttributes = Partial<Pick<ClusterMember, 'name' | 'peerUrls' | 'clientUrls'>>;

export function encodeAttributes(attributes: MemberAttributes): Buffer {
    return Buffer.from(JSON.stringify(attributes));
}

/** Total, so that every member makes the same of it: what is no attribute is left out. */
export function decodeAttributes(context: Buffer): MemberAttributes {
    let parsed: unknown;
    try {
        parsed = JSON.parse(context.toString());
    } catch {
        return {};
    }
    if (typeof parsed !== 'object' || parsed === null) return {};
    const { name, peerUrls, clientUrls } = parsed as Record<string, unknown>;
    return {
        ...(typeof name === 'string' && { name }),
        ...(isTexts(peerUrls) && { peerUrls }),
        ...(isTexts(clientUrls) && { clientUrls }),
    };
}

/** The list after a committed change; the same as before when the change makes no sense, as in the core. */
export function changeMembers(list: MemberList, change: MembershipChange): MemberList {
    const { members, removed } = list;
    if (!isSensible(membershipOf(members), change)) return list;
    const { id } = change;
    const attributes = decodeAttributes(change.context);
    switch (change.type) {
        case 'addLearner':
        case 'addVoter': {
            const isLearner = change.type === 'addLearner';
            const added = { id, name: '', peerUrls: [], clientUrls: [], ...attributes, isLearner };
            return { members: [...members, added].sort(byId), removed };
        }
        case 'promote':
            return { members: replace(members, id, { isLearner: false }), removed };
        case 'remove':
            return { members: members.filter((member) => member.id !== id), removed: [...removed, id] };
        case 'update':
            return { members: replace(members, id, attributes), removed };
    }
}

function replace(
    members: readonly ClusterMember[],
    id: MemberId,
    change: Partial<ClusterMember>,
): ClusterMember[] {
    return members.map((member) => (member.id === id ? { ...member, ...change } : member));
}

function byId(a: ClusterMember, b: ClusterMember): number {
    return a.id < b.id ? -1 : 1;
}

function isTexts(value: unknown): value is string[] {
    return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
