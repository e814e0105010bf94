import { assert } from '../../util/assert.ts';
import type { Entry, EntryType, MemberId, ProposedEntry, RaftMessage, SnapshotMeta } from '../raft/types.ts';
import {
    type ByteReader,
    ByteWriter,
    decodeWith,
    MalformedMessageError,
    peekUint,
    type Sink,
    SizeCounter,
} from './binary.ts';
import { frameBytesMax, frameHeaderBytes, frameKinds } from './frame.ts';

/**
 * Raft messages as bytes:
 *
 *     version │ type │ from: 8 bytes │ to: 8 bytes │ term │ what the type has
 *
 * The first 18 bytes are at fixed places, so that the transport can check and route without decoding.
 */
export const messageFormatVersion = 1;

/** Fixed numbers: they are on the wire. A forgotten type is a compile error. */
const typeNumbers: Readonly<Record<RaftMessage['type'], number>> = {
    append: 1,
    appendReply: 2,
    heartbeat: 3,
    heartbeatReply: 4,
    preVote: 5,
    preVoteReply: 6,
    vote: 7,
    voteReply: 8,
    timeoutNow: 9,
    propose: 10,
    readIndex: 11,
    readIndexReply: 12,
    snapshotChunk: 13,
    snapshotReply: 14,
    commit: 15,
};
const entryTypes: readonly EntryType[] = ['noop', 'command', 'membership'];
const proposedTypes: readonly ProposedEntry['type'][] = ['command', 'membership'];
const snapshotStatuses = ['next', 'restart', 'installed'] as const;
const typeNames = new Map(
    (Object.keys(typeNumbers) as RaftMessage['type'][]).map((type) => [typeNumbers[type], type]),
);

const typeOffset = 1;
const fromOffset = 2;
const toOffset = 10;
const termOffset = 18;

export type DecodedMessage =
    { type: 'decoded'; value: RaftMessage } | { type: 'malformed'; error: MalformedMessageError };

/**
 * Messages as frames, one after the other, that are written when there is a place of their size. Entries' data is
 * copied once. Asserts what the core guarantees: entries without gaps, good ids.
 */
export class MessageFrames {
    readonly bytes: number;
    readonly #messages: readonly RaftMessage[];
    readonly #sizes: readonly number[];

    constructor(messages: readonly RaftMessage[]) {
        this.#messages = messages;
        this.#sizes = messages.map(messageSize);
        this.bytes = this.#sizes.reduce((sum, size) => sum + size + frameHeaderBytes, 0);
    }

    writeTo(place: Buffer): void {
        const writer = new ByteWriter(place);
        this.#messages.forEach((message, at) => {
            writer.uint32((this.#sizes[at] ?? 0) + 1);
            writer.byte(frameKinds.message);
            writeMessage(writer, message);
        });
        assert(writer.offset === this.bytes, 'size and bytes differ', {
            bytes: this.bytes,
            offset: writer.offset,
        });
    }

    /** In a buffer of its own, which may be transferred to another thread. */
    toBuffer(): Buffer {
        const buffer = Buffer.allocUnsafeSlow(this.bytes);
        this.writeTo(buffer);
        return buffer;
    }
}

export function encodeMessageFrames(messages: readonly RaftMessage[]): Buffer {
    return new MessageFrames(messages).toBuffer();
}

/** Bytes of the message without the frame's header. */
export function messageSize(message: RaftMessage): number {
    const counter = new SizeCounter();
    writeMessage(counter, message);
    assert(counter.size < frameBytesMax, 'the message is too large', {
        type: message.type,
        size: counter.size,
    });
    return counter.size;
}

/** A message's bytes alone. */
export function encodeMessage(message: RaftMessage): Buffer {
    const writer = new ByteWriter(Buffer.allocUnsafeSlow(messageSize(message)));
    writeMessage(writer, message);
    return writer.buffer;
}

/** Never throws; the data of entries and chunks are views of `body`. */
export function decodeMessage(body: Buffer): DecodedMessage {
    return decodeWith(body, readMessage);
}

/** What is at fixed places; undefined when it is not even that long. */
export function peekMessage(
    body: Buffer,
): { type: RaftMessage['type']; from: MemberId; to: MemberId } | undefined {
    const type = typeNames.get(body[typeOffset] ?? 0);
    if (body.length <= termOffset || type === undefined) return undefined;
    return {
        type,
        from: body.toString('hex', fromOffset, toOffset),
        to: body.toString('hex', toOffset, termOffset),
    };
}

/** The term; undefined when it is malformed. */
export function peekTerm(body: Buffer): number | undefined {
    return peekUint(body, termOffset);
}

function writeMessage(sink: Sink, message: RaftMessage): void {
    sink.byte(messageFormatVersion);
    sink.byte(typeNumbers[message.type]);
    sink.id(message.from);
    sink.id(message.to);
    sink.uint(message.term);
    switch (message.type) {
        case 'append':
            writeAppend(sink, message);
            return;
        case 'appendReply':
            sink.uint(message.match);
            sink.uint(message.readRound);
            sink.byte(Number(message.refused !== undefined));
            if (message.refused !== undefined) {
                sink.uint(message.refused.at);
                sink.uint(message.refused.hintIndex);
                sink.uint(message.refused.hintTerm);
            }
            return;
        case 'heartbeat':
            sink.uint(message.commit);
            sink.uint(message.readRound);
            return;
        case 'heartbeatReply':
            sink.uint(message.readRound);
            return;
        case 'commit':
            sink.uint(message.commit);
            return;
        case 'preVote':
        case 'vote':
            sink.uint(message.lastIndex);
            sink.uint(message.lastTerm);
            sink.byte(Number(message.transfer));
            return;
        case 'preVoteReply':
        case 'voteReply':
            sink.byte(Number(message.granted));
            return;
        case 'timeoutNow':
            return;
        case 'propose':
            sink.uint(message.entries.length);
            for (const { type, data } of message.entries) {
                sink.byte(proposedTypes.indexOf(type));
                sink.bytes(data);
            }
            return;
        case 'readIndex':
            sink.uint(message.context);
            return;
        case 'readIndexReply':
            sink.uint(message.context);
            sink.uint(message.index);
            sink.byte(Number(message.refused));
            return;
        case 'snapshotChunk':
            writeSnapshotMeta(sink, message.snapshot);
            sink.uint(message.chunk);
            sink.byte(Number(message.last));
            sink.bytes(message.data);
            return;
        case 'snapshotReply':
            sink.uint(message.index);
            sink.uint(message.chunk);
            sink.byte(snapshotStatuses.indexOf(message.status));
            return;
    }
}

/** Entries follow each other from previousIndex + 1 on: their indices are not written. */
function writeAppend(sink: Sink, message: Extract<RaftMessage, { type: 'append' }>): void {
    sink.uint(message.previousIndex);
    sink.uint(message.previousTerm);
    sink.uint(message.commit);
    sink.uint(message.readRound);
    sink.uint(message.entries.length);
    let index = message.previousIndex;
    for (const entry of message.entries) {
        index += 1;
        assert(entry.index === index, 'an append with a gap', { expected: index, index: entry.index });
        sink.byte(entryTypes.indexOf(entry.type));
        sink.uint(entry.term);
        sink.bytes(entry.data);
    }
}

function writeSnapshotMeta(sink: Sink, snapshot: SnapshotMeta): void {
    sink.uint(snapshot.index);
    sink.uint(snapshot.term);
    for (const ids of [snapshot.membership.voters, snapshot.membership.learners]) {
        sink.uint(ids.length);
        for (const id of ids) sink.id(id);
    }
}

function readMessage(reader: ByteReader): RaftMessage {
    const version = reader.byte();
    if (version !== messageFormatVersion)
        throw new MalformedMessageError(
            `message format ${version}, this member knows ${messageFormatVersion}`,
        );
    const number = reader.byte();
    const type = typeNames.get(number);
    if (type === undefined) throw new MalformedMessageError(`message type ${number}`);
    const base = { from: reader.id(), to: reader.id(), term: reader.uint() };
    switch (type) {
        case 'append':
            return { ...base, type, ...readAppend(reader) };
        case 'appendReply':
            return { ...base, type, ...readAppendReply(reader) };
        case 'heartbeat':
            return { ...base, type, commit: reader.uint(), readRound: reader.uint() };
        case 'heartbeatReply':
            return { ...base, type, readRound: reader.uint() };
        case 'commit':
            return { ...base, type, commit: reader.uint() };
        case 'preVote':
        case 'vote':
            return {
                ...base,
                type,
                lastIndex: reader.uint(),
                lastTerm: reader.uint(),
                transfer: reader.flag(),
            };
        case 'preVoteReply':
        case 'voteReply':
            return { ...base, type, granted: reader.flag() };
        case 'timeoutNow':
            return { ...base, type };
        case 'propose':
            return { ...base, type, entries: list(reader, () => readProposed(reader)) };
        case 'readIndex':
            return { ...base, type, context: reader.uint() };
        case 'readIndexReply':
            return { ...base, type, context: reader.uint(), index: reader.uint(), refused: reader.flag() };
        case 'snapshotChunk': {
            const snapshot = readSnapshotMeta(reader);
            const chunk = reader.uint();
            const last = reader.flag();
            return { ...base, type, snapshot, chunk, last, data: reader.bytes() };
        }
        case 'snapshotReply':
            return {
                ...base,
                type,
                index: reader.uint(),
                chunk: reader.uint(),
                status: oneOf(reader, snapshotStatuses),
            };
    }
}

function readAppend(reader: ByteReader) {
    const previousIndex = reader.uint();
    const previousTerm = reader.uint();
    const commit = reader.uint();
    const readRound = reader.uint();
    let index = previousIndex;
    const entries = list(reader, (): Entry => {
        index += 1;
        const type = oneOf(reader, entryTypes);
        return { index, term: reader.uint(), type, data: reader.bytes() };
    });
    return { previousIndex, previousTerm, entries, commit, readRound };
}

function readAppendReply(reader: ByteReader) {
    const match = reader.uint();
    const readRound = reader.uint();
    if (!reader.flag()) return { match, readRound };
    const refused = { at: reader.uint(), hintIndex: reader.uint(), hintTerm: reader.uint() };
    return { match, readRound, refused };
}

function readProposed(reader: ByteReader): ProposedEntry {
    return { type: oneOf(reader, proposedTypes), data: reader.bytes() };
}

function readSnapshotMeta(reader: ByteReader): SnapshotMeta {
    const index = reader.uint();
    const term = reader.uint();
    const voters = list(reader, () => reader.id());
    return { index, term, membership: { voters, learners: list(reader, () => reader.id()) } };
}

function list<T>(reader: ByteReader, element: () => T): T[] {
    const count = reader.count();
    const elements: T[] = [];
    for (let at = 0; at < count; at += 1) elements.push(element());
    return elements;
}

function oneOf<T>(reader: ByteReader, values: readonly T[]): T {
    const number = reader.byte();
    const value = values[number];
    if (value === undefined) throw new MalformedMessageError(`${number} is none of ${values.join(', ')}`);
    return value;
}
