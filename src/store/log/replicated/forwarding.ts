import { StoreError } from '../../store.ts';

/** The peer request by which a follower's proposals reach the leader. */
export const proposeMethod = 'propose';

/**
 * Proposals on their way to the leader of `term`:
 *
 *     term, 6 bytes | for each: length, 4 bytes | data
 *
 * The answer is empty when they were appended in that term, else the reason why certainly none was.
 */
export function encodeForwarded(term: number, commands: readonly Buffer[]): Buffer {
    const parts: Buffer[] = [Buffer.alloc(termBytes)];
    parts[0]?.writeUIntBE(term, 0, termBytes);
    for (const command of commands) {
        const length = Buffer.alloc(lengthBytes);
        length.writeUInt32BE(command.length);
        parts.push(length, command);
    }
    return Buffer.concat(parts);
}

/** Throws StoreError 'corrupt'. */
export function decodeForwarded(body: Buffer): { term: number; commands: Buffer[] } {
    const commands: Buffer[] = [];
    let at = termBytes;
    while (at < body.length) {
        const length = at + lengthBytes <= body.length ? body.readUInt32BE(at) : Infinity;
        at += lengthBytes;
        if (at + length > body.length) {
            throw new StoreError('corrupt', 'forwarded proposals cannot be read');
        }
        commands.push(body.subarray(at, at + length));
        at += length;
    }
    if (body.length < termBytes) throw new StoreError('corrupt', 'forwarded proposals cannot be read');
    return { term: body.readUIntBE(0, termBytes), commands };
}

const termBytes = 6;
const lengthBytes = 4;
