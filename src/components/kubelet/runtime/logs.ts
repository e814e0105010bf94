import type { Readable, Writable } from 'node:stream';
import type Dockerode from 'dockerode';
import { Demultiplexer, writeAll } from './demux.ts';
import { openStream, translated } from './docker-api.ts';
import { RuntimeError, type LogOptions } from './runtime.ts';

/** Copies a container's log at the readers' pace, until its end, the limit, or the signal. */
export async function copyLogs(
    docker: Dockerode,
    containerId: string,
    request: { options: LogOptions; output: { stdout: Writable; stderr: Writable } },
): Promise<void> {
    const { options, output } = request;
    const { signal } = options;
    const { Config } = await translated(() => docker.getContainer(containerId).inspect());
    if (signal?.aborted) return;
    const stream = await openLog(docker, containerId, options);
    const abort = (): void => {
        stream.destroy();
    };
    signal?.addEventListener('abort', abort, { once: true });
    try {
        await copyBounded(stream, { tty: Config.Tty, limitBytes: options.limitBytes, output });
    } catch (error) {
        if (!signal?.aborted) throw new RuntimeError('other', 'log stream broke', { cause: error });
    } finally {
        signal?.removeEventListener('abort', abort);
        stream.destroy();
    }
}

async function openLog(docker: Dockerode, containerId: string, options: LogOptions): Promise<Readable> {
    return await translated(() =>
        openStream(docker, `/containers/${containerId}/logs`, {
            stdout: true,
            stderr: true,
            follow: options.follow,
            timestamps: options.timestamps,
            ...(options.tailLines === undefined ? {} : { tail: options.tailLines }),
            ...(options.sinceMs === undefined ? {} : { since: sinceText(options.sinceMs) }),
        }),
    );
}

async function copyBounded(
    source: Readable,
    to: { tty: boolean; limitBytes: number | undefined; output: { stdout: Writable; stderr: Writable } },
): Promise<void> {
    const demultiplexer = new Demultiplexer();
    let left = to.limitBytes ?? Number.POSITIVE_INFINITY;
    for await (const chunk of source as AsyncIterable<Buffer>) {
        const parts = to.tty ? [{ stream: 'stdout' as const, data: chunk }] : demultiplexer.split(chunk);
        for (const { stream, data } of parts) {
            const kept = data.length > left ? data.subarray(0, left) : data;
            left -= kept.length;
            await writeAll(to.output[stream], kept);
            if (left <= 0 || to.output[stream].destroyed) return;
        }
    }
}

/** Seconds with nanoseconds, as Docker reads them. */
function sinceText(ms: number): string {
    const seconds = Math.floor(ms / 1000);
    return `${seconds}.${String(Math.round((ms - seconds * 1000) * 1e6)).padStart(9, '0')}`;
}
