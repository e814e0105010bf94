/** HTTP/2's frames (RFC 9113, section 6). */
export const frameType = {
    data: 0,
    headers: 1,
    priority: 2,
    resetStream: 3,
    settings: 4,
    pushPromise: 5,
    ping: 6,
    goAway: 7,
    windowUpdate: 8,
    continuation: 9,
} as const;
export const flagEndStream = 0x1;
export const flagAck = 0x1;
export const flagEndHeaders = 0x4;
export const flagPadded = 0x8;
export const flagPriority = 0x20;

export const setting = { headerTableSize: 1, maxConcurrentStreams: 3, initialWindowSize: 4, maxFrameSize: 5 };

export const frameHeaderBytes = 9;
/** What both sides may send before anything else was agreed on, and what this side accepts. */
export const frameBytesDefault = 16_384;
export const frameBytesLimit = 2 ** 24 - 1;
export const windowDefault = 65_535;
export const windowLimit = 2 ** 31 - 1;

export interface FrameHeader {
    type: number;
    flags: number;
    stream: number;
    length: number;
}

export function writeFrameHeader(into: Buffer, offset: number, header: FrameHeader): number {
    into.writeUIntBE(header.length, offset, 3);
    into[offset + 3] = header.type;
    into[offset + 4] = header.flags;
    into.writeUInt32BE(header.stream, offset + 5);
    return offset + frameHeaderBytes;
}

export function frame(header: Omit<FrameHeader, 'length'>, payload: Buffer): Buffer {
    const bytes = Buffer.allocUnsafe(frameHeaderBytes + payload.length);
    payload.copy(bytes, writeFrameHeader(bytes, 0, { ...header, length: payload.length }));
    return bytes;
}

export function uint32(value: number): Buffer {
    const bytes = Buffer.allocUnsafe(4);
    bytes.writeUInt32BE(value >>> 0);
    return bytes;
}

export function settingsFrame(settings: readonly (readonly [id: number, value: number])[]): Buffer {
    const payload = Buffer.alloc(6 * settings.length);
    for (const [i, [id, value]] of settings.entries()) {
        payload.writeUInt16BE(id, 6 * i);
        payload.writeUInt32BE(value, 6 * i + 2);
    }
    return frame({ type: frameType.settings, flags: 0, stream: 0 }, payload);
}
