import type { Logger } from '../../../util/logger.ts';
import type { Undo } from '../extensions.ts';

/** What to take back, last first, when a write does not happen. */
export class UndoList {
    readonly #logger: Logger;
    #undos: Undo[] = [];

    constructor(logger: Logger) {
        this.#logger = logger;
    }

    add(undo: Undo | undefined): void {
        if (undo !== undefined) this.#undos.push(undo);
    }

    /** The write happened: nothing is to be taken back. */
    keep(): void {
        this.#undos = [];
    }

    async undo(): Promise<void> {
        for (let undo = this.#undos.pop(); undo !== undefined; undo = this.#undos.pop()) {
            try {
                await undo();
            } catch (error) {
                this.#logger.error({ err: error }, 'a registry hook could not be undone');
            }
        }
    }
}
