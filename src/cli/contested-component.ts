import { randomUUID } from 'node:crypto';
import type { Client } from '../client/client.ts';
import { LeaderElector } from '../client/leader-election.ts';
import type { Stoppable } from '../util/lifecycle.ts';
import type { Logger } from '../util/logger.ts';
import { hostName } from './host.ts';

export interface ContestedComponentOptions {
    /** Of the lease in kube-system: kube-controller-manager, kube-scheduler. */
    leaseName: string;
    client: Client;
    logger: Logger;
    start(): Promise<Stoppable>;
}

/**
 * A component of which one may work in the whole cluster, inside a process that goes on when it is not this
 * one. A single master starts it at once, without a lease to renew. From `contest` on, which comes before
 * another master can be there, a Lease decides; who loses it stops the component and is a candidate again.
 */
export class ContestedComponent implements Stoppable {
    readonly #options: ContestedComponentOptions;
    #elector: LeaderElector | undefined;
    #elected: Promise<void> | undefined;
    /** Starts and stops, one after the other. */
    #steps: Promise<void> = Promise.resolve();
    #running: Stoppable | undefined;
    #state: 'open' | 'stopped' = 'open';

    constructor(options: ContestedComponentOptions) {
        this.#options = options;
    }

    /** Works, or waits for its turn while another master's does. */
    get isWell(): boolean {
        return this.#state === 'open' && (this.#running !== undefined || this.#elector !== undefined);
    }

    async startUncontested(): Promise<void> {
        await this.#then(() => this.#start());
    }

    /** Resolves at once, but where the component runs uncontested: when this process has the lease. */
    async contest(): Promise<void> {
        this.#elected ??= this.#contest();
        await this.#elected;
    }

    async stop(): Promise<void> {
        this.#state = 'stopped';
        await this.#then(() => this.#stop());
        await this.#elector?.stop();
        await this.#steps;
    }

    async #contest(): Promise<void> {
        const { client, logger, leaseName } = this.#options;
        await this.#steps;
        await new Promise<void>((resolve) => {
            if (this.#running === undefined) resolve();
            this.#elector = new LeaderElector({
                client,
                lease: { namespace: 'kube-system', name: leaseName },
                identity: `${hostName()}_${randomUUID()}`,
                logger,
                onStartedLeading: () => {
                    resolve();
                    this.#inBackground(() => this.#start());
                },
                onStoppedLeading: () => {
                    this.#inBackground(() => this.#stop());
                },
            });
            this.#elector.start();
        });
    }

    async #start(): Promise<void> {
        if (this.#state === 'stopped' || this.#running !== undefined) return;
        this.#running = await this.#options.start();
    }

    async #stop(): Promise<void> {
        const running = this.#running;
        this.#running = undefined;
        await running?.stop();
    }

    #inBackground(step: () => Promise<void>): void {
        const { logger, leaseName } = this.#options;
        this.#then(step).catch((error: unknown) => {
            logger.error({ err: error, component: leaseName }, 'component could not be started or stopped');
        });
    }

    async #then(step: () => Promise<void>): Promise<void> {
        const done = this.#steps.then(step);
        this.#steps = done.catch(() => undefined);
        await done;
    }
}
