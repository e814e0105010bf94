/** HTTP/2's error codes (RFC 9113, section 7), those in use here. */
export const http2Code = {
    none: 0,
    protocol: 1,
    internal: 2,
    flowControl: 3,
    streamClosed: 5,
    frameSize: 6,
    refusedStream: 7,
    cancel: 8,
    compression: 9,
    enhanceYourCalm: 11,
} as const;
export type Http2Code = keyof typeof http2Code;

/** What the peer did wrong; ends the connection. */
export class Http2Error extends Error {
    override readonly name = 'Http2Error';
    readonly code: Http2Code;
    constructor(code: Http2Code, message: string) {
        super(message);
        this.code = code;
    }
}
