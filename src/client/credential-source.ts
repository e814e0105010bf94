import { readFile, stat } from 'node:fs/promises';
import { systemClock, type Clock } from '../util/clock.ts';

/** Where a credential comes from: given in the kubeconfig itself, or a file that may be rotated. */
export type CredentialSource = { type: 'inline'; value: Buffer } | { type: 'file'; path: string };

/** A file is looked at again at most this often; rotated credentials are used after that. */
const recheckIntervalMs = 10_000;
/** No certificate, key or token is larger. */
const credentialBytesMax = 1024 * 1024;

/**
 * The current bytes of a credential. A file is read again when its modification time, inode or size
 * has changed; while it cannot be read, what was read last stays in use.
 */
export class Credential {
    readonly #source: CredentialSource;
    readonly #clock: Clock;
    #bytes: Buffer | undefined;
    #stamp = '';
    #checkedAtMs = Number.NEGATIVE_INFINITY;
    #generation = 0;

    constructor(source: CredentialSource, clock: Clock = systemClock) {
        this.#source = source;
        this.#clock = clock;
    }

    /** Grows whenever `read` has returned other bytes than before. */
    get generation(): number {
        return this.#generation;
    }

    /** Makes the next `read` look at the file, for instance after a 401. */
    invalidate(): void {
        this.#checkedAtMs = Number.NEGATIVE_INFINITY;
    }

    async read(): Promise<Buffer> {
        if (this.#source.type === 'inline') return this.#source.value;
        const now = this.#clock.monotonicMs();
        if (this.#bytes !== undefined && now - this.#checkedAtMs < recheckIntervalMs) return this.#bytes;
        this.#checkedAtMs = now;
        try {
            await this.#reload(this.#source.path);
        } catch (error) {
            if (this.#bytes === undefined) {
                throw new Error(`cannot read credential ${this.#source.path}`, { cause: error });
            }
        }
        return this.#bytes ?? Buffer.alloc(0);
    }

    async #reload(path: string): Promise<void> {
        const info = await stat(path);
        const stamp = `${info.mtimeMs}/${info.ino}/${info.size}`;
        if (stamp === this.#stamp && this.#bytes !== undefined) return;
        if (info.size > credentialBytesMax) throw new Error(`larger than ${credentialBytesMax} bytes`);
        const bytes = await readFile(path);
        this.#stamp = stamp;
        if (this.#bytes?.equals(bytes)) return;
        this.#bytes = bytes;
        this.#generation++;
    }
}
