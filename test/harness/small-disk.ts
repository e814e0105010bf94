import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const pageBytes = 4_096;
const pieceBytes = 64 * pageBytes;

/** Mounting takes root. */
export const canMount = process.getuid?.() === 0;

/** A file system of a few MiB of its own (tmpfs), to be filled to the last page and to be given room again. */
export class SmallDisk {
    readonly directory: string;

    private constructor(directory: string) {
        this.directory = directory;
    }

    /** Mounts it on `directory`, which is made. */
    static mount(directory: string, mebibytes: number): SmallDisk {
        mkdirSync(directory, { recursive: true });
        execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'hyperkube-test', directory]);
        return new SmallDisk(directory);
    }

    /** Leaves not a page free. */
    fill(): void {
        const file = openSync(this.#ballast, 'a', 0o600);
        try {
            for (const bytes of [pieceBytes, pageBytes]) while (writeAll(file, Buffer.alloc(bytes, 1)));
        } finally {
            closeSync(file);
        }
    }

    /** Takes back what `fill` did. */
    makeRoom(): void {
        rmSync(this.#ballast, { force: true });
    }

    unmount(): void {
        execFileSync('umount', ['-l', this.directory]);
    }

    get #ballast(): string {
        return join(this.directory, 'ballast');
    }
}

/** False when there is no room for all of it. */
function writeAll(file: number, bytes: Buffer): boolean {
    try {
        return writeSync(file, bytes) === bytes.length;
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOSPC') return false;
        throw error;
    }
}
