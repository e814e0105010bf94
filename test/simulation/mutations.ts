import type { Mutation } from './broken-core.ts';

/** How Raft is classically got wrong. The simulation must find each. */
export const mutations: readonly Mutation[] = [
    {
        name: 'an entry of an old term is committed by counting its copies',
        edits: [
            {
                file: 'commit.ts',
                search: 'if (index <= log.committed || log.termAt(index) !== core.term) return;',
                replace: 'if (index <= log.committed) return;',
            },
        ],
        foundBy: {
            type: 'scenario',
            name: 'figure-8-entries-of-old-terms-commit-only-with-one-of-the-own-term',
        },
    },
    {
        name: 'entries are acknowledged before they are durable',
        edits: [
            {
                file: 'append.ts',
                search: "core.sendAfterPersist(message.from, { type: 'appendReply', match, readRound });",
                replace: "core.send(message.from, { type: 'appendReply', match, readRound });",
            },
        ],
        foundBy: { type: 'seeds', profile: 'any', seeds: [1001, 1003, 1004] },
    },
    {
        name: 'the vote is forgotten across a restart',
        edits: [
            {
                file: 'core.ts',
                search: "this.votedFor = this.term === hardState.term ? hardState.votedFor : '';",
                replace: "this.votedFor = '';",
            },
        ],
        foundBy: { type: 'seeds', profile: 'any', seeds: [1053] },
    },
    {
        name: 'two votes are granted in one term',
        edits: [{ file: 'election.ts', search: 'core.votedFor === from ||', replace: 'true ||' }],
        foundBy: { type: 'seeds', profile: 'any', seeds: [1013, 1009, 1007] },
    },
    {
        name: 'votes are granted to candidates with a shorter log',
        edits: [
            {
                file: 'election.ts',
                search: '&& core.log.isUpToDate(message.lastIndex, message.lastTerm)',
                replace: '',
            },
        ],
        foundBy: { type: 'seeds', profile: 'any', seeds: [1003, 1001, 1009] },
    },
    {
        name: 'the leader counts itself before its entry is durable',
        edits: [{ file: 'commit.ts', search: 'own: log.persisted,', replace: 'own: log.lastIndex,' }],
        foundBy: { type: 'seeds', profile: 'any', seeds: [1001, 1002, 1003] },
    },
    {
        name: 'a late append cuts off entries that are committed',
        edits: [
            {
                file: 'append.ts',
                search: 'if (known === entry.term || entry.index <= log.baseIndex) continue;',
                replace: 'if (entry.index <= log.baseIndex) continue;',
            },
            { file: 'append.ts', search: 'if (entry.index <= log.committed) return false;', replace: '' },
            {
                file: 'raft-log.ts',
                search: "assert(index > this.#committed, 'what is committed stays', { index, committed: this.#committed });",
                replace: '',
            },
        ],
        foundBy: { type: 'seeds', profile: 'any', seeds: [1004, 1007, 1008] },
    },
    {
        name: 'reads are served without asking a quorum',
        edits: [
            {
                file: 'read-index.ts',
                search: 'if (confirming === undefined || confirming.round > confirmed) return;',
                replace: 'if (confirming === undefined) return;',
            },
        ],
        foundBy: { type: 'seeds', profile: 'staleLeaders', seeds: [1004, 1002] },
    },
    {
        name: 'entries are applied before they are committed',
        edits: [
            {
                file: 'raft-log.ts',
                search: 'return this.#delivered < Math.min(this.#committed, this.#persisted);',
                replace: 'return this.#delivered < this.#persisted;',
            },
            {
                file: 'raft-log.ts',
                search: 'const end = Math.min(this.#committed, this.#persisted);',
                replace: 'const end = this.#persisted;',
            },
        ],
        foundBy: { type: 'seeds', profile: 'any', seeds: [1001, 1002, 1003] },
    },
    {
        name: 'entries that contradict the leader stay in the log',
        edits: [
            {
                file: 'append.ts',
                search: 'if (known === entry.term || entry.index <= log.baseIndex) continue;',
                replace: 'continue;',
            },
        ],
        foundBy: { type: 'seeds', profile: 'any', seeds: [1009, 1011, 1008] },
    },
    {
        name: 'a snapshot older than what is committed is installed',
        edits: [
            {
                file: 'snapshot-receive.ts',
                search: 'return snapshot.index <= core.log.committed || core.log.termAt(snapshot.index) === snapshot.term;',
                replace: 'return false;',
            },
        ],
        foundBy: { type: 'seeds', profile: 'any', seeds: [1013, 1035] },
    },
    {
        name: 'the membership changes before the leader has committed in its term',
        edits: [{ file: 'proposals.ts', search: 'log.committed < leadership.openingIndex || ', replace: '' }],
        foundBy: {
            type: 'scenario',
            name: 'membership-bug-of-2015-changes-wait-for-a-commit-of-the-own-term',
        },
    },
    {
        name: 'two membership changes are under way at once',
        edits: [
            { file: 'proposals.ts', search: ' || memberships.currentIndex > log.committed', replace: '' },
        ],
        foundBy: { type: 'scenario', name: 'second-membership-change-waits-for-the-first' },
    },
];
