import { spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Duplex, type Readable, type Writable } from 'node:stream';
import { getSystemErrorName } from 'node:util';
import { netnsDialBinaries } from './native/binaries.ts';
import { nativeArchitecture } from './pause-image.ts';
import { RuntimeError } from './runtime.ts';

const nodeArchitectures: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64', arm: 'arm' };
const directoryMode = 0o700;
const executableMode = 0o700;
const connectTimeoutMs = 10_000;

/**
 * Connects to servers inside other network namespaces, also to those that only listen on 127.0.0.1.
 *
 * A thread of Node.js cannot change its namespace, and neither socat nor nc can be counted on. So a
 * static program of some 1.3 KB from this package (native/netns-dial.c) is written to `directory` and run
 * per connection: a millisecond and a few pages instead of a whole runtime. Its arguments are a path that
 * we made and a number; no shell is involved.
 */
export class NetnsConnector {
    readonly #directory: string;
    #program: Promise<string> | undefined;

    constructor(directory: string) {
        this.#directory = directory;
    }

    /** Resolves when connected; rejects with RuntimeError 'network' in the words of upstream's Go. */
    async connect(netns: string, port: number): Promise<Duplex> {
        if (!Number.isInteger(port) || port < 1 || port > 65_535) {
            throw new RuntimeError('network', `invalid port ${port}`);
        }
        this.#program ??= installProgram(this.#directory);
        let program: string;
        try {
            program = await this.#program;
        } catch (error) {
            this.#program = undefined;
            throw new RuntimeError('network', `cannot install netns-dial in ${this.#directory}`, {
                cause: error,
            });
        }
        const child = spawn(program, [netns, String(port)], { stdio: ['pipe', 'pipe', 'ignore', 'pipe'] });
        const stream = new ChildStream(child);
        stream.on('error', () => undefined);
        await connected(child, { netns, port });
        return stream;
    }
}

/** Writes the program where it is missing or differs; its name carries its digest. */
async function installProgram(directory: string): Promise<string> {
    const architecture = nativeArchitecture(nodeArchitectures[process.arch] ?? process.arch);
    const bytes = Buffer.from(netnsDialBinaries[architecture], 'base64');
    const digest = createHash('sha256').update(bytes).digest('hex').slice(0, 12);
    const path = join(directory, `netns-dial-${digest}`);
    const present = await readFile(path).catch(() => undefined);
    if (present?.equals(bytes)) return path;
    await mkdir(directory, { recursive: true, mode: directoryMode });
    const temporary = `${path}.${process.pid}`;
    await writeFile(temporary, bytes, { mode: executableMode });
    await rename(temporary, path);
    return path;
}

/** Waits for the status byte: 0, or the errno of the failure. */
async function connected(child: ChildProcess, to: { netns: string; port: number }): Promise<void> {
    const status = child.stdio[3] as Readable;
    const fail = (why: string, cause?: unknown): RuntimeError =>
        new RuntimeError(
            'network',
            `failed to connect to localhost:${to.port} inside namespace "${to.netns}": dial tcp4 127.0.0.1:${to.port}: ${why}`,
            { cause },
        );
    await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => {
            child.kill('SIGKILL');
            reject(fail('connect: connection timed out'));
        }, connectTimeoutMs);
        child.once('error', (error) => {
            clearTimeout(timer);
            reject(fail(error.message, error));
        });
        child.once('exit', () => {
            clearTimeout(timer);
        });
        status.once('data', (bytes: Buffer) => {
            clearTimeout(timer);
            status.destroy();
            const errno = bytes[0] ?? 0;
            if (errno === 0) resolve();
            else reject(fail(`connect: ${errnoText(errno)}`));
        });
        status.once('end', () => reject(fail('netns-dial ended')));
    });
}

function errnoText(errno: number): string {
    const name = getSystemErrorName(-errno);
    return errnoWords[name] ?? name;
}

const errnoWords: Readonly<Record<string, string>> = {
    ECONNREFUSED: 'connection refused',
    ETIMEDOUT: 'connection timed out',
    EHOSTUNREACH: 'no route to host',
    ENETUNREACH: 'network is unreachable',
    ECONNRESET: 'connection reset by peer',
};

/**
 * Standard input and output of the program as one stream. The program may end, and with it its input,
 * before all of its output was read: writes are then dropped, and the output is still handed out whole.
 */
class ChildStream extends Duplex {
    readonly #child: ChildProcess;
    readonly #input: Writable;
    readonly #output: Readable;

    constructor(child: ChildProcess) {
        super();
        const [input, output] = [child.stdio[0] as Writable, child.stdio[1] as Readable];
        this.#child = child;
        this.#input = input;
        this.#output = output;
        input.on('error', () => undefined);
        output.on('error', (error) => this.destroy(error));
        output.on('data', (chunk: Buffer) => {
            if (!this.push(chunk)) output.pause();
        });
        output.on('end', () => this.push(null));
        output.pause();
    }

    override _read(): void {
        this.#output.resume();
    }

    override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
        if (this.#input.destroyed) {
            done();
            return;
        }
        this.#input.write(chunk, () => {
            done();
        });
    }

    override _final(done: () => void): void {
        this.#input.end();
        done();
    }

    override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
        this.#child.kill('SIGKILL');
        this.#input.destroy();
        this.#output.destroy();
        done(error);
    }
}
