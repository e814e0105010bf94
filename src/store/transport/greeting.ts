import type { MemberId } from '../raft/types.ts';
import { ByteReader, ByteWriter, decodeWith, type Sink, SizeCounter } from './binary.ts';
import { encodeFrame } from './frame.ts';
import { refusalNumbers, refusalReason, type RefusalReason } from './refusal.ts';

/** Raised when members of different versions could misunderstand each other. */
export const greetingVersion = 1;
/** Stands for "anonymous" as the caller and for "whoever is there" as the one called. */
export const nobody: MemberId = '0'.repeat(16);

/** 'bulk' carries snapshots, so that heartbeats on 'main' need not wait behind them. */
export type Channel = 'main' | 'bulk';
const channels: readonly Channel[] = ['main', 'bulk'];

export interface Hello {
    clusterId: string;
    from: MemberId;
    to: MemberId;
    channel: Channel;
}

export interface Welcome {
    clusterId: string;
    memberId: MemberId;
}

export interface Refusal {
    reason: RefusalReason;
    text: string;
}

export function encodeHello({ clusterId, from, to, channel }: Hello): Buffer {
    const body = encode((sink) => {
        sink.byte(greetingVersion);
        sink.id(clusterId);
        sink.id(from);
        sink.id(to);
        sink.byte(channels.indexOf(channel));
    });
    return encodeFrame('hello', body);
}

export function encodeWelcome({ clusterId, memberId }: Welcome): Buffer {
    const body = encode((sink) => {
        sink.byte(greetingVersion);
        sink.id(clusterId);
        sink.id(memberId);
    });
    return encodeFrame('welcome', body);
}

export function encodeRefusal({ reason, text }: Refusal): Buffer {
    const body = encode((sink) => {
        sink.byte(refusalNumbers[reason]);
        sink.text(text);
    });
    return encodeFrame('refusal', body);
}

/** The version comes first in all versions, and is all that is read of another one. */
export function greetingVersionOf(body: Buffer): number {
    return body[0] ?? 0;
}

/** Undefined when it is malformed. */
export function decodeHello(body: Buffer): Hello | undefined {
    return decode(body, (reader) => {
        reader.byte();
        const [clusterId, from, to] = [reader.id(), reader.id(), reader.id()];
        return { clusterId, from, to, channel: reader.flag() ? 'bulk' : 'main' };
    });
}

export function decodeWelcome(body: Buffer): Welcome | undefined {
    return decode(body, (reader) => {
        reader.byte();
        return { clusterId: reader.id(), memberId: reader.id() };
    });
}

/** A text of the other side, for the log: bounded by the frame, and without control characters. */
export function decodeRefusal(body: Buffer): Refusal {
    const refusal = decode(body, (reader) => ({
        reason: refusalReason(reader.byte()),
        text: reader.text().replace(/\p{Cc}/gu, ' '),
    }));
    return refusal ?? { reason: 'malformed', text: 'the refusal itself is malformed' };
}

function encode(describe: (sink: Sink) => void): Buffer {
    const counter = new SizeCounter();
    describe(counter);
    const writer = new ByteWriter(Buffer.allocUnsafe(counter.size));
    describe(writer);
    return writer.buffer;
}

function decode<T>(body: Buffer, read: (reader: ByteReader) => T): T | undefined {
    const decoded = decodeWith(body, read);
    return decoded.type === 'decoded' ? decoded.value : undefined;
}
