/**
 * A container is not started in this sync. `reason` and `message` become its waiting state;
 * `retryAfterMs` says when the pod should be synced again (absent: the pod worker's own back-off).
 */
export class StartError extends Error {
    override readonly name = 'StartError';
    readonly reason: string;
    readonly retryAfterMs: number | undefined;

    constructor(reason: string, message: string, options?: { cause?: unknown; retryAfterMs?: number }) {
        super(message, { cause: options?.cause });
        this.reason = reason;
        this.retryAfterMs = options?.retryAfterMs;
    }
}
