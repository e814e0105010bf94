import { ClusterError } from '../../cluster.ts';
import type { ProposeRefusal } from '../../raft/types.ts';

/** Why the consensus core refused a change of the members, as an administrator is told. */
export function membershipRefused(reason: ProposeRefusal): ClusterError {
    switch (reason) {
        case 'noLeader':
        case 'removed':
            return new ClusterError('notLeader', 'this member does not lead the cluster');
        case 'busy':
        case 'transferring':
        case 'membershipPending':
            return new ClusterError('pending', 'another change of the cluster is under way');
        case 'learnerNotReady':
            return new ClusterError(
                'learnerNotReady',
                'can only promote a learner member which is in sync with leader',
            );
        case 'invalid':
            return new ClusterError('memberNotFound', 'the change makes no sense for the members there are');
    }
}
