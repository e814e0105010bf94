import type { Client } from '../../client/client.ts';
import { EventRecorder } from '../../client/event-recorder.ts';
import type { InformerFactory } from '../../client/informer-factory.ts';
import { systemClock, type Clock } from '../../util/clock.ts';
import { Lifecycle, type Stoppable } from '../../util/lifecycle.ts';
import type { Logger } from '../../util/logger.ts';
import type { ControllerManagerOptions, RunnableController } from './controller-context.ts';
import { controllers } from './controllers.ts';
import { enabledControllers } from './enabled-controllers.ts';

export interface ControllerManagerParts {
    /** A client for a service account of kube-system: "deployment-controller". */
    clientFor: (serviceAccount: string) => Client;
    /** Started by the manager; stopped by whoever made it. */
    informers: InformerFactory;
    logger: Logger;
    /** As `--controllers`: ["*", "-foo"]. */
    enabled: readonly string[];
    options: ControllerManagerOptions;
    clock?: Clock;
}

/**
 * Runs the enabled controllers. Order: all controllers register with the informers, the informers are
 * started and filled, then all controllers begin to work.
 */
export class ControllerManager implements Stoppable {
    readonly #parts: ControllerManagerParts;
    readonly #lifecycle = new Lifecycle();
    readonly #running: RunnableController[] = [];
    #started: Promise<void> | undefined;

    /** @throws Error when `enabled` names an unknown controller. */
    constructor(parts: ControllerManagerParts) {
        this.#parts = parts;
        const { logger, informers, options } = parts;
        const clock = parts.clock ?? systemClock;
        for (const definition of enabledControllers(controllers, parts.enabled)) {
            const client = parts.clientFor(definition.serviceAccount);
            const log = logger.child({ controller: definition.name });
            const component = definition.serviceAccount;
            const events = this.#lifecycle.add(new EventRecorder({ client, component, logger: log, clock }));
            const controller = definition.create({ client, informers, events, logger: log, clock, options });
            this.#running.push(this.#lifecycle.add(controller));
        }
    }

    /** Resolves once all controllers work; rejects when stopped before. */
    async start(): Promise<void> {
        this.#started ??= this.#start();
        await this.#started;
    }

    /** Resolves when no reconcile is running any more. */
    async stop(): Promise<void> {
        await this.#lifecycle.stop();
    }

    async #start(): Promise<void> {
        const { informers, logger } = this.#parts;
        informers.start();
        await informers.waitForSync(this.#lifecycle.signal);
        for (const controller of this.#running) controller.start();
        logger.info({ controllers: this.#running.length }, 'controllers started');
    }
}
