import { readFile } from 'node:fs/promises';
import { followFiles } from '../../../pki/follow-files.ts';
import { type Clock, systemClock } from '../../../util/clock.ts';
import type { Stoppable } from '../../../util/lifecycle.ts';
import type { Logger } from '../../../util/logger.ts';
import type { ReloadMetrics } from './reload-metrics.ts';

export interface FollowedConfiguration<T> {
    file: string;
    /** What is in force already. */
    text: string;
    metrics: ReloadMetrics;
    logger: Logger;
    clock?: Clock;
    /** Rejects where the text can never be used. */
    load: (text: string) => Promise<T>;
    /** Rejects where it cannot be used now; it is tried again. */
    apply: (configuration: T) => Promise<void> | void;
}

/**
 * Takes over changes of a configuration file while the server runs. One that cannot be used changes nothing: it is
 * logged and counted.
 */
export function followConfiguration<T>(options: FollowedConfiguration<T>): Stoppable {
    const { file, metrics, logger, load, apply } = options;
    const clock = options.clock ?? systemClock;
    let seen = options.text;
    metrics.inForce(seen);
    const failed = (error: unknown): void => {
        logger.error({ err: error, file }, 'the configuration is not taken over');
        metrics.reloaded('failure', clock.nowMs());
    };
    return followFiles([file], async () => {
        let text: string;
        try {
            text = await readFile(file, 'utf8');
        } catch (error) {
            failed(error);
            return;
        }
        if (text === seen) return;
        let configuration: T;
        try {
            configuration = await load(text);
        } catch (error) {
            seen = text;
            failed(error);
            return;
        }
        try {
            await apply(configuration);
        } catch (error) {
            failed(error);
            return;
        }
        seen = text;
        metrics.inForce(text);
        metrics.reloaded('success', clock.nowMs());
        logger.info({ file }, 'configuration taken over');
    });
}
