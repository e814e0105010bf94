/** Where requests without credentials are let through to authorization, as system:anonymous, by default. */
export const defaultAnonymousPaths: readonly string[] = ['/healthz', '/livez', '/readyz', '/version'];

/** --anonymous-auth: everywhere, nowhere, or (not given) on paths that tell no secrets. */
export type AnonymousPolicy = boolean | 'public-paths';

/**
 * True when a request without credentials may go on as system:anonymous; all others are answered 401.
 * Paths match exactly, as conditions of upstream's AuthenticationConfiguration do.
 */
export function anonymousAllowed(path: string, policy: AnonymousPolicy = 'public-paths'): boolean {
    return policy === 'public-paths' ? defaultAnonymousPaths.includes(path) : policy;
}
