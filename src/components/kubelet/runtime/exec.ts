import { setTimeout as delay } from 'node:timers/promises';
import { Writable, type Duplex } from 'node:stream';
import type Dockerode from 'dockerode';
import { copyOutput } from './demux.ts';
import { translated } from './docker-api.ts';
import { RuntimeError, type ExecResult, type StreamSet } from './runtime.ts';

const outputMaxBytesDefault = 10 * 1024;
/** After the output's end the daemon may need a moment to know the exit code. */
const exitCodeWaitsMs = [0, 5, 20, 50, 100, 200, 400, 800, 1600, 3200] as const;
/** After a kill the output ends by itself, unless a grandchild holds it. */
const afterKillMs = 1000;

/** Runs commands in containers, and attaches to their own process. */
export class DockerExec {
    readonly #docker: Dockerode;

    constructor(docker: Dockerode) {
        this.#docker = docker;
    }

    async execSync(
        containerId: string,
        command: readonly string[],
        options: { timeoutMs: number; outputMaxBytes?: number },
    ): Promise<ExecResult> {
        const room = { left: options.outputMaxBytes ?? outputMaxBytesDefault };
        const stdout = new BoundedSink(room);
        const stderr = new BoundedSink(room);
        const exec = await this.#create(containerId, command, { tty: false, stdout, stderr });
        const connection = await this.#start(exec, false);
        let timedOut = false;
        const timer = setTimeout(() => {
            timedOut = true;
            void this.#kill(exec, connection);
        }, options.timeoutMs);
        try {
            await copyOutput(connection, false, { stdout, stderr });
        } catch (error) {
            // Cutting the connection of a command that timed out is how it ends.
            if (!isTrue(timedOut)) throw new RuntimeError('other', 'exec stream broke', { cause: error });
        } finally {
            clearTimeout(timer);
            connection.destroy();
        }
        const exitCode = isTrue(timedOut) ? -1 : await this.#exitCode(exec);
        return { exitCode, stdout: stdout.bytes(), stderr: stderr.bytes(), timedOut };
    }

    async exec(containerId: string, command: readonly string[], streams: StreamSet): Promise<number> {
        const exec = await this.#create(containerId, command, streams);
        const connection = await this.#start(exec, streams.tty);
        streams.onResize?.(({ width, height }) => {
            exec.resize({ w: width, h: height }).catch(() => undefined);
        });
        const left = await this.#relay(connection, streams);
        if (left) await this.#kill(exec, connection);
        return await this.#exitCode(exec);
    }

    async attach(containerId: string, streams: StreamSet): Promise<void> {
        const container = this.#docker.getContainer(containerId);
        const connection = (await translated(() =>
            container.attach({
                stream: true,
                hijack: true,
                stdin: streams.stdin !== undefined,
                stdout: streams.stdout !== undefined,
                stderr: streams.stderr !== undefined,
            }),
        )) as unknown as Duplex;
        streams.onResize?.(({ width, height }) => {
            container.resize({ w: width, h: height }).catch(() => undefined);
        });
        await this.#relay(connection, streams);
    }

    async #create(
        containerId: string,
        command: readonly string[],
        streams: StreamSet,
    ): Promise<Dockerode.Exec> {
        return await translated(() =>
            this.#docker.getContainer(containerId).exec({
                Cmd: [...command],
                Tty: streams.tty,
                AttachStdin: streams.stdin !== undefined,
                AttachStdout: streams.stdout !== undefined,
                AttachStderr: streams.stderr !== undefined && !streams.tty,
            }),
        );
    }

    async #start(exec: Dockerode.Exec, tty: boolean): Promise<Duplex> {
        return await translated(() => exec.start({ hijack: true, stdin: true, Detach: false, Tty: tty }));
    }

    /** Copies both ways until the command's output ends. True when the client left before. */
    async #relay(connection: Duplex, streams: StreamSet): Promise<boolean> {
        const { stdin, signal } = streams;
        const leave = (): void => {
            connection.destroy();
        };
        signal?.addEventListener('abort', leave, { once: true });
        if (signal?.aborted) leave();
        // The end of stdin half-closes the connection; an input that breaks counts as its end.
        stdin?.on('error', () => connection.end());
        stdin?.pipe(connection);
        connection.on('error', () => undefined);
        try {
            await copyOutput(connection, streams.tty, { stdout: streams.stdout, stderr: streams.stderr });
        } catch (error) {
            if (!signal?.aborted) throw new RuntimeError('other', 'exec stream broke', { cause: error });
        } finally {
            signal?.removeEventListener('abort', leave);
            stdin?.unpipe(connection);
            connection.destroy();
        }
        return signal?.aborted ?? false;
    }

    async #exitCode(exec: Dockerode.Exec): Promise<number> {
        for (const waitMs of exitCodeWaitsMs) {
            if (waitMs > 0) await delay(waitMs);
            const { Running, ExitCode } = await translated(() => exec.inspect());
            if (!Running && ExitCode !== null) return ExitCode;
        }
        throw new RuntimeError('other', `exec session ${exec.id} has no exit code after its output ended`);
    }

    /** Kills the command with its process group: a process of `exec` leads its own session. */
    async #kill(exec: Dockerode.Exec, connection: Duplex): Promise<void> {
        try {
            const { Running, Pid } = await exec.inspect();
            if (Running && Pid > 1) killGroup(Pid);
        } catch {
            // The container is gone, and the command with it.
        }
        await delay(afterKillMs, undefined, { ref: false });
        connection.destroy();
    }
}

/** Defeats narrowing of a variable that a callback changes. */
function isTrue(value: boolean): boolean {
    return value;
}

function killGroup(pid: number): void {
    for (const target of [-pid, pid]) {
        try {
            process.kill(target, 'SIGKILL');
        } catch {
            // Gone already, or no group of that number.
        }
    }
}

/** Keeps the first bytes and drops the rest; several sinks may share one `room`. */
class BoundedSink extends Writable {
    readonly #room: { left: number };
    readonly #chunks: Buffer[] = [];

    constructor(room: { left: number }) {
        super();
        this.#room = room;
    }

    override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
        const kept = chunk.subarray(0, this.#room.left);
        this.#room.left -= kept.length;
        if (kept.length > 0) this.#chunks.push(Buffer.from(kept));
        done();
    }

    bytes(): Buffer {
        return Buffer.concat(this.#chunks);
    }
}
