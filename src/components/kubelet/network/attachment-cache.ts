import { mkdir, open, readdir, readFile, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { PodIdentity } from '../runtime/runtime.ts';
import type { NetworkConfigList } from './conflist.ts';
import type { CniResult } from './plugin.ts';

/** What is known about a sandbox's network: all that DEL needs, and the addresses. */
export interface CachedAttachment {
    sandboxId: string;
    pod: PodIdentity;
    list: NetworkConfigList;
    runtimeConfig: Readonly<Record<string, unknown>>;
    /** Absent while ADD is running: DEL is then still due. */
    result?: CniResult | undefined;
}

const directoryMode = 0o700;
const fileMode = 0o600;
const suffix = '.json';
const sandboxIdPattern = /^[A-Za-z0-9][\w.-]{0,127}$/;

/** One small file per sandbox, so that addresses and what to tear down outlive the kubelet. */
export class AttachmentCache {
    readonly #directory: string;
    readonly #entries = new Map<string, CachedAttachment>();

    constructor(directory: string) {
        this.#directory = directory;
    }

    async get(sandboxId: string): Promise<CachedAttachment | undefined> {
        const known = this.#entries.get(sandboxId);
        if (known !== undefined) return known;
        const entry = await this.#read(sandboxId);
        if (entry !== undefined) this.#entries.set(sandboxId, entry);
        return entry;
    }

    async set(entry: CachedAttachment): Promise<void> {
        await mkdir(this.#directory, { recursive: true, mode: directoryMode });
        const path = this.#path(entry.sandboxId);
        const file = await open(`${path}.tmp`, 'w', fileMode);
        try {
            await file.writeFile(JSON.stringify(entry));
        } finally {
            await file.close();
        }
        await rename(`${path}.tmp`, path);
        this.#entries.set(entry.sandboxId, entry);
    }

    async delete(sandboxId: string): Promise<void> {
        this.#entries.delete(sandboxId);
        await unlink(this.#path(sandboxId)).catch(ignoreMissing);
    }

    async sandboxIds(): Promise<string[]> {
        const names = await readdir(this.#directory).catch((error: unknown) => {
            ignoreMissing(error);
            return [];
        });
        return names.filter((name) => name.endsWith(suffix)).map((name) => name.slice(0, -suffix.length));
    }

    /** A file that a power cut left empty counts as none. */
    async #read(sandboxId: string): Promise<CachedAttachment | undefined> {
        try {
            return JSON.parse(await readFile(this.#path(sandboxId), 'utf8')) as CachedAttachment;
        } catch (error) {
            if (error instanceof SyntaxError) return undefined;
            ignoreMissing(error);
            return undefined;
        }
    }

    #path(sandboxId: string): string {
        if (!sandboxIdPattern.test(sandboxId)) throw new Error(`bad sandbox id "${sandboxId}"`);
        return join(this.#directory, `${sandboxId}${suffix}`);
    }
}

function ignoreMissing(error: unknown): void {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
}
