/** A refusal as the kubelet's server gives it: plain text with a code. */
export class HttpError extends Error {
    override readonly name = 'HttpError';
    readonly code: number;
    constructor(code: number, message: string, options?: ErrorOptions) {
        super(message, options);
        this.code = code;
    }
}

export const podDoesNotExist = (): HttpError => new HttpError(404, 'pod does not exist');

/** Code and words for whatever a handler threw. */
export function httpErrorOf(error: unknown): HttpError {
    if (error instanceof HttpError) return error;
    // A path with a broken percent escape.
    if (error instanceof URIError) return new HttpError(400, error.message, { cause: error });
    return new HttpError(500, error instanceof Error ? error.message : String(error), { cause: error });
}
