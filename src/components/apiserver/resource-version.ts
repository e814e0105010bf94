import { fieldErrors } from '../../api/meta/field-error.ts';
import { statusErrors, type StatusError } from '../../api/meta/status-error.ts';

/** 504 for a revision that is ahead of what this member has: clients retry, or start over. */
export function tooLargeResourceVersion(requested: number, current: number): StatusError {
    return statusErrors.timeout(`Too large resource version: ${requested}, current: ${current}`, 1, [
        { reason: 'ResourceVersionTooLarge', message: 'Too large resource version' },
    ]);
}

/** 410 for a revision whose events are forgotten: clients list again. */
export function tooOldResourceVersion(requested: number, oldest: number): StatusError {
    return statusErrors.expired(`too old resource version: ${requested} (${oldest})`);
}

/**
 * The number in a `resourceVersion` parameter; 0 for an absent one ("" and "0" differ in meaning:
 * callers look at the text for that). 400 for anything else.
 */
export function parseResourceVersion(text: string): number {
    if (text === '') return 0;
    const revision = Number(text);
    if (!/^\d{1,16}$/.test(text) || !Number.isSafeInteger(revision)) {
        throw statusErrors.invalid('', '', '', [
            fieldErrors.invalid(
                'resourceVersion',
                text,
                `strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`,
            ),
        ]);
    }
    return revision;
}
