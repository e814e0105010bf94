import type { ChunkToRead, ChunkToStore, CommitNotice, RaftMessage, Ready } from './types.ts';

/** What the next `Ready` will hand out, apart from the log. */
export class Outbox {
    messages: RaftMessage[] = [];
    commitNotices: CommitNotice[] = [];
    messagesAfterPersist: RaftMessage[] = [];
    reads: Ready['reads'][number][] = [];
    chunksToRead: ChunkToRead[] = [];
    chunksToStore: ChunkToStore[] = [];

    get isEmpty(): boolean {
        return (
            this.messages.length === 0 &&
            this.commitNotices.length === 0 &&
            this.messagesAfterPersist.length === 0 &&
            this.reads.length === 0 &&
            this.chunksToRead.length === 0 &&
            this.chunksToStore.length === 0
        );
    }

    take(): Omit<Ready, 'hardState' | 'entries' | 'mustSync' | 'committed'> {
        const { messages, commitNotices, messagesAfterPersist, reads, chunksToRead, chunksToStore } = this;
        this.messages = [];
        this.commitNotices = [];
        this.messagesAfterPersist = [];
        this.reads = [];
        this.chunksToRead = [];
        this.chunksToStore = [];
        return { messages, commitNotices, messagesAfterPersist, reads, chunksToRead, chunksToStore };
    }
}
