import { type StatusError, statusErrors } from '../../../api/meta/status-error.ts';
import type { AdmissionRequest } from '../admission.ts';

/** The 403 answer of an admission plugin. Objects that will get their name are called by its base. */
export function forbidden(request: AdmissionRequest, why: string): StatusError {
    const { name, generateName } = request.object?.metadata ?? {};
    const { group, plural } = request.definition;
    const subject = { group, resource: plural, name: request.name || name || generateName || 'Unknown' };
    return statusErrors.forbidden(subject, why);
}

/** Several sentences as Go joins errors: `a`, or `[a, b]`. */
export function joinErrors(errors: readonly string[]): string {
    return errors.length === 1 ? (errors[0] ?? '') : `[${errors.join(', ')}]`;
}
