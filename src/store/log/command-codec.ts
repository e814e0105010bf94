import { crc32 } from 'node:zlib';
import { unreachable } from '../../util/assert.ts';
import type { Command } from '../mvcc/command.ts';
import type { MemberId } from '../raft/types.ts';
import { StoreError } from '../store.ts';
import { ByteReader, ByteWriter, MalformedError, numberBytesMax } from './byte-codec.ts';
import { decodeTxn, encodeTxn, txnBytesMax } from './txn-codec.ts';

/**
 * A command on its way through the log:
 *
 *     version, 1 byte | origin, 8 bytes | sequence, varint | type, 1 byte | content | crc32, 4 bytes
 *
 * Layout of the content: see `encodeContent` and txn-codec.ts. The checksum goes with the command from the
 * member that proposed it to every member that applies it, through memory, network and disk.
 */
export interface CommandEnvelope {
    /** The member whose caller waits for the outcome. */
    origin: MemberId;
    /** Counted by the origin. */
    sequence: number;
    command: Command;
}

/** The first byte; raised with every change that an older hyperkube could not read. */
const version = 1;
const checksumBytes = 4;
const envelopeBytesMax = 2 + 8 + checksumBytes + 4 * numberBytesMax;
const commandTypes = ['txn', 'compact', 'leaseGrant', 'leaseRevoke', 'alarm'] as const;
const alarmTypes = ['NOSPACE', 'CORRUPT'] as const;

/** Rejects with StoreError 'tooLarge' what is nested too deeply. `decoded` objects are left out. */
export function encodeCommand({ origin, sequence, command }: CommandEnvelope): Buffer {
    const bytes = Buffer.allocUnsafe(envelopeBytesMax + contentBytesMax(command));
    const writer = new ByteWriter(bytes);
    writer.byte(version);
    writer.id(origin);
    writer.count(sequence);
    writer.byte(commandTypes.indexOf(command.type));
    encodeContent(writer, command);
    writer.crc32(crc32(writer.written));
    return writer.written;
}

/**
 * The inverse of `encodeCommand`; values are views of `bytes`. What means the same as its absence (a lease 0, a
 * limit 0, a false flag) is absent. Throws StoreError 'corrupt' or 'newerFormat'.
 */
export function decodeCommand(bytes: Buffer): CommandEnvelope {
    const body = bytes.length - checksumBytes;
    if (body < 1 || bytes.readUInt32LE(body) !== crc32(bytes.subarray(0, body))) {
        throw new StoreError('corrupt', 'a command in the log is damaged: its checksum is wrong');
    }
    checkVersion(bytes);
    return reading(() => {
        const reader = new ByteReader(bytes.subarray(1, body));
        const origin = reader.id();
        const sequence = reader.count();
        const command = decodeContent(reader);
        if (reader.remaining > 0) throw new MalformedError('there is more than a command');
        return { origin, sequence, command };
    });
}

/**
 * Whose command it is, without reading it: the origin has it in memory still. Throws StoreError 'newerFormat', and
 * 'corrupt' for what is too short; that the rest is whole is for `decodeCommand` to say.
 */
export function decodeAddress(bytes: Buffer): Pick<CommandEnvelope, 'origin' | 'sequence'> {
    checkVersion(bytes);
    return reading(() => {
        const reader = new ByteReader(bytes.subarray(1));
        return { origin: reader.id(), sequence: reader.count() };
    });
}

function checkVersion(bytes: Buffer): void {
    if (bytes[0] !== version) {
        throw new StoreError(
            'newerFormat',
            `a command in the log has format ${bytes[0] ?? 0}; this version knows up to ${version}: update this member`,
        );
    }
}

function reading<T>(read: () => T): T {
    try {
        return read();
    } catch (error) {
        if (!(error instanceof MalformedError)) throw error;
        throw new StoreError('corrupt', `a command in the log cannot be read: ${error.message}`, {
            cause: error,
        });
    }
}

function contentBytesMax(command: Command): number {
    switch (command.type) {
        case 'txn':
            return txnBytesMax(command.request);
        case 'alarm':
            return command.member.length;
        case 'compact':
        case 'leaseGrant':
        case 'leaseRevoke':
            return 0;
        default:
            return unreachable(command);
    }
}

function encodeContent(writer: ByteWriter, command: Command): void {
    switch (command.type) {
        case 'txn':
            encodeTxn(writer, command.request);
            return;
        case 'compact':
            writer.number(command.revision);
            return;
        case 'leaseGrant':
            writer.number(command.id);
            writer.number(command.ttlSeconds);
            return;
        case 'leaseRevoke':
            writer.number(command.id);
            return;
        case 'alarm':
            writer.key(command.member);
            writer.byte(alarmTypes.indexOf(command.alarm));
            writer.byte(command.active ? 1 : 0);
            return;
        default:
            unreachable(command);
    }
}

function decodeContent(reader: ByteReader): Command {
    const type = commandTypes[reader.byte()];
    switch (type) {
        case 'txn':
            return { type, request: decodeTxn(reader) };
        case 'compact':
            return { type, revision: reader.number() };
        case 'leaseGrant':
            return { type, id: reader.number(), ttlSeconds: reader.number() };
        case 'leaseRevoke':
            return { type, id: reader.number() };
        case 'alarm': {
            const member = reader.key();
            const alarm = alarmTypes[reader.byte()];
            if (alarm === undefined) throw new MalformedError('unknown alarm');
            return { type, member, alarm, active: reader.byte() === 1 };
        }
        case undefined:
            throw new MalformedError('unknown type of command');
        default:
            return unreachable(type);
    }
}
