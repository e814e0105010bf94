import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Upstream's published API, as far as it is compared. */
export interface Reference {
    paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
    definitions: Readonly<Record<string, unknown>>;
}

const file = fileURLToPath(new URL('../../../shared/reference/openapi-v1.36.json', import.meta.url));
const unstable = /\/v\d+(alpha|beta)\d+(\/|$)/;
const methods = new Set(['get', 'put', 'post', 'delete', 'patch', 'options', 'head']);

/** Undefined where the document is not at hand. `path` instead of the usual place, for the bundled program. */
export function loadReference(path = file): Reference | undefined {
    if (!existsSync(path)) return undefined;
    const { paths, definitions } = JSON.parse(readFileSync(path, 'utf8')) as Reference;
    const stable = Object.entries(paths).filter(([name]) => !unstable.test(name));
    return { paths: Object.fromEntries(stable), definitions };
}

/** Every path with each of its methods. */
export function operationsOf(paths: Reference['paths']): { path: string; method: string }[] {
    return Object.entries(paths).flatMap(([path, item]) =>
        Object.keys(item)
            .filter((key) => methods.has(key))
            .map((method) => ({ path, method })),
    );
}

/** Names of the definitions that the paths lead to. */
export function reachableDefinitions({ paths, definitions }: Reference): string[] {
    const found = new Set<string>();
    const visit = (value: unknown): void => {
        if (typeof value !== 'object' || value === null) return;
        for (const [key, child] of Object.entries(value)) {
            if (key !== '$ref' || typeof child !== 'string' || !child.startsWith(prefix)) {
                visit(child);
                continue;
            }
            const name = child.slice(prefix.length);
            if (found.has(name)) continue;
            found.add(name);
            visit(definitions[name]);
        }
    };
    visit(paths);
    return [...found].sort();
}

const prefix = '#/definitions/';
