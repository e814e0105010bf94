import { chmod, mkdir, open, readFile, rename, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { randomBytes } from 'node:crypto';

/** Makes the directory, and its parents, readable by its owner alone. */
export async function ensurePrivateDirectory(directory: string): Promise<void> {
    const created = await mkdir(directory, { recursive: true, mode: 0o700 });
    if (created !== undefined) await chmod(directory, 0o700);
}

/** The file's text, undefined where there is none. */
export async function readFileIfExists(file: string): Promise<string | undefined> {
    try {
        return await readFile(file, 'utf8');
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw new Error(`cannot read ${file}`, { cause: error });
    }
}

/** After a power cut at any moment the file is either as it was before or complete with its new content. */
export async function writeFileAtomically(file: string, content: string, mode: number): Promise<void> {
    const temporary = join(dirname(file), `.${randomBytes(6).toString('hex')}.tmp`);
    try {
        const handle = await open(temporary, 'wx', mode);
        try {
            await handle.writeFile(content);
            await handle.chmod(mode);
            await handle.sync();
        } finally {
            await handle.close();
        }
        await rename(temporary, file);
        await syncDirectory(dirname(file));
    } catch (error) {
        await unlink(temporary).catch(() => undefined);
        throw new Error(`cannot write ${file}`, { cause: error });
    }
}

async function syncDirectory(directory: string): Promise<void> {
    const handle = await open(directory, 'r');
    try {
        await handle.sync();
    } finally {
        await handle.close();
    }
}
