import type { ChunkToRead, ChunkToStore, RaftMessage, Ready } from './types.ts';

/** What the next `Ready` will hand out, apart from the log. */
export class Outbox {
    messages: RaftMessage[] = [];
    messagesAfterPersist: RaftMessage[] = [];
    reads: Ready['reads'][number][] = [];
    chunksToRead: ChunkToRead[] = [];
    chunksToStore: ChunkToStore[] = [];

    get isEmpty(): boolean {
        return (
            this.messages.length === 0 &&
            this.messagesAfterPersist.length === 0 &&
            this.reads.length === 0 &&
            this.chunksToRead.length === 0 &&
            this.chunksToStore.length === 0
        );
    }

    take(): Pick<Ready, 'messages' | 'messagesAfterPersist' | 'reads' | 'chunksToRead' | 'chunksToStore'> {
        const { messages, messagesAfterPersist, reads, chunksToRead, chunksToStore } = this;
        this.messages = [];
        this.messagesAfterPersist = [];
        this.reads = [];
        this.chunksToRead = [];
        this.chunksToStore = [];
        return { messages, messagesAfterPersist, reads, chunksToRead, chunksToStore };
    }
}
