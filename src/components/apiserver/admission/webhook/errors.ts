import type { V1Status } from '../../../../api/meta/object.ts';
import { StatusError, statusErrors } from '../../../../api/meta/status-error.ts';

/** A webhook could not be asked, or its answer cannot be used: what failurePolicy is about. */
export class WebhookCallError extends Error {
    override readonly name = 'WebhookCallError';

    constructor(webhook: string, reason: string, options?: ErrorOptions) {
        super(`failed calling webhook "${webhook}": ${reason}`, options);
    }
}

const badRequestCode = 400;

/** The answer to the client when a webhook says no. What the webhook says of code and reason is passed on. */
export function deniedBy(webhook: string, result: V1Status | undefined): StatusError {
    const by = `admission webhook "${webhook}" denied the request`;
    const code = result?.code ?? 0;
    const why = result?.message || result?.reason;
    return new StatusError({
        ...result,
        code: code < badRequestCode ? badRequestCode : code,
        message: why ? `${by}: ${why}` : `${by} without explanation`,
    });
}

export function dryRunUnsupported(webhook: string): StatusError {
    return statusErrors.badRequest(`admission webhook "${webhook}" does not support dry run`);
}
