/** The end of a remote command as it goes over the wire: a `metav1.Status`. */
export interface RemoteStatus {
    metadata: Record<string, never>;
    status: 'Success' | 'Failure';
    message?: string;
    reason?: string;
    details?: { causes: { reason?: string; message: string }[] };
    code?: number;
}

export const successStatus: RemoteStatus = { metadata: {}, status: 'Success' };

/** Success for 0; else what kubectl turns into its own exit code. */
export function exitStatus(exitCode: number, command: readonly string[]): RemoteStatus {
    if (exitCode === 0) return successStatus;
    const words = `command terminated with non-zero exit code: error executing command [${command.join(' ')}], exit code ${exitCode}`;
    return {
        metadata: {},
        status: 'Failure',
        message: words,
        reason: 'NonZeroExitCode',
        details: { causes: [{ reason: 'ExitCode', message: String(exitCode) }] },
    };
}

/** A command that could not be run, or whose run broke. */
export function failureStatus(error: unknown): RemoteStatus {
    const words = error instanceof Error ? error.message : String(error);
    return {
        metadata: {},
        status: 'Failure',
        message: `Internal error occurred: ${words}`,
        reason: 'InternalError',
        details: { causes: [{ message: words }] },
        code: 500,
    };
}

/** What goes to the error stream: JSON from protocol v4 on, before that plain text of failures only. */
export function encodeStatus(status: RemoteStatus, asJson: boolean): Buffer {
    if (asJson) return Buffer.from(JSON.stringify(status));
    return Buffer.from(status.status === 'Success' ? '' : (status.message ?? 'unknown failure'));
}
