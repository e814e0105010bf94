/** Why a master could not join, in a sentence that says what to do. */
export class JoinError extends Error {
    override readonly name = 'JoinError';
    readonly retriable: boolean;
    constructor(message: string, options: ErrorOptions & { retriable?: boolean } = {}) {
        super(message, options);
        this.retriable = options.retriable ?? false;
    }
}
