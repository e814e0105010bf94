/** What can be stopped; `stop` resolves when nothing of it is left running. */
export interface Stoppable {
    stop(): Promise<void> | void;
}

/**
 * Owns timers, sockets and sub-components, and stops them in reverse order of their start.
 * Invariant: after `stop` has resolved, everything that was ever added has been stopped, also what was
 * added while stopping. Errors of single parts do not keep the others from stopping; they are thrown
 * together at the end.
 */
export class Lifecycle implements Stoppable {
    #parts: Stoppable[] = [];
    #state: 'running' | 'stopping' | 'stopped' = 'running';
    #abort = new AbortController();
    #stopping: Promise<void> | undefined;

    /** Aborted as the first step of stopping. */
    get signal(): AbortSignal {
        return this.#abort.signal;
    }

    get state(): 'running' | 'stopping' | 'stopped' {
        return this.#state;
    }

    /** Takes ownership of `part`, which is stopped at once when the group has already stopped. */
    add<T extends Stoppable>(part: T): T {
        if (this.#state === 'stopped') void part.stop();
        else this.#parts.push(part);
        return part;
    }

    /** A repeating timer that never overlaps itself; errors go to `onError`. */
    every(intervalMs: number, work: () => Promise<void> | void, onError: (error: unknown) => void): void {
        let busy = false;
        const timer = setInterval(() => {
            if (busy) return;
            busy = true;
            void (async () => {
                try {
                    await work();
                } catch (error) {
                    onError(error);
                } finally {
                    busy = false;
                }
            })();
        }, intervalMs);
        timer.unref();
        this.add({
            stop: () => {
                clearInterval(timer);
            },
        });
    }

    async stop(): Promise<void> {
        this.#stopping ??= this.#stopAll();
        await this.#stopping;
    }

    async #stopAll(): Promise<void> {
        this.#state = 'stopping';
        this.#abort.abort();
        const errors: unknown[] = [];
        for (let part = this.#parts.pop(); part !== undefined; part = this.#parts.pop()) {
            try {
                await part.stop();
            } catch (error) {
                errors.push(error);
            }
        }
        this.#state = 'stopped';
        if (errors.length === 1) throw errors[0];
        if (errors.length > 1) throw new AggregateError(errors, 'several parts failed to stop');
    }
}
