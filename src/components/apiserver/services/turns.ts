/** Lets callers in one after the other. */
export class Turns {
    #last: Promise<void> = Promise.resolve();

    /** Resolves when everybody before has left; call the result to leave. */
    async enter(): Promise<() => void> {
        const before = this.#last;
        let leave = (): void => undefined;
        this.#last = new Promise((resolve) => {
            leave = resolve;
        });
        await before;
        return leave;
    }
}
