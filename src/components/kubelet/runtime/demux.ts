import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';

const headerBytes = 8;
const stderrType = 2;

export interface DemuxedOutput {
    stdout: Writable | undefined;
    stderr: Writable | undefined;
}

/**
 * Splits Docker's multiplexed stream (per frame: one byte stream type, three zero bytes, four bytes
 * length) without copying payloads. Feed chunks as they come; a frame may span any number of them.
 */
export class Demultiplexer {
    #header = Buffer.alloc(headerBytes);
    #headerFilled = 0;
    #payloadLeft = 0;

    *split(chunk: Buffer): Generator<{ stream: 'stdout' | 'stderr'; data: Buffer }> {
        let rest = chunk;
        while (rest.length > 0) {
            if (this.#payloadLeft === 0) {
                const taken = rest.copy(
                    this.#header,
                    this.#headerFilled,
                    0,
                    headerBytes - this.#headerFilled,
                );
                this.#headerFilled += taken;
                rest = rest.subarray(taken);
                if (this.#headerFilled < headerBytes) return;
                this.#headerFilled = 0;
                this.#payloadLeft = this.#header.readUInt32BE(4);
            }
            const data = rest.subarray(0, this.#payloadLeft);
            rest = rest.subarray(data.length);
            this.#payloadLeft -= data.length;
            if (data.length > 0) {
                yield { stream: this.#header[0] === stderrType ? 'stderr' : 'stdout', data };
            }
        }
    }
}

/** Copies a daemon's stream (raw with a tty, else multiplexed) to the outputs, at the readers' pace. */
export async function copyOutput(source: Readable, tty: boolean, output: DemuxedOutput): Promise<void> {
    const demultiplexer = new Demultiplexer();
    for await (const chunk of source as AsyncIterable<Buffer>) {
        if (tty) {
            await writeAll(output.stdout, chunk);
            continue;
        }
        for (const { stream, data } of demultiplexer.split(chunk)) await writeAll(output[stream], data);
    }
}

/** Writes and waits until there is room again. Data for a closed or absent stream is dropped. */
export async function writeAll(stream: Writable | undefined, data: Buffer): Promise<void> {
    if (stream === undefined || stream.destroyed || stream.writableEnded) return;
    if (stream.write(data)) return;
    await Promise.race([once(stream, 'drain'), once(stream, 'close')]);
}
