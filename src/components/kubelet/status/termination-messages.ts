import { open } from 'node:fs/promises';
import { Writable } from 'node:stream';
import type { Logger } from '../../../util/logger.ts';
import type { KubeletPaths } from '../paths.ts';
import type { PodRuntimeState } from '../pod/pod-runtime-state.ts';
import type { ContainerStatus, Runtime } from '../runtime/runtime.ts';
import { terminationMessagePolicyAnnotation } from '../sync-pod/container-hash.ts';

const messageBytesMax = 4096;
const fallbackLines = 80;
const fallbackBytesMax = 2048;

/** Reads what containers left as their termination message, once per container. */
export class TerminationMessages {
    readonly #runtime: Runtime;
    readonly #paths: KubeletPaths;
    readonly #logger: Logger;
    readonly #known = new Map<string, string>();

    constructor(options: { runtime: Runtime; paths: KubeletPaths; logger: Logger }) {
        this.#runtime = options.runtime;
        this.#paths = options.paths;
        this.#logger = options.logger;
    }

    /** Messages by id of all containers of the pod that have ended. */
    async of(state: PodRuntimeState): Promise<ReadonlyMap<string, string>> {
        const messages = new Map<string, string>();
        for (const container of state.containers) {
            if (container.state !== 'exited') continue;
            let message = this.#known.get(container.id);
            if (message === undefined) {
                message = await this.#read(container);
                this.#known.set(container.id, message);
            }
            if (message !== '') messages.set(container.id, message);
        }
        return messages;
    }

    forget(containerIds: Iterable<string>): void {
        for (const id of containerIds) this.#known.delete(id);
    }

    async #read(container: ContainerStatus): Promise<string> {
        const path = this.#paths.terminationMessage(container.pod.uid, container.name, container.attempt);
        const text = await readStart(path);
        if (text !== '') return text;
        const fallback =
            container.annotations[terminationMessagePolicyAnnotation] === 'FallbackToLogsOnError';
        if (!fallback || container.exitCode === 0) return container.error;
        try {
            return await this.#logTail(container.id);
        } catch (error) {
            this.#logger.debug({ err: error, container: container.id }, 'cannot read the log of a container');
            return '';
        }
    }

    async #logTail(id: string): Promise<string> {
        let text = '';
        const sink = new Writable({
            write(chunk: Buffer, _encoding, done) {
                text = (text + chunk.toString('utf8')).slice(-fallbackBytesMax);
                done();
            },
        });
        const options = { follow: false, timestamps: false, tailLines: fallbackLines };
        await this.#runtime.containerLogs(id, options, { stdout: sink, stderr: sink });
        return text;
    }
}

async function readStart(path: string): Promise<string> {
    try {
        const file = await open(path, 'r');
        try {
            const { bytesRead, buffer } = await file.read(
                Buffer.alloc(messageBytesMax),
                0,
                messageBytesMax,
                0,
            );
            return buffer.subarray(0, bytesRead).toString('utf8');
        } finally {
            await file.close();
        }
    } catch {
        // Never written, or the pod's directory is gone.
        return '';
    }
}
