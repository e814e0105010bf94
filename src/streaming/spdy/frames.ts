/** Frames of SPDY/3.1 (the Chromium project's draft 3.1, section 2.2). Numbers are big endian. */
export const frameHeaderBytes = 8;
const version = 3;
const controlBit = 0x8000;

export const frameTypes = {
    synStream: 1,
    synReply: 2,
    rstStream: 3,
    settings: 4,
    ping: 6,
    goAway: 7,
    headers: 8,
    windowUpdate: 9,
} as const;
export const flagFin = 0x01;
export const flagUnidirectional = 0x02;

export const rstStatus = { protocolError: 1, refusedStream: 3, cancel: 5, internalError: 6 } as const;
export const goAwayStatus = { ok: 0, protocolError: 1, internalError: 2 } as const;
export const settingInitialWindowSize = 7;
export const defaultWindowBytes = 64 * 1024;

/** Control frames are small: larger ones are an attack or not SPDY at all. */
export const controlFrameMaxBytes = 128 * 1024;

/** A whole control frame, or a part of a data frame: those are passed on as they come. */
export type FrameEvent =
    | { kind: 'control'; type: number; flags: number; payload: Buffer }
    | { kind: 'data'; streamId: number; data: Buffer; last: boolean };

/** Cuts a byte stream into frames. Throws on what is not SPDY/3. */
export class FrameParser {
    #buffer: Buffer = Buffer.alloc(0);
    #data: { streamId: number; left: number; fin: boolean } | undefined;

    *feed(chunk: Buffer): Generator<FrameEvent> {
        this.#buffer = this.#buffer.length === 0 ? chunk : Buffer.concat([this.#buffer, chunk]);
        for (let event = this.#next(); event !== undefined; event = this.#next()) yield event;
    }

    #next(): FrameEvent | undefined {
        if (this.#data !== undefined) return this.#dataPart(this.#data);
        if (this.#buffer.length < frameHeaderBytes) return undefined;
        const word = this.#buffer.readUInt16BE(0);
        const flags = this.#buffer.readUInt8(4);
        const length = this.#buffer.readUIntBE(5, 3);
        if ((word & controlBit) === 0) {
            const streamId = this.#buffer.readUInt32BE(0);
            this.#buffer = this.#buffer.subarray(frameHeaderBytes);
            this.#data = { streamId, left: length, fin: (flags & flagFin) !== 0 };
            if (length > 0) return this.#dataPart(this.#data);
            this.#data = undefined;
            return { kind: 'data', streamId, data: Buffer.alloc(0), last: (flags & flagFin) !== 0 };
        }
        if ((word & ~controlBit) !== version)
            throw new Error(`unsupported SPDY version ${word & ~controlBit}`);
        if (length > controlFrameMaxBytes) throw new Error('SPDY control frame is too large');
        if (this.#buffer.length < frameHeaderBytes + length) return undefined;
        const type = this.#buffer.readUInt16BE(2);
        const payload = this.#buffer.subarray(frameHeaderBytes, frameHeaderBytes + length);
        this.#buffer = this.#buffer.subarray(frameHeaderBytes + length);
        return { kind: 'control', type, flags, payload };
    }

    #dataPart(frame: { streamId: number; left: number; fin: boolean }): FrameEvent | undefined {
        if (this.#buffer.length === 0) return undefined;
        const data = this.#buffer.subarray(0, frame.left);
        this.#buffer = this.#buffer.subarray(data.length);
        frame.left -= data.length;
        if (frame.left === 0) this.#data = undefined;
        return { kind: 'data', streamId: frame.streamId, data, last: frame.left === 0 && frame.fin };
    }
}

export function controlFrame(type: number, flags: number, payload: Buffer): Buffer {
    const header = Buffer.alloc(frameHeaderBytes);
    header.writeUInt16BE(controlBit | version, 0);
    header.writeUInt16BE(type, 2);
    header.writeUInt8(flags, 4);
    header.writeUIntBE(payload.length, 5, 3);
    return Buffer.concat([header, payload]);
}

/** The eight bytes before a data frame's content. */
export function dataFrameHeader(streamId: number, length: number, fin: boolean): Buffer {
    const header = Buffer.alloc(frameHeaderBytes);
    header.writeUInt32BE(streamId, 0);
    header.writeUInt8(fin ? flagFin : 0, 4);
    header.writeUIntBE(length, 5, 3);
    return header;
}

/** A payload of 32-bit numbers. */
export function words(...values: number[]): Buffer {
    const payload = Buffer.alloc(values.length * 4);
    values.forEach((value, index) => payload.writeUInt32BE(value, index * 4));
    return payload;
}

/** The value of a setting in a SETTINGS frame; undefined when it is not there. */
export function readSetting(payload: Buffer, wanted: number): number | undefined {
    const entryBytes = 8;
    for (let at = 4; at + entryBytes <= payload.length; at += entryBytes) {
        if (payload.readUIntBE(at + 1, 3) === wanted) return payload.readUInt32BE(at + 4);
    }
    return undefined;
}
