import { RuntimeError } from './runtime.ts';

/** A parsed image reference (github.com/distribution/reference), in Docker's normalised form. */
export interface ImageReference {
    /** Registry host with port: "docker.io". */
    domain: string;
    /** "library/busybox". */
    path: string;
    /** "latest" where neither tag nor digest was given. */
    tag: string | undefined;
    digest: string | undefined;
}

const defaultDomain = 'docker.io';
const referenceMaxChars = 255 + 1 + 128 + 1 + 135;
const pathPattern = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const domainPattern =
    /^(?:(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?$/;
const tagPattern = /^\w[\w.-]{0,127}$/;
const digestPattern = /^[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}$/;
const imageIdPattern = /^(?:sha256:)?[a-f0-9]{64}$/;

/** True for an image's id as Docker writes it, which is no reference to a repository. */
export function isImageId(text: string): boolean {
    return imageIdPattern.test(text);
}

/** Throws RuntimeError 'invalidImageName' with upstream's words. */
export function parseImageReference(text: string): ImageReference {
    if (text.length > referenceMaxChars)
        throw invalid(text, 'repository name must not be more than 255 characters');
    const at = text.indexOf('@');
    const digest = at < 0 ? undefined : text.slice(at + 1);
    const named = at < 0 ? text : text.slice(0, at);
    if (digest !== undefined && !digestPattern.test(digest)) throw invalid(text, 'invalid reference format');
    const { domain, remainder } = splitDomain(named);
    const colon = remainder.lastIndexOf(':');
    const path = colon < 0 ? remainder : remainder.slice(0, colon);
    const tag = colon < 0 ? undefined : remainder.slice(colon + 1);
    if (path !== path.toLowerCase()) {
        throw invalid(text, 'invalid reference format: repository name must be lowercase');
    }
    const wellFormed =
        pathPattern.test(path) && domainPattern.test(domain) && (tag === undefined || tagPattern.test(tag));
    if (!wellFormed) throw invalid(text, 'invalid reference format');
    const normalPath = domain === defaultDomain && !path.includes('/') ? `library/${path}` : path;
    return { domain, path: normalPath, tag: tag ?? (digest === undefined ? 'latest' : undefined), digest };
}

/** The fully qualified text: "docker.io/library/busybox:latest". */
export function formatImageReference({ domain, path, tag, digest }: ImageReference): string {
    return `${domain}/${path}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
}

/** The first part is a registry only when it looks like a host; "index.docker.io" is Docker Hub's old name. */
function splitDomain(named: string): { domain: string; remainder: string } {
    const slash = named.indexOf('/');
    const first = slash < 0 ? '' : named.slice(0, slash);
    const isHost = /[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase();
    if (slash < 0 || !isHost) return { domain: defaultDomain, remainder: named };
    return {
        domain: first === 'index.docker.io' ? defaultDomain : first,
        remainder: named.slice(slash + 1),
    };
}

function invalid(text: string, why: string): RuntimeError {
    return new RuntimeError('invalidImageName', `couldn't parse image name "${text}": ${why}`);
}
