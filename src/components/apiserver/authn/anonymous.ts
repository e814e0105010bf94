/** Where requests without credentials are let through to authorization, as system:anonymous, by default. */
export const defaultAnonymousPaths: readonly string[] = ['/healthz', '/livez', '/readyz', '/version'];

/**
 * Everywhere, nowhere, or on some paths: those that an AuthenticationConfiguration names, or (where neither it nor
 * --anonymous-auth says anything) those that tell no secrets.
 */
export type AnonymousPolicy = boolean | 'public-paths' | { paths: readonly string[] };

/**
 * True when a request without credentials may go on as system:anonymous; all others are answered 401.
 * Paths match exactly, as conditions of upstream's AuthenticationConfiguration do.
 */
export function anonymousAllowed(path: string, policy: AnonymousPolicy = 'public-paths'): boolean {
    if (typeof policy === 'boolean') return policy;
    return (policy === 'public-paths' ? defaultAnonymousPaths : policy.paths).includes(path);
}
