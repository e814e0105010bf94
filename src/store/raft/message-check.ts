import type { Entry, Membership, RaftMessage } from './types.ts';

/** What a member of the same kind could have sent. Anything else is dropped: a peer's bug must not be ours. */
export function isWellFormed(message: RaftMessage): boolean {
    if (!isText(message.from) || message.from === '' || !isCount(message.term)) return false;
    switch (message.type) {
        case 'append':
            return isAppend(message);
        case 'appendReply':
            return (
                isCount(message.match) &&
                isCount(message.readRound) &&
                (message.refused === undefined ||
                    (isCount(message.refused.at) &&
                        isCount(message.refused.hintIndex) &&
                        isCount(message.refused.hintTerm)))
            );
        case 'heartbeat':
            return isCount(message.commit) && isCount(message.readRound);
        case 'heartbeatReply':
            return isCount(message.readRound);
        case 'commit':
            return isCount(message.commit);
        case 'preVote':
        case 'vote':
            return isCount(message.lastIndex) && isCount(message.lastTerm);
        case 'preVoteReply':
        case 'voteReply':
            return typeof message.granted === 'boolean';
        case 'timeoutNow':
            return true;
        case 'propose':
            return (
                Array.isArray(message.entries) &&
                message.entries.every(
                    ({ type, data }) =>
                        (type === 'command' || type === 'membership') && Buffer.isBuffer(data),
                )
            );
        case 'readIndex':
            return isCount(message.context);
        case 'readIndexReply':
            return isCount(message.context) && isCount(message.index);
        case 'snapshotChunk':
            return (
                isCount(message.snapshot.index) &&
                isCount(message.snapshot.term) &&
                isMembership(message.snapshot.membership) &&
                isCount(message.chunk) &&
                Buffer.isBuffer(message.data)
            );
        case 'snapshotReply':
            return isCount(message.index) && isCount(message.chunk);
        default:
            return false;
    }
}

/** Entries follow each other and the previous one, in index and in term. */
function isAppend(message: Extract<RaftMessage, { type: 'append' }>): boolean {
    const { previousIndex, previousTerm, entries, commit, readRound, term } = message;
    if (!isCount(previousIndex) || !isCount(previousTerm) || !isCount(commit) || !isCount(readRound))
        return false;
    if (!Array.isArray(entries) || previousTerm > term) return false;
    let index = previousIndex;
    let lastTerm = previousTerm;
    for (const entry of entries as readonly Entry[]) {
        if (entry.index !== ++index || !isCount(entry.term) || entry.term < lastTerm || entry.term > term)
            return false;
        if (!Buffer.isBuffer(entry.data)) return false;
        lastTerm = entry.term;
    }
    return true;
}

function isMembership(membership: Membership): boolean {
    const { voters, learners } = membership;
    return Array.isArray(voters) && voters.every(isText) && Array.isArray(learners) && learners.every(isText);
}

function isCount(value: unknown): boolean {
    return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isText(value: unknown): boolean {
    return typeof value === 'string';
}
