import type { Entry, MemberId, Membership, RaftMessage } from '../../src/store/raft/types.ts';
import type { Core } from './core.ts';

/** Texts for traces and scenarios: short, one line each, without what does not matter. */
export function shortId(id: MemberId): string {
    return id.replace(/^0+/, '') || 'nobody';
}

export function describeEntry({ index, term, type, data }: Entry, core: Core): string {
    return `${index}/${term}${describePayload(type, data, core)}`;
}

function describePayload(type: Entry['type'], data: Buffer, core: Core): string {
    switch (type) {
        case 'noop':
            return '';
        case 'membership': {
            const change = core.decodeMembershipChange(data);
            return change === undefined ? '?' : `(${change.type} ${shortId(change.id)})`;
        }
        case 'command':
            return `(${payloadText(data)})`;
    }
}

/** The values that a command puts; or its text, for scenarios. */
function payloadText(data: Buffer): string {
    const text = data.toString();
    return /"value":"([^"]*)"/.exec(text)?.[1] ?? (text.startsWith('{') ? '' : text);
}

export function describeEntries(entries: readonly Entry[], core: Core): string {
    return `[${entries.map((entry) => describeEntry(entry, core)).join(' ')}]`;
}

export function describeMembership({ voters, learners }: Membership): string {
    const text = voters.map(shortId).join(' ');
    return learners.length === 0 ? `(${text})` : `(${text} + ${learners.map(shortId).join(' ')})`;
}

export function describeMessage(message: RaftMessage, core: Core): string {
    const { from, to, term } = message;
    return `${shortId(from)}→${shortId(to)} ${message.type} term ${term}${detail(message, core)}`;
}

function detail(message: RaftMessage, core: Core): string {
    switch (message.type) {
        case 'append': {
            const { previousIndex, previousTerm, entries, commit } = message;
            const round = message.readRound === 0 ? '' : ` round ${message.readRound}`;
            return ` after ${previousIndex}/${previousTerm} ${describeEntries(entries, core)} commit ${commit}${round}`;
        }
        case 'appendReply': {
            const { match, refused } = message;
            if (refused === undefined) return ` match ${match}`;
            return ` refused at ${refused.at}, hint ${refused.hintIndex}/${refused.hintTerm}`;
        }
        case 'heartbeat':
            return ` commit ${message.commit}${message.readRound === 0 ? '' : ` round ${message.readRound}`}`;
        case 'commit':
            return ` ${message.commit}`;
        case 'heartbeatReply':
            return message.readRound === 0 ? '' : ` round ${message.readRound}`;
        case 'preVote':
        case 'vote':
            return ` last ${message.lastIndex}/${message.lastTerm}${message.transfer ? ' transfer' : ''}`;
        case 'preVoteReply':
        case 'voteReply':
            return message.granted ? ' granted' : ' refused';
        case 'timeoutNow':
        case 'readIndex':
            return '';
        case 'propose':
            return ` ${message.entries.length} entries`;
        case 'readIndexReply':
            return message.refused ? ' refused' : ` index ${message.index}`;
        case 'snapshotChunk': {
            const { snapshot, last } = message;
            return ` snapshot ${snapshot.index}/${snapshot.term} ${describeMembership(snapshot.membership)}${last ? ' last' : ''}`;
        }
        case 'snapshotReply':
            return ` snapshot ${message.index} ${message.status}`;
    }
}
