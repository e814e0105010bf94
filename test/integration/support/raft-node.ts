import { createRaft } from '../../../src/store/raft/raft.ts';
import type { MemberId, Raft, RaftMessage } from '../../../src/store/raft/types.ts';

export const tickMs = 50;
export const heartbeatTicks = 2;
export const electionTicks = 20;

/** A Raft core that writes nothing down, for tests of what lies between members. */
export class RaftNode {
    readonly raft: Raft;
    readonly #send: (messages: readonly RaftMessage[]) => void;

    constructor(id: MemberId, voters: readonly MemberId[], send: (messages: readonly RaftMessage[]) => void) {
        this.#send = send;
        this.raft = createRaft(
            {
                id,
                electionTicks,
                heartbeatTicks,
                random: Math.random,
                appendBytesMax: 1024 * 1024,
                inflightAppendsMax: 16,
                uncommittedBytesMax: 16 * 1024 * 1024,
                pendingReadsMax: 100,
                readMode: 'quorum',
            },
            {
                hardState: { term: 0, votedFor: '', commit: 0 },
                snapshot: { index: 0, term: 0, membership: { voters, learners: [] } },
                entries: [],
                applied: 0,
            },
        );
    }

    tick(): void {
        this.raft.tick();
        this.carryOut();
    }

    receive(messages: readonly RaftMessage[]): void {
        for (const message of messages) this.raft.step(message);
        this.carryOut();
    }

    carryOut(): void {
        while (this.raft.hasReady()) {
            const ready = this.raft.ready();
            this.#send([...ready.messages, ...ready.commitNotices]);
            this.raft.persisted(ready);
            this.#send(ready.messagesAfterPersist);
            const last = ready.committed.at(-1);
            if (last !== undefined) this.raft.appliedTo(last.index);
        }
    }
}
