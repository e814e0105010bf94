/** gRPC's status codes, those in use here. */
export const grpcCode = {
    ok: 0,
    cancelled: 1,
    unknown: 2,
    invalidArgument: 3,
    deadlineExceeded: 4,
    notFound: 5,
    alreadyExists: 6,
    permissionDenied: 7,
    resourceExhausted: 8,
    failedPrecondition: 9,
    aborted: 10,
    outOfRange: 11,
    unimplemented: 12,
    internal: 13,
    unavailable: 14,
    dataLoss: 15,
    unauthenticated: 16,
} as const;
export type GrpcCode = keyof typeof grpcCode;

/** How a call ends, if not well. */
export class GrpcError extends Error {
    override readonly name = 'GrpcError';
    readonly code: GrpcCode;
    constructor(code: GrpcCode, message: string, options?: ErrorOptions) {
        super(message, options);
        this.code = code;
    }
}

/** The text of `grpc-message`: everything but printable ASCII is percent-encoded. */
export function encodeGrpcMessage(text: string): string {
    return Array.from(Buffer.from(text), (byte) =>
        byte >= 0x20 && byte <= 0x7e && byte !== 0x25
            ? String.fromCharCode(byte)
            : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`,
    ).join('');
}
