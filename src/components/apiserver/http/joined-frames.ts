/** Frames that are copied into one buffer have at most so many bytes; beyond it, nothing is gained. */
export const joinedBytesMax = 64 * 1024;

let last: { frames: readonly Buffer[]; joined: Buffer } = { frames: [], joined: Buffer.alloc(0) };

/**
 * All frames in one buffer. Watches of one collection have the same events waiting: who asks for the same frames as
 * the one before gets the same buffer.
 */
export function joinFrames(frames: readonly Buffer[]): Buffer {
    const [first] = frames;
    if (first !== undefined && frames.length === 1) return first;
    if (!isSame(frames, last.frames)) last = { frames, joined: Buffer.concat(frames) };
    return last.joined;
}

function isSame(a: readonly Buffer[], b: readonly Buffer[]): boolean {
    return a.length === b.length && a.every((frame, i) => frame === b[i]);
}
