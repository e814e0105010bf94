import { statusErrors } from '../../../api/meta/status-error.ts';
import { keyOfText, textOfKey } from '../../../store/store.ts';

/** Where a LIST goes on: after which key, and at which revision. -1: at whatever is current. */
export interface ContinueToken {
    revision: number;
    /** First key of the next page, absolute. */
    start: string;
}

const tokenVersion = 'meta.k8s.io/v1';

/** `root` is cut off the key, as upstream does. */
export function encodeContinue({ revision, start }: ContinueToken, root: string): string {
    const token = { v: tokenVersion, rv: revision, start: textOfKey(start.slice(root.length)) };
    return Buffer.from(JSON.stringify(token)).toString('base64url');
}

export function decodeContinue(text: string, root: string): ContinueToken {
    let token: unknown;
    try {
        token = JSON.parse(Buffer.from(text, 'base64url').toString());
    } catch (error) {
        throw statusErrors.badRequest(
            `invalid continue token: continue key is not valid: ${(error as Error).message}`,
            {
                cause: error,
            },
        );
    }
    const { v, rv, start } = (token ?? {}) as Record<string, unknown>;
    if (v !== tokenVersion) {
        throw statusErrors.badRequest(
            `invalid continue token: continue key is not valid: server does not recognize this encoded version ${JSON.stringify(v ?? '')}`,
        );
    }
    if (typeof rv !== 'number' || !Number.isSafeInteger(rv) || rv === 0) {
        throw statusErrors.badRequest(
            'invalid continue token: continue key is not valid: incorrect encoded start resourceVersion (version meta.k8s.io/v1)',
        );
    }
    if (typeof start !== 'string' || start === '') {
        throw statusErrors.badRequest(
            'invalid continue token: continue key is not valid: encoded start key empty (version meta.k8s.io/v1)',
        );
    }
    if (start.split('/').includes('..')) {
        throw statusErrors.badRequest('invalid continue token: continue key is not valid');
    }
    return { revision: rv, start: root + keyOfText(start) };
}
