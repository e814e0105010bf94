import { StoreError } from '../store.ts';

const fullDiskPattern = /no space left on device|disk quota exceeded|file too large/i;

/** What LevelDB or the file system threw, named. A StoreError passes through. */
export function diskError(error: unknown, doing: string): StoreError {
    if (error instanceof StoreError) return error;
    const root = rootCause(error);
    const text = String(property(root, 'message') ?? root);
    switch (property(root, 'code')) {
        case 'LEVEL_LOCKED':
            return new StoreError('locked', `${doing}: another process uses the directory`, { cause: error });
        case 'LEVEL_CORRUPTION':
            return new StoreError('corrupt', `${doing}: ${text}`, { cause: error });
        case 'LEVEL_DATABASE_NOT_OPEN':
        case 'LEVEL_ITERATOR_NOT_OPEN':
            return new StoreError('closed', 'the store is closed', { cause: error });
        case 'ENOSPC':
        case 'EDQUOT':
            return new StoreError('noSpace', `${doing}: ${text}`, { cause: error });
    }
    const reason = fullDiskPattern.test(text) ? 'noSpace' : 'io';
    return new StoreError(reason, `${doing}: ${text}`, { cause: error });
}

/** Says of damaged data where they are and what their owner does about it. Other errors pass through. */
export function namingDirectory(error: unknown, directory: string): unknown {
    if (!(error instanceof StoreError) || error.reason !== 'corrupt') return error;
    return new StoreError(
        'corrupt',
        `the store in ${directory} is damaged: ${error.message}. Move that directory away and restore a ` +
            'snapshot (hyperkube snapshot restore), or, as one of several members, have this one removed ' +
            '(hyperkube member remove, etcdctl member remove) and join again',
        { cause: error },
    );
}

/** abstract-level wraps what went wrong on open into LEVEL_DATABASE_NOT_OPEN. */
function rootCause(error: unknown): unknown {
    let root = error;
    for (let cause = property(root, 'cause'); cause !== undefined; cause = property(root, 'cause')) {
        root = cause;
    }
    return root;
}

/** Errors made by native code are no `instanceof Error` in every JavaScript realm. */
function property(value: unknown, name: 'message' | 'code' | 'cause'): unknown {
    if (typeof value !== 'object' || value === null) return undefined;
    return (value as Partial<Record<typeof name, unknown>>)[name];
}
