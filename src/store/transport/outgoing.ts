import type { MemberId, RaftMessage } from '../raft/types.ts';
import type { Weight } from './peer-endpoint.ts';

export interface OutgoingGroup {
    to: MemberId;
    weight: Weight;
    messages: RaftMessage[];
}

/** What goes to one member and may be dropped together, in order. */
export function groupByPeer(messages: readonly RaftMessage[]): OutgoingGroup[] {
    const groups: OutgoingGroup[] = [];
    for (const message of messages) {
        const weight = weightOf(message);
        const group = groups.find((known) => known.to === message.to && known.weight === weight);
        if (group === undefined) groups.push({ to: message.to, weight, messages: [message] });
        else group.messages.push(message);
    }
    return groups;
}

function weightOf(message: RaftMessage): Weight {
    switch (message.type) {
        case 'snapshotChunk':
            return 'bulk';
        case 'append':
        case 'propose':
            return message.entries.length > 0 ? 'heavy' : 'light';
        default:
            return 'light';
    }
}
