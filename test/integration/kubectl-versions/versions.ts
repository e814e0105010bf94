import { kubectlBinaries } from '../../harness/cluster.ts';
import { debianKubectl } from '../../harness/kubectl.ts';

/** The oldest kubectl of the tour. Distributions still ship it. */
export const oldest = '1.20';

/** Every version that the chapters' deviations may name, in order. The last one is what the chapters show. */
export const versions = [oldest, '1.27', '1.28', '1.29', '1.30', '1.31', '1.32', '1.33'] as const;
export type Version = (typeof versions)[number];

export const newest: Version = '1.33';

export function isVersion(text: string): text is Version {
    return (versions as readonly string[]).includes(text);
}

/** The kubectl binaries of this machine by version; 1.20 is fetched from Debian's archive where it can be. */
export function findVersions(): Map<Version, string> {
    const found = new Map<Version, string>();
    const debian = debianKubectl();
    if (debian?.version === oldest) found.set(oldest, debian.binary);
    for (const [version, binary] of kubectlBinaries()) if (isVersion(version)) found.set(version, binary);
    return found;
}

/** "1.20", "1.27..1.29", "1.20,1.31" as the versions they mean. Throws for what is no version of the tour. */
export function parseVersions(text: string): Version[] {
    return text.split(',').flatMap((part) => {
        const [first = '', last = first] = part.split('..');
        const [from, to] = [first, last].map((version) => versions.indexOf(version as Version));
        if (from === undefined || to === undefined || from < 0 || to < from)
            throw new Error(`"${text}" names no versions of the tour (${versions.join(', ')})`);
        return versions.slice(from, to + 1);
    });
}

/** The shortest text that `parseVersions` reads as these versions. */
export function formatVersions(wanted: readonly Version[]): string {
    const parts: string[] = [];
    for (let i = 0; i < versions.length; i++) {
        let end = i;
        while (end < versions.length && wanted.includes(versions[end]!)) end++;
        if (end === i) continue;
        parts.push(end - i === 1 ? versions[i]! : `${versions[i]!}..${versions[end - 1]!}`);
        i = end;
    }
    return parts.join(',');
}
