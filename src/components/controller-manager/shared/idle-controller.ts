import type { ControllerContext, RunnableController } from '../controller-context.ts';

/** Stands for a controller that lacks a setting; says so once and does nothing. */
export function idleController({ logger }: ControllerContext, missing: string): RunnableController {
    return {
        start: () => {
            logger.info({ missing }, 'controller is off: a setting is missing');
        },
        stop: () => undefined,
    };
}
