import type Dockerode from 'dockerode';
import type { CgroupDriver } from './container-spec.ts';
import { translated } from './docker-api.ts';

/**
 * What does not change about the daemon. Each fact is asked for when it is first needed, and again as long
 * as there was no answer: the daemon may be away when the kubelet starts, and its `info` can take half a
 * minute while it waits for a dead registry.
 */
export class DaemonFacts {
    readonly #docker: Dockerode;
    #architecture: string | undefined;
    #cgroupDriver: CgroupDriver | undefined;

    constructor(docker: Dockerode, cgroupDriver: CgroupDriver | undefined) {
        this.#docker = docker;
        this.#cgroupDriver = cgroupDriver;
    }

    async architecture(): Promise<string> {
        this.#architecture ??= (await translated(() => this.#docker.version())).Arch;
        return this.#architecture;
    }

    async cgroupDriver(): Promise<CgroupDriver> {
        if (this.#cgroupDriver === undefined) {
            const info = (await translated(() => this.#docker.info())) as { CgroupDriver?: string };
            this.#cgroupDriver = info.CgroupDriver === 'systemd' ? 'systemd' : 'cgroupfs';
        }
        return this.#cgroupDriver;
    }
}
