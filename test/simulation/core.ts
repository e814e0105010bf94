import { applyMembershipChange, decodeMembershipChange } from '../../src/store/raft/membership.ts';
import { createRaft } from '../../src/store/raft/raft.ts';
import type {
    Raft,
    RaftConfig,
    Membership,
    MembershipChange,
    PersistedState,
} from '../../src/store/raft/types.ts';

/** What is simulated: src/store/raft, or a copy of it that was broken on purpose. */
export interface Core {
    createRaft(config: RaftConfig, persisted: PersistedState): Raft;
    decodeMembershipChange(data: Buffer): MembershipChange | undefined;
    applyMembershipChange(membership: Membership, change: MembershipChange): Membership;
}

export const productionCore: Core = { createRaft, decodeMembershipChange, applyMembershipChange };
