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
        seeds: [],
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
        seeds: [],
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
        seeds: [],
    },
    {
        name: 'two votes are granted in one term',
        edits: [{ file: 'election.ts', search: 'core.votedFor === from ||', replace: 'true ||' }],
        seeds: [],
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
        seeds: [],
    },
    {
        name: 'the leader counts itself before its entry is durable',
        edits: [{ file: 'commit.ts', search: 'own: log.persisted,', replace: 'own: log.lastIndex,' }],
        seeds: [],
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
        seeds: [],
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
        seeds: [],
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
        seeds: [],
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
        seeds: [],
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
        seeds: [],
    },
    {
        name: 'the membership changes before the leader has committed in its term',
        edits: [{ file: 'proposals.ts', search: 'log.committed < leadership.openingIndex || ', replace: '' }],
        seeds: [],
    },
    {
        name: 'two membership changes are under way at once',
        edits: [
            { file: 'proposals.ts', search: ' || memberships.currentIndex > log.committed', replace: '' },
        ],
        seeds: [],
    },
];
