import type { V1FlowSchema, V1FlowSchemaCondition } from '../../../api/meta/object.ts';
import { isReason } from '../../../api/meta/status-error.ts';
import type { Client } from '../../../client/client.ts';
import { type Clock, rfc3339 } from '../../../util/clock.ts';
import type { Stoppable } from '../../../util/lifecycle.ts';
import type { Logger } from '../../../util/logger.ts';
import { followChanges } from '../authz/follow-changes.ts';
import type { ObjectReader } from '../object-reader.ts';
import { reconcileFlowControlObjects } from './reconcile-objects.ts';
import { flowSchemas, priorityLevels } from './resources.ts';

export interface ConfigControllerOptions {
    /** As system:apiserver. */
    client: Client;
    reader: ObjectReader;
    clock: Clock;
    logger: Logger;
}

const reconcileIntervalMs = 60_000;
/** Changes of one moment are answered together. */
const settleMs = 100;
const fieldManager = 'api-priority-and-fairness-config-consumer-v1';

/**
 * Keeps the objects of API Priority and Fairness: those that must be there, looked at every minute, and each
 * flow schema's condition `Dangling`, which says whether its priority level is missing. What fails is done
 * again the next minute.
 */
export class FlowControlConfigController implements Stoppable {
    readonly #options: ConfigControllerOptions;
    #stopFollowing: (() => void)[] = [];
    #cancelTimers = new Set<() => void>();
    #isScheduled = false;
    #isStopped = false;
    #running: Promise<void> = Promise.resolve();

    constructor(options: ConfigControllerOptions) {
        this.#options = options;
    }

    /** Resolves once the objects are there; rejects when they could not be written. */
    async start(): Promise<void> {
        const { client, reader } = this.#options;
        await reconcileFlowControlObjects(client);
        if (this.#isStopped) return;
        const follower = {
            changed: () => {
                this.#schedule();
            },
            filled: () => {
                this.#schedule();
            },
        };
        this.#stopFollowing = [flowSchemas, priorityLevels].map((type) =>
            followChanges(reader, type, follower),
        );
        this.#schedule();
        this.#repeat();
    }

    async stop(): Promise<void> {
        this.#isStopped = true;
        for (const stop of this.#stopFollowing) stop();
        for (const cancel of this.#cancelTimers) cancel();
        this.#cancelTimers.clear();
        await this.#running;
    }

    #repeat(): void {
        this.#timer(reconcileIntervalMs, () => {
            this.#run(async () => {
                await reconcileFlowControlObjects(this.#options.client);
                await this.#setConditions();
            });
            this.#repeat();
        });
    }

    #schedule(): void {
        if (this.#isScheduled || this.#isStopped) return;
        this.#isScheduled = true;
        this.#timer(settleMs, () => {
            this.#isScheduled = false;
            this.#run(async () => {
                await this.#setConditions();
            });
        });
    }

    #run(work: () => Promise<void>): void {
        this.#running = this.#running.then(work).catch((error: unknown) => {
            if (!this.#isStopped)
                this.#options.logger.warn({ err: error }, 'flow control objects not written');
        });
    }

    async #setConditions(): Promise<void> {
        const { reader, client, clock } = this.#options;
        for (const schema of reader.list<V1FlowSchema>(flowSchemas)) {
            if (this.#isStopped) return;
            const level = schema.spec?.priorityLevelConfiguration.name ?? '';
            const isDangling = reader.get(priorityLevels, '', level) === undefined;
            const wanted = danglingCondition(level, isDangling);
            const others = (schema.status?.conditions ?? []).filter(({ type }) => type !== 'Dangling');
            const present = schema.status?.conditions?.find(({ type }) => type === 'Dangling');
            const isSame =
                present !== undefined &&
                present.status === wanted.status &&
                present.reason === wanted.reason &&
                present.message === wanted.message;
            if (isSame) continue;
            const lastTransitionTime =
                present?.status === wanted.status && present?.lastTransitionTime !== undefined
                    ? present.lastTransitionTime
                    : rfc3339(clock.nowMs());
            const conditions = [...others, { ...wanted, lastTransitionTime }];
            try {
                await client
                    .resource(flowSchemas)
                    .updateStatus({ ...schema, status: { ...schema.status, conditions } }, { fieldManager });
            } catch (error) {
                // Somebody else changed or deleted it: that change comes by itself.
                if (!isReason(error, 'Conflict') && !isReason(error, 'NotFound')) throw error;
            }
        }
    }

    #timer(delayMs: number, callback: () => void): void {
        const cancel = this.#options.clock.setTimer(delayMs, () => {
            this.#cancelTimers.delete(cancel);
            callback();
        });
        this.#cancelTimers.add(cancel);
    }
}

function danglingCondition(level: string, isDangling: boolean): V1FlowSchemaCondition {
    const subject = `This FlowSchema references the PriorityLevelConfiguration object named ${JSON.stringify(level)}`;
    return isDangling
        ? {
              type: 'Dangling',
              status: 'True',
              reason: 'NotFound',
              message: `${subject} but there is no such object`,
          }
        : { type: 'Dangling', status: 'False', reason: 'Found', message: `${subject} and it exists` };
}
