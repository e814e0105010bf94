import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const directory = join(import.meta.dirname, '../../../../shared/reference/manifests');

/** Manifests of other projects whose names begin so; none where the project was checked out on its own. */
export function referenceManifests(prefix: string): string[] {
    if (!existsSync(directory)) return [];
    return readdirSync(directory)
        .filter((name) => name.startsWith(prefix))
        .sort()
        .map((name) => join(directory, name));
}
