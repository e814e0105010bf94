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
        foundBy: { type: 'seeds', profile: 'newLeaders', seeds: [1132, 1234] },
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
        foundBy: { type: 'seeds', profile: 'any', seeds: [1003, 1004, 1005] },
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
        foundBy: { type: 'seeds', profile: 'elections', seeds: [1006, 1004, 1002] },
    },
    {
        name: 'two votes are granted in one term',
        edits: [{ file: 'election.ts', search: 'core.votedFor === from ||', replace: 'true ||' }],
        foundBy: { type: 'seeds', profile: 'any', seeds: [1006, 1008, 1002] },
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
        foundBy: { type: 'seeds', profile: 'any', seeds: [1003, 1001, 1002] },
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
        foundBy: { type: 'seeds', profile: 'any', seeds: [1004, 1001, 1003] },
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
        foundBy: { type: 'seeds', profile: 'staleLeaders', seeds: [1002, 1003, 1001] },
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
        foundBy: { type: 'seeds', profile: 'any', seeds: [1004, 1008, 1012] },
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
        foundBy: { type: 'seeds', profile: 'any', seeds: [1053, 1035, 1078] },
    },
    {
        name: 'the membership changes before the leader has committed in its term',
        edits: [{ file: 'proposals.ts', search: 'log.committed < leadership.openingIndex || ', replace: '' }],
        foundBy: { type: 'seeds', profile: 'membership', seeds: [1008, 1010, 1029] },
    },
    {
        name: 'two membership changes are under way at once',
        edits: [
            { file: 'proposals.ts', search: ' || memberships.currentIndex > log.committed', replace: '' },
        ],
        foundBy: { type: 'seeds', profile: 'membership', seeds: [1001, 1003, 1005] },
    },
    {
        name: 'a member that has lost its disk votes at once',
        edits: [
            { file: 'election.ts', search: 'free && !core.forgetful &&', replace: 'free &&' },
            {
                file: 'election.ts',
                search: '!core.isRemoved && !core.forgetful &&',
                replace: '!core.isRemoved &&',
            },
        ],
        foundBy: { type: 'seeds', profile: 'lostDisks', seeds: [36, 19, 37] },
    },
    {
        name: 'a member that has lost its disk forgets that with the next restart',
        edits: [
            {
                file: 'core.ts',
                search: 'this.lostUpTo = hardState.commit > lastIndex ? hardState.commit : 0;',
                replace: 'this.lostUpTo = 0;',
            },
        ],
        foundBy: { type: 'seeds', profile: 'lostDisks', seeds: [36, 119, 165] },
    },
    {
        name: 'a member that has lost its disk votes again in the term in which it did',
        edits: [
            { file: 'core.ts', search: "if (this.votedFor === '') this.votedFor = this.id;", replace: '' },
        ],
        foundBy: { type: 'scenario', name: 'emptied-disk-is-refused-a-vote-until-it-has-caught-up' },
    },
    {
        name: 'an emptied disk counts towards the quorum',
        edits: [
            {
                file: 'quorum.ts',
                search: 'progress === undefined || progress.forgetful',
                replace: 'progress === undefined',
            },
        ],
        foundBy: { type: 'seeds', profile: 'lostDisks', seeds: [1005, 1003, 1007] },
    },
    {
        name: 'what a lost disk had acknowledged still counts',
        edits: [{ file: 'progress.ts', search: '        this.match = 0;\n', replace: '' }],
        foundBy: { type: 'seeds', profile: 'lostDisks', seeds: [94, 2, 163] },
    },
    {
        name: 'commit notices and heartbeats speak of more than the follower has acknowledged',
        edits: [
            {
                file: 'progress.ts',
                search: 'return Math.min(this.match, committed);',
                replace: 'return committed;',
            },
        ],
        foundBy: { type: 'seeds', profile: 'any', seeds: [1001, 1002, 1003] },
    },
    {
        name: 'a follower takes a commit notice for as much of it as its log has',
        edits: [
            {
                file: 'append.ts',
                search: 'if (commit <= log.lastIndex) {\n        log.commitTo(commit);',
                replace: 'if (true) {\n        log.commitTo(Math.min(commit, log.lastIndex));',
            },
        ],
        foundBy: {
            type: 'scenario',
            name: 'put-back-disk-neither-votes-nor-serves-until-it-has-caught-up',
        },
    },
    {
        name: 'a member that was unreachable once is sent nothing any more',
        edits: [
            {
                file: 'replication.ts',
                search: 'progress.paused = true;\n        progress.movedAt = core.now;',
                replace: 'progress.paused = true;\n        progress.movedAt = Infinity;',
            },
        ],
        foundBy: { type: 'seeds', profile: 'any', seeds: [1029, 1012, 1003] },
    },
    {
        name: 'a sync that failed is reported as done',
        edits: [],
        foundBy: { type: 'seeds', profile: 'ignoredFailures', seeds: [1002, 1001, 1003] },
    },
];
