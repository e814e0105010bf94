import type { Core } from './core.ts';
import type { Leadership } from './leadership.ts';
import { quorumValue } from './quorum.ts';
import { entryBytes } from './raft-log.ts';
import { becomeFollower } from './roles.ts';

/**
 * Commits what is durable on a quorum, counting this member only for what its own disk has. Only an entry of
 * the current term commits by counting, and with it everything before it (figure 8 of the paper).
 */
export function advanceCommit(core: Core, leadership: Leadership): void {
    const { log } = core;
    const index = quorumValue(core, leadership, {
        own: log.persisted,
        of: (progress) => progress.match,
    });
    if (index <= log.committed || log.termAt(index) !== core.term) return;
    for (let at = log.committed + 1; at <= index; at++) {
        const entry = log.entryAt(at);
        if (entry !== undefined) leadership.uncommittedBytes -= entryBytes(entry);
    }
    log.commitTo(index);
    if (core.isRemoved) stepDownAsRemoved(core, leadership);
}

/** The leader's own removal is committed: everybody learns of it, the most complete voter takes over at once. */
function stepDownAsRemoved(core: Core, leadership: Leadership): void {
    const { log } = core;
    let heir: { id: string; match: number } = { id: '', match: -1 };
    for (const progress of leadership.progress.values()) {
        const { id, match } = progress;
        core.send(id, {
            type: 'append',
            previousIndex: match,
            previousTerm: log.termAt(match) ?? 0,
            entries: [],
            commit: log.committed,
            readRound: 0,
        });
        const isVoter = core.memberships.current.voters.includes(id);
        if (isVoter && !progress.forgetful && match > heir.match) heir = { id, match };
    }
    if (heir.id !== '') core.send(heir.id, { type: 'timeoutNow' });
    becomeFollower(core, core.term, '');
}
