import { join } from 'node:path';
import { statusErrors } from '../../api/meta/status-error.ts';
import type { NonResourceRoute } from '../../components/apiserver/extensions.ts';
import type { ApiRequest, ApiResult } from '../../components/apiserver/request.ts';
import { checkSnapshotName, saveSnapshot } from '../../store/backup/snapshot-directory.ts';
import { SnapshotSchedule } from '../../store/backup/snapshot-schedule.ts';
import { isSnapshotCapable, type SnapshotCapable } from '../../store/snapshot/snapshot-source.ts';
import type { Store } from '../../store/store.ts';
import { systemClock } from '../../util/clock.ts';
import type { Lifecycle } from '../../util/lifecycle.ts';
import type { Logger } from '../../util/logger.ts';
import type { FlagValues } from '../flags.ts';
import type { snapshotFlags } from '../flag-sets/snapshot-flags.ts';

export const snapshotsPath = '/hyperkube/v1/snapshots';
export const onDemandName = 'on-demand';
const bodyBytesMax = 4_096;

export interface SnapshotServiceOptions {
    store: Store;
    flags: FlagValues<typeof snapshotFlags> & { 'data-dir': string };
    logger: Logger;
}

/** How the newest saving goes: the answer of the endpoint, for `hyperkube snapshot save`. */
export interface SnapshotJob {
    id: number;
    state: 'running' | 'done' | 'failed';
    records: number;
    bytes: number;
    /** The file on the machine of the server, once it is done. */
    path?: string;
    revision?: number;
    message?: string;
}

export function snapshotDirectory(flags: SnapshotServiceOptions['flags']): string {
    return flags['snapshot-dir'] || join(flags['data-dir'], 'snapshots');
}

/**
 * Saves snapshots of the store that this process has open: by the schedule, and when an administrator asks for one
 * (POST starts it, GET says how it goes). One at a time. A real etcd is backed up by its own means.
 */
export class SnapshotService {
    readonly #options: SnapshotServiceOptions;
    readonly #directory: string;
    #job: SnapshotJob = { id: 0, state: 'done', records: 0, bytes: 0 };
    #saving: Promise<void> = Promise.resolve();
    readonly #abort = new AbortController();

    constructor(options: SnapshotServiceOptions) {
        this.#options = options;
        this.#directory = snapshotDirectory(options.flags);
    }

    /** Begins the schedule, and ends it and what is being saved with the lifecycle. */
    start(lifecycle: Lifecycle): void {
        const { flags, store, logger } = this.#options;
        lifecycle.add({
            stop: async () => {
                this.#abort.abort();
                await this.#saving;
            },
        });
        if (flags['snapshot-interval'] === 0 || !isSnapshotCapable(store)) return;
        const schedule = new SnapshotSchedule({
            directory: this.#directory,
            intervalMs: flags['snapshot-interval'],
            retention: flags['snapshot-retention'],
            clock: systemClock,
            logger,
            save: async (name) => {
                await this.#saving;
                const job = await this.#save(store, name);
                if (job.state === 'failed') throw new Error(job.message);
            },
        });
        schedule.start();
        lifecycle.add({
            stop: async () => {
                this.#abort.abort();
                await schedule.stop();
            },
        });
    }

    routes(): NonResourceRoute[] {
        return [{ path: snapshotsPath, handle: async (request) => await this.#handle(request) }];
    }

    async #handle(request: ApiRequest): Promise<ApiResult> {
        if (!request.identity.groups.includes('system:masters')) {
            throw statusErrors.forbidden({}, 'only the group system:masters may save snapshots');
        }
        if (request.method === 'GET') return { type: 'value', status: 200, value: this.#job };
        if (request.method !== 'POST') throw statusErrors.pathNotFound();
        const { store } = this.#options;
        if (!isSnapshotCapable(store)) {
            throw statusErrors.badRequest('the store is a real etcd: use etcdctl snapshot save');
        }
        const name = await nameIn(request);
        if (this.#job.state === 'running') {
            throw statusErrors.badRequest('another snapshot is being saved: try again when it is done');
        }
        void this.#save(store, name);
        return { type: 'value', status: 202, value: this.#job };
    }

    /** Starts at once; never rejects. */
    async #save(store: SnapshotCapable & Store, name: string): Promise<SnapshotJob> {
        const job: SnapshotJob = { id: this.#job.id + 1, state: 'running', records: 0, bytes: 0 };
        this.#job = job;
        this.#saving = this.#run(store, name, job);
        await this.#saving;
        return job;
    }

    async #run(store: SnapshotCapable & Store, name: string, job: SnapshotJob): Promise<void> {
        const { logger } = this.#options;
        try {
            await this.#catchUp(store);
            const source = await store.openSnapshot();
            try {
                const { path, info } = await saveSnapshot(source, {
                    directory: this.#directory,
                    name,
                    nowMs: systemClock.nowMs(),
                    signal: this.#abort.signal,
                    onProgress: (progress) => Object.assign(job, progress),
                });
                Object.assign(job, { state: 'done', path, revision: info.revision, records: info.records });
                logger.info({ path, revision: info.revision, records: info.records }, 'snapshot saved');
            } finally {
                await source.close();
            }
        } catch (error) {
            job.state = 'failed';
            job.message = error instanceof Error ? error.message : String(error);
            logger.error({ err: error }, 'a snapshot could not be saved');
        }
    }

    /** A backup of a state that is a little old is better than none: without a quorum, for example. */
    async #catchUp(store: Store): Promise<void> {
        try {
            await store.readIndex();
        } catch (error) {
            this.#options.logger.warn({ err: error }, 'this member may lag behind: saving what it has');
        }
    }
}

async function nameIn(request: ApiRequest): Promise<string> {
    const body = await request.body();
    let value: unknown = body.type === 'value' ? body.value : undefined;
    if (body.type === 'bytes' && body.bytes.length > 0) {
        if (body.bytes.length > bodyBytesMax) throw statusErrors.badRequest('the body is too long');
        try {
            value = JSON.parse(body.bytes.toString('utf8'));
        } catch (error) {
            throw statusErrors.badRequest('the body is no JSON', { cause: error });
        }
    }
    const name = typeof value === 'object' && value !== null && 'name' in value ? value.name : onDemandName;
    try {
        if (typeof name !== 'string') throw new RangeError('"name" is no string');
        checkSnapshotName(name);
        return name;
    } catch (error) {
        throw statusErrors.badRequest(error instanceof Error ? error.message : String(error), {
            cause: error,
        });
    }
}
