import { assert } from '../../util/assert.ts';
import type { MemberId, Membership, MembershipChange } from './types.ts';

/**
 * Membership entries on disk and on the wire:
 *
 *     ┌──────┬───────────┬────┬─────────┐
 *     │ kind │ id length │ id │ context │
 *     └─1────┴─1─────────┴────┴─rest────┘
 */
const kinds = ['addLearner', 'addVoter', 'promote', 'remove', 'update'] as const;
/** Kind 0 is nobody's, so that a zeroed entry decodes as nothing. */
const firstKind = 1;
const headerBytes = 2;
const idBytesMax = 255;

export const emptyMembership: Membership = { voters: [], learners: [] };

export function encodeMembershipChange(change: MembershipChange): Buffer {
    const id = Buffer.from(change.id, 'latin1');
    assert(id.length > 0 && id.length <= idBytesMax, 'a member id fits into its field', { id: change.id });
    const header = Buffer.from([kinds.indexOf(change.type) + firstKind, id.length]);
    return Buffer.concat([header, id, change.context]);
}

/** Undefined for what is no membership change: every member then ignores the entry in the same way. */
export function decodeMembershipChange(data: Buffer): MembershipChange | undefined {
    const type = kinds[(data[0] ?? 0) - firstKind];
    const idBytes = data[1] ?? 0;
    if (type === undefined || idBytes === 0 || data.length < headerBytes + idBytes) return undefined;
    const id = data.toString('latin1', headerBytes, headerBytes + idBytes);
    return { type, id, context: data.subarray(headerBytes + idBytes) };
}

/** Total and deterministic: a change that makes no sense for `membership` leaves it as it is. */
export function applyMembershipChange(membership: Membership, change: MembershipChange): Membership {
    if (!isSensible(membership, change)) return membership;
    const { voters, learners } = membership;
    switch (change.type) {
        case 'addLearner':
            return { voters, learners: [...learners, change.id] };
        case 'addVoter':
            return { voters: [...voters, change.id], learners };
        case 'promote':
            return { voters: [...voters, change.id], learners: without(learners, change.id) };
        case 'remove':
            return { voters: without(voters, change.id), learners: without(learners, change.id) };
        case 'update':
            return membership;
    }
}

/** Known member or not, already a voter or not, not the last voter. */
export function isSensible(membership: Membership, change: MembershipChange): boolean {
    const isVoter = membership.voters.includes(change.id);
    const isLearner = membership.learners.includes(change.id);
    switch (change.type) {
        case 'addLearner':
        case 'addVoter':
            return !isVoter && !isLearner;
        case 'promote':
            return isLearner;
        case 'remove':
            return isLearner || (isVoter && membership.voters.length > 1);
        case 'update':
            return isVoter || isLearner;
    }
}

export function isMember(membership: Membership, id: MemberId): boolean {
    return membership.voters.includes(id) || membership.learners.includes(id);
}

export function quorumOf(membership: Membership): number {
    return Math.floor(membership.voters.length / 2) + 1;
}

function without(ids: readonly MemberId[], id: MemberId): readonly MemberId[] {
    return ids.filter((other) => other !== id);
}
