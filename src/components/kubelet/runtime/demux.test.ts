import { describe, it, expect } from '@jest/globals';
import { PassThrough, Readable } from 'node:stream';
import { copyOutput, Demultiplexer } from './demux.ts';

function frame(type: number, text: string): Buffer {
    const header = Buffer.alloc(8);
    header[0] = type;
    header.writeUInt32BE(Buffer.byteLength(text), 4);
    return Buffer.concat([header, Buffer.from(text)]);
}

describe('Demultiplexer', () => {
    const wire = Buffer.concat([frame(1, 'hello '), frame(2, 'oops'), frame(1, ''), frame(1, 'world')]);

    it.each([1, 3, 7, 8, 64])('gives the same output for chunks of %d bytes', (size) => {
        const demultiplexer = new Demultiplexer();
        const got = { stdout: '', stderr: '' };
        for (let at = 0; at < wire.length; at += size) {
            for (const { stream, data } of demultiplexer.split(wire.subarray(at, at + size))) {
                got[stream] += data.toString();
            }
        }
        expect(got).toEqual({ stdout: 'hello world', stderr: 'oops' });
    });

    it('a tty stream is passed on as it is', async () => {
        const stdout = new PassThrough();
        await copyOutput(Readable.from([Buffer.from('\u0001raw')]), true, { stdout, stderr: undefined });
        expect((stdout.read() as Buffer).toString()).toBe('\u0001raw');
    });
});
