import { ByteWriter, decodeWith, type Sink, SizeCounter } from './binary.ts';
import { frameHeaderBytes, frameKinds } from './frame.ts';

/** A request or an answer between members, as whole frames; the id is the asker's. */
export interface PeerRequest {
    id: number;
    method: string;
    body: Buffer;
}

/** `refused` carries the text of an error. */
export type PeerResponse =
    { id: number; type: 'answered'; body: Buffer } | { id: number; type: 'refused'; text: string };

export function encodeRequest({ id, method, body }: PeerRequest): Buffer {
    return encodeFrameOf('request', (sink) => {
        sink.uint(id);
        sink.text(method);
        sink.bytes(body);
    });
}

export function encodeResponse(response: PeerResponse): Buffer {
    return encodeFrameOf('response', (sink) => {
        sink.uint(response.id);
        sink.byte(Number(response.type === 'refused'));
        if (response.type === 'refused') sink.text(response.text);
        else sink.bytes(response.body);
    });
}

/** Undefined when it is malformed. */
export function decodeRequest(body: Buffer): PeerRequest | undefined {
    const decoded = decodeWith(body, (reader) => ({
        id: reader.uint(),
        method: reader.text(),
        body: reader.bytes(),
    }));
    return decoded.type === 'decoded' ? decoded.value : undefined;
}

/** Undefined when it is malformed. */
export function decodeResponse(body: Buffer): PeerResponse | undefined {
    const decoded = decodeWith(body, (reader): PeerResponse => {
        const id = reader.uint();
        return reader.flag()
            ? { id, type: 'refused', text: reader.text() }
            : { id, type: 'answered', body: reader.bytes() };
    });
    return decoded.type === 'decoded' ? decoded.value : undefined;
}

function encodeFrameOf(kind: 'request' | 'response', describe: (sink: Sink) => void): Buffer {
    const counter = new SizeCounter();
    describe(counter);
    const writer = new ByteWriter(Buffer.allocUnsafeSlow(frameHeaderBytes + counter.size));
    writer.uint32(counter.size + 1);
    writer.byte(frameKinds[kind]);
    describe(writer);
    return writer.buffer;
}
