/** Where requests without credentials are let through to authorization, as system:anonymous. */
export const defaultAnonymousPaths: readonly string[] = ['/healthz', '/livez', '/readyz', '/version'];

/**
 * True when a request without credentials may go on as system:anonymous; all others are answered 401.
 * Paths match exactly, as conditions of upstream's AuthenticationConfiguration do.
 */
export function anonymousAllowed(path: string, allowed: readonly string[] = defaultAnonymousPaths): boolean {
    return allowed.includes(path);
}
