import type { V1Status } from '../api/meta/object.ts';
import { StatusError, statusReasonCodes, type StatusReason } from '../api/meta/status-error.ts';

const isStatus = (body: unknown): body is V1Status =>
    typeof body === 'object' && body !== null && (body as V1Status).kind === 'Status';

/** The first reason that has this code; 403 → Forbidden. */
function reasonOf(code: number): StatusReason {
    const reasons = Object.keys(statusReasonCodes) as StatusReason[];
    return reasons.find((reason) => reason !== '' && statusReasonCodes[reason] === code) ?? '';
}

/** The error that a failed answer stands for. Bodies that are no Status are quoted, shortened. */
export function statusErrorOf(code: number, body: unknown, retryAfter?: string): StatusError {
    if (isStatus(body)) return new StatusError({ ...body, code: body.code ?? code });
    const text = typeof body === 'string' ? body.trim().slice(0, 1024) : '';
    const seconds = Number(retryAfter);
    return new StatusError({
        code,
        reason: reasonOf(code),
        message: text === '' ? `the server answered with status ${code}` : text,
        ...(Number.isInteger(seconds) && seconds > 0 ? { details: { retryAfterSeconds: seconds } } : {}),
    });
}

/** The error that a watch's ERROR event carries. */
export function statusErrorOfEvent(object: unknown): StatusError {
    if (isStatus(object)) return new StatusError({ ...object, code: object.code ?? 500 });
    return new StatusError({ code: 500, message: 'the watch failed without saying why' });
}
