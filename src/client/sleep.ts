import type { Clock } from '../util/clock.ts';

/** Resolves after the delay, or as soon as `signal` is aborted; never rejects. */
export async function sleep(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    await new Promise<void>((resolve) => {
        const finish = (): void => {
            cancel();
            signal.removeEventListener('abort', finish);
            resolve();
        };
        const cancel = clock.setTimer(delayMs, finish);
        signal.addEventListener('abort', finish, { once: true });
    });
}
