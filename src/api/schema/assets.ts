import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/**
 * The generated files. They are not bundled: a parsed module would stay in memory for good. In the source
 * tree they are in generated/, in the bundle beside its entry, from which this code may be split off.
 */
export type Asset = 'schema.json' | 'docs.json';

function read(path: string): Buffer | undefined {
    try {
        return readFileSync(fileURLToPath(new URL(path, import.meta.url)));
    } catch (error) {
        // Not instanceof: a test runner's module has another Error than Node has.
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw error;
    }
}

function readAsset(name: Asset): Buffer {
    const bytes = read(`./generated/${name}`) ?? read(`./${name}`) ?? read(`../${name}`);
    if (bytes === undefined)
        throw new Error(`${name} is missing: run "npm run generate", or keep it beside the bundle`);
    return bytes;
}

let hash: string | undefined;

/** Changes when one of the generated files does; computed once. */
export function assetHash(): string {
    hash ??= createHash('sha256')
        .update(readAsset('schema.json'))
        .update(readAsset('docs.json'))
        .digest('hex');
    return hash;
}

/** Reads and parses one of the generated files. The caller decides how long to keep it. */
export function loadAsset(name: Asset): unknown {
    return JSON.parse(readAsset(name).toString('utf8'));
}
