import type { Logger } from '../../util/logger.ts';
import type { ClusterMember } from '../cluster.ts';
import type { Disk } from '../disk/disk.ts';
import { namingDirectory } from '../disk/disk-error.ts';
import { openLevelDisk } from '../disk/open-disk.ts';
import { revisionBump } from '../backup/restore.ts';
import { compactedWrite } from '../mvcc/meta.ts';
import { loadRaftState, type LoadedRaftState } from '../log/load-raft-state.ts';
import { entryWrites, hardStateWrite, membershipOf, bootstrapWrites } from '../log/raft-records.ts';
import type { DiskWrite } from '../log/log.ts';
import type { Entry } from '../raft/types.ts';
import { randomId } from './identity.ts';
import { MemberError } from './options.ts';

export interface ResetResult {
    /** New, so that lost members that come back cannot disturb. */
    clusterId: string;
    memberId: string;
    /** Who is not a member any more. */
    dropped: readonly ClusterMember[];
}

/**
 * Makes a cluster of one of the member whose store is in `directory`, when the others are lost for good. The
 * revision grows as after the restoration of a snapshot, and for the same reason. Nothing is lost that this member has applied, nor what of its log was not known to be committed. The member must not
 * run; the others' directories have to be deleted before they join anew. Rejects with StoreError ('locked' while
 * the member runs) and MemberError.
 */
export async function resetMembership(directory: string, logger: Logger): Promise<ResetResult> {
    const disk = await openLevelDisk(directory, logger);
    try {
        return await resetMembershipOn(disk, directory);
    } catch (error) {
        throw namingDirectory(error, directory);
    } finally {
        await disk.close();
    }
}

export async function resetMembershipOn(disk: Disk, directory: string): Promise<ResetResult> {
    const loaded = await loadRaftState(disk);
    if (loaded === undefined) {
        throw new MemberError(
            'invalid',
            `${directory} holds no member of a cluster: there is nothing to reset`,
        );
    }
    if (loaded.applied.index === 0) {
        throw new MemberError(
            'invalid',
            `the member in ${directory} never received the cluster's data: reset another one`,
        );
    }
    const { memberId } = loaded.identity;
    const clusterId = randomId();
    await disk.write(resetWrites(loaded, clusterId), { sync: true });
    return {
        clusterId,
        memberId,
        dropped: loaded.memberList.members.filter(({ id }) => id !== memberId),
    };
}

function resetWrites(
    { identity, persisted, applied, memberList }: LoadedRaftState,
    clusterId: string,
): DiskWrite[] {
    const { memberId } = identity;
    const { hardState, snapshot, entries } = persisted;
    const own = memberList.members.find(({ id }) => id === memberId);
    const self: ClusterMember = {
        ...(own ?? { id: memberId, name: '', peerUrls: [], clientUrls: [] }),
        isLearner: false,
    };
    const dropped = memberList.members.filter(({ id }) => id !== memberId).map(({ id }) => id);
    const lastIndex = entries.at(-1)?.index ?? snapshot.index;
    // The others may have told clients of revisions that this member does not know.
    const revision = applied.revision + revisionBump;
    return [
        compactedWrite(revision),
        ...bootstrapWrites({
            identity: { clusterId, memberId },
            hardState,
            snapshot: { ...snapshot, membership: membershipOf([self]) },
            applied: { ...applied, revision },
            memberList: {
                members: [self],
                removed: [...memberList.removed.filter((id) => id !== memberId), ...dropped],
            },
        }),
        // What was to become of the old membership is of no concern to the new one.
        ...entryWrites(
            entries.map((entry): Entry =>
                entry.type === 'membership' ? { ...entry, type: 'noop', data: Buffer.alloc(0) } : entry,
            ),
            lastIndex,
        ),
        hardStateWrite({ term: hardState.term + 1, votedFor: '', commit: lastIndex }),
    ];
}
