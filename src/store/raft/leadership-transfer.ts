import type { Core, MessageOf } from './core.ts';
import { isPromotable, standForElection } from './election.ts';
import type { MemberId } from './types.ts';

/**
 * Leadership transfer (3.10): no new proposals, the successor's log is completed, then it is told to stand for
 * election at once. Given up after an election timeout.
 */
export function transferLeadership(core: Core, to: MemberId): 'started' | 'notLeader' | 'invalid' {
    const { leadership } = core;
    if (leadership === undefined) return 'notLeader';
    const progress = leadership.progress.get(to);
    if (progress === undefined || progress.forgetful) return 'invalid';
    if (!core.memberships.current.voters.includes(to)) return 'invalid';
    leadership.transfer = { to, until: core.now + core.electionTicks, told: false };
    if (progress.state === 'probe') progress.paused = false;
    sendTimeoutNowWhenReady(core);
    return 'started';
}

export function sendTimeoutNowWhenReady(core: Core): void {
    const { leadership } = core;
    const transfer = leadership?.transfer;
    if (leadership === undefined || transfer === undefined || transfer.told) return;
    if (leadership.progress.get(transfer.to)?.match !== core.log.lastIndex) return;
    transfer.told = true;
    leadership.leaseBroken = true;
    core.send(transfer.to, { type: 'timeoutNow' });
}

export function tickTransfer(core: Core): void {
    const { leadership } = core;
    if (leadership?.transfer === undefined) return;
    if (
        leadership.transfer.until <= core.now ||
        !core.memberships.current.voters.includes(leadership.transfer.to)
    ) {
        leadership.transfer = undefined;
    }
}

export function handleTimeoutNow(core: Core, message: MessageOf<'timeoutNow'>): void {
    if (core.leader !== message.from || core.leadership !== undefined || !isPromotable(core)) return;
    standForElection(core, true);
}
