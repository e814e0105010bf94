/** Codes of gRPC statuses, as far as etcd uses them. */
export const grpcCodes = {
    ok: 0,
    cancelled: 1,
    unknown: 2,
    invalidArgument: 3,
    deadlineExceeded: 4,
    resourceExhausted: 8,
    internal: 13,
    unavailable: 14,
} as const;

/** A call did not succeed: the server's status, or what happened to the connection. */
export class GrpcError extends Error {
    override readonly name = 'GrpcError';
    readonly code: number;
    /** True when the request has surely not reached a server: it may be sent again whatever it does. */
    readonly isUnsent: boolean;

    constructor(status: { code: number; message: string; isUnsent?: boolean }, options?: ErrorOptions) {
        super(status.message, options);
        this.code = status.code;
        this.isUnsent = status.isUnsent ?? false;
    }
}
