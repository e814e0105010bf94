import { watch, type FSWatcher } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { V1Pod } from '../../../api/meta/object.ts';
import { rfc3339, type Clock } from '../../../util/clock.ts';
import type { Stoppable } from '../../../util/lifecycle.ts';
import type { Logger } from '../../../util/logger.ts';
import { podUid } from '../pod/pod.ts';
import { parseManifest } from './parse-manifest.ts';

export interface FileSourceOptions {
    /** A directory of manifests, or one file. */
    path: string;
    nodeName: string;
    logger: Logger;
    clock: Clock;
    /** How often the directory is read although no change was seen. */
    rescanMs: number;
    /** All static pods there are now. */
    onChange: (pods: readonly V1Pod[]) => void;
}

const manifestBytesMax = 10 * 1024 * 1024;
/** Editors write in several steps. */
const settleMs = 200;

/** Static pods from manifest files. A file that cannot be read keeps the pods it had. */
export class FileSource implements Stoppable {
    readonly #options: FileSourceOptions;
    #known = new Map<string, V1Pod>();
    #watcher: FSWatcher | undefined;
    #cancelTimer: (() => void) | undefined;
    #stopped = false;

    constructor(options: FileSourceOptions) {
        this.#options = options;
    }

    async start(): Promise<void> {
        this.#watch();
        await this.#scan();
    }

    stop(): void {
        this.#stopped = true;
        this.#watcher?.close();
        this.#cancelTimer?.();
    }

    #watch(): void {
        try {
            this.#watcher = watch(this.#options.path, { persistent: false }, () => {
                this.#scanAfter(settleMs);
            });
            this.#watcher.on('error', () => {
                this.#watcher?.close();
                this.#watcher = undefined;
            });
        } catch {
            // Not there yet: the rescan finds it.
            this.#watcher = undefined;
        }
    }

    #scanAfter(ms: number): void {
        if (this.#stopped) return;
        this.#cancelTimer?.();
        this.#cancelTimer = this.#options.clock.setTimer(ms, () => {
            void this.#scan();
        });
    }

    async #scan(): Promise<void> {
        if (this.#watcher === undefined) this.#watch();
        try {
            const pods = new Map<string, V1Pod>();
            for (const file of await this.#files()) {
                const pod = await this.#read(file);
                if (pod !== undefined) pods.set(file, pod);
            }
            const uids = (map: Map<string, V1Pod>) => [...map.values()].map(podUid).sort().join();
            const changed = uids(pods) !== uids(this.#known);
            this.#known = pods;
            if (changed && !this.#stopped) this.#options.onChange([...pods.values()]);
        } catch (error) {
            this.#options.logger.error(
                { err: error, path: this.#options.path },
                'cannot read static pod manifests',
            );
        }
        this.#scanAfter(this.#options.rescanMs);
    }

    async #files(): Promise<string[]> {
        const { path } = this.#options;
        try {
            if (!(await stat(path)).isDirectory()) return [path];
            const names = (await readdir(path)).filter((name) => !name.startsWith('.')).sort();
            return names.map((name) => join(path, name));
        } catch (error) {
            if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
            throw error;
        }
    }

    async #read(file: string): Promise<V1Pod | undefined> {
        const { nodeName, logger, clock } = this.#options;
        try {
            const info = await stat(file);
            if (!info.isFile()) return undefined;
            if (info.size > manifestBytesMax) throw new Error(`larger than ${manifestBytesMax} bytes`);
            const { load } = await import('js-yaml');
            const seenAt = rfc3339(clock.nowMs());
            return parseManifest({ value: load(await readFile(file, 'utf8')), nodeName, seenAt });
        } catch (error) {
            logger.error({ err: error, file }, 'cannot use a static pod manifest');
            return this.#known.get(file);
        }
    }
}
