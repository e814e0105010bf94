import type { WatchResult } from '../request.ts';

/**
 * The same watch, with `onOpen` called when it opens, and what that returns called once when it is over,
 * whoever ended it; `onEvent` before each of its events.
 */
export function followWatch(
    result: WatchResult,
    onOpen: () => () => void,
    onEvent: () => void = () => undefined,
): WatchResult {
    return {
        ...result,
        open: (sink) => {
            const onOver = onOpen();
            let isOver = false;
            const over = (): void => {
                if (isOver) return;
                isOver = true;
                onOver();
            };
            const stop = result.open({
                event: (...parameters) => {
                    onEvent();
                    sink.event(...parameters);
                },
                bookmark: (...parameters) => {
                    sink.bookmark(...parameters);
                },
                error: (status) => {
                    sink.error(status);
                },
                end: () => {
                    sink.end();
                    over();
                },
            });
            return () => {
                stop();
                over();
            };
        },
    };
}
