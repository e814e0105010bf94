import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FileUrl, ManifestSource } from './index.ts';

/** What every object has that can be created. */
export interface ManifestObject {
    apiVersion: string;
    kind: string;
    metadata?: { name?: string; namespace?: string; [field: string]: unknown };
}

/** An object, and where it comes from: for messages. */
export interface Manifest {
    object: ManifestObject;
    origin: string;
}

const extension = /\.(ya?ml|json)$/;

/**
 * Reads all objects of the sources, those in a `kind: List` one by one.
 * @throws TypeError where one cannot be read, or is no object of the API
 */
export async function loadManifests(option: string, sources: readonly ManifestSource[]): Promise<Manifest[]> {
    const found: Manifest[] = [];
    for (const [index, source] of sources.entries()) {
        const path = pathOf(source);
        if (path === undefined) found.push(...objectsOf(source, `${option}[${index}]`));
        else
            for (const file of await filesOf(path, option))
                found.push(...(await readManifests(file, option)));
    }
    return found;
}

function pathOf(source: ManifestSource): string | undefined {
    if (typeof source === 'string') return source;
    if (!isUrl(source)) return undefined;
    if (source.protocol !== 'file:') throw new TypeError(`hyperkube: ${source.href} is no file: URL`);
    return fileURLToPath(source.href);
}

function isUrl(source: Exclude<ManifestSource, string>): source is FileUrl {
    return 'href' in source && 'protocol' in source;
}

async function filesOf(path: string, option: string): Promise<string[]> {
    try {
        if (!(await stat(path)).isDirectory()) return [path];
        const names = (await readdir(path)).filter((name) => extension.test(name)).sort();
        if (names.length > 0) return names.map((name) => join(path, name));
    } catch (cause) {
        throw new TypeError(`hyperkube: ${option}: cannot read ${path} in ${process.cwd()}`, { cause });
    }
    throw new TypeError(`hyperkube: ${option}: the directory ${path} has no .yaml, .yml or .json file`);
}

async function readManifests(file: string, option: string): Promise<Manifest[]> {
    const { parseYamlDocuments } = await import('../api/schema/yaml.ts');
    let documents: unknown[];
    try {
        documents = parseYamlDocuments(await readFile(file, 'utf8'));
    } catch (cause) {
        const why = cause instanceof Error ? cause.message : String(cause);
        throw new TypeError(`hyperkube: ${option}: cannot read ${file}: ${why}`, { cause });
    }
    return documents.flatMap((document) => objectsOf(document, file));
}

function objectsOf(value: unknown, origin: string): Manifest[] {
    const { apiVersion, kind, items } = (value ?? {}) as Record<string, unknown>;
    if (typeof apiVersion !== 'string' || typeof kind !== 'string')
        throw new TypeError(`hyperkube: ${origin}: an object needs apiVersion and kind`);
    if (kind.endsWith('List') && Array.isArray(items))
        return items.flatMap((item) => objectsOf(item, origin));
    return [{ object: value as ManifestObject, origin }];
}
