import type { ClusterMember } from '../cluster.ts';
import type { Disk } from '../disk/disk.ts';
import { loadRaftState, type LoadedRaftState } from '../log/load-raft-state.ts';
import { bootstrapWrites, membershipOf, type RaftRecords } from '../log/raft-records.ts';
import { recover } from '../mvcc/recover.ts';
import { emptyMembership } from '../raft/membership.ts';
import { clusterIdOf, memberIdOf, randomId } from './identity.ts';
import { MemberError, type InitialMember, type JoinOptions, type MemberOptions } from './options.ts';

/** Where the log of a new cluster begins; a member that joins begins before it, and so gets the state. */
const firstPosition = { index: 1, term: 1 };

/** This member's part in Raft: what is on disk, or what the options make of an empty or unclustered disk. */
export async function loadOrBootstrap(disk: Disk, options: MemberOptions): Promise<LoadedRaftState> {
    const found = await loadRaftState(disk);
    if (found !== undefined) {
        checkFits(found, options);
        return found;
    }
    const { join, initialCluster = [] } = options;
    if (join !== undefined || initialCluster.length > 1) await refuseData(disk, options.directory);
    const records =
        join === undefined ? newCluster(options, initialCluster) : joining(join, options.directory);
    await disk.write(bootstrapWrites(records), { sync: true });
    const written = await loadRaftState(disk);
    if (written === undefined) throw new MemberError('invalid', 'the store lost what was written to it');
    return written;
}

function checkFits({ identity, memberList }: LoadedRaftState, { directory, join }: MemberOptions): void {
    if (memberList.removed.includes(identity.memberId)) {
        throw new MemberError(
            'removed',
            `member ${identity.memberId} was removed from its cluster; to join again, delete ${directory} and add it anew`,
        );
    }
    if (join === undefined) return;
    if (join.clusterId === identity.clusterId && join.memberId === identity.memberId) return;
    throw new MemberError(
        'otherCluster',
        `${directory} holds member ${identity.memberId} of cluster ${identity.clusterId}, not ${join.memberId} of ${join.clusterId}: ` +
            'delete it to join that cluster with an empty store, or use another directory',
    );
}

async function refuseData(disk: Disk, directory: string): Promise<void> {
    const { history } = await recover(disk);
    if (history.newestTxn === 0) return;
    throw new MemberError(
        'otherCluster',
        `${directory} holds the data of a store by itself: delete it to join a cluster, or use another directory`,
    );
}

/** Alone, which may also be a store from before it knew of clusters, or several at once. */
function newCluster(options: MemberOptions, initial: readonly InitialMember[]): RaftRecords {
    const { name, peerUrls, clientUrls, initialClusterToken: token } = options;
    const all = initial.length > 0 ? initial : [{ name, peerUrls }];
    const self = all.find((member) => member.name === name);
    if (self === undefined) {
        throw new MemberError('invalid', `the initial cluster has no member named "${name}"`);
    }
    if (all.length > 1 && token === undefined) {
        throw new MemberError('invalid', 'several initial members need a common token');
    }
    const idOf = (member: InitialMember): string =>
        token === undefined ? randomId() : memberIdOf(member.peerUrls, token);
    const members = all
        .map((member): ClusterMember => ({
            id: idOf(member),
            name: member.name,
            peerUrls: member.peerUrls,
            clientUrls: member === self ? clientUrls : [],
            isLearner: false,
        }))
        .sort((a, b) => (a.id < b.id ? -1 : 1));
    const ids = members.map(({ id }) => id);
    if (new Set(ids).size < ids.length) {
        throw new MemberError('invalid', 'two initial members have the same peer URLs');
    }
    const memberId = members.find((member) => member.name === name)?.id ?? '';
    // Client URLs differ in what each member knows of them; they follow with the first update.
    const known = members.length === 1 ? members : members.map((one) => ({ ...one, clientUrls: [] }));
    return {
        identity: { memberId, clusterId: token === undefined ? randomId() : clusterIdOf(ids) },
        hardState: { term: firstPosition.term, votedFor: '', commit: firstPosition.index },
        snapshot: { ...firstPosition, membership: membershipOf(members) },
        applied: { ...firstPosition, revision: 1 },
        memberList: { members: known, removed: [] },
    };
}

function joining({ clusterId, memberId, members }: JoinOptions, directory: string): RaftRecords {
    if (!members.some(({ id }) => id === memberId)) {
        throw new MemberError(
            'invalid',
            `member ${memberId} is not in the cluster that ${directory} should join; add it first`,
        );
    }
    return {
        identity: { clusterId, memberId },
        hardState: { term: 0, votedFor: '', commit: 0 },
        snapshot: { index: 0, term: 0, membership: emptyMembership },
        applied: { index: 0, term: 0, revision: 1 },
        memberList: { members, removed: [] },
    };
}
