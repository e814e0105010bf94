import { statusErrors, type StatusError } from '../../../api/meta/status-error.ts';
import { textOfKey } from '../../../store/store.ts';

/** 500 for a collection in which a value cannot be decrypted, in upstream's words. */
export function unreadableInList(key: string, reason: Error): StatusError {
    return statusErrors.internal(
        new Error(`unable to transform key ${JSON.stringify(textOfKey(key))}: ${reason.message}`, {
            cause: reason,
        }),
    );
}
