import { build } from 'esbuild';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Core } from './core.ts';
import type { Profile } from './options.ts';

/** A classic way to get Raft wrong, as a change of the source. Every search text occurs exactly once. */
export interface Mutation {
    name: string;
    edits: readonly { file: string; search: string; replace: string }[];
    /** What finds it: seeds, several in case one does not with the core's next version, or a scenario's text. */
    foundBy:
        { type: 'seeds'; profile: Profile; seeds: readonly number[] } | { type: 'scenario'; name: string };
}

const raftDirectory = fileURLToPath(new URL('../../src/store/raft', import.meta.url));
const coreFile = fileURLToPath(new URL('core.ts', import.meta.url));

/** The core with the mutation's edits, bundled apart; the sources stay as they are. */
export async function buildBrokenCore(mutation: Mutation): Promise<Core> {
    const directory = await mkdtemp(join(tmpdir(), 'hyperkube-broken-core-'));
    try {
        const outfile = join(directory, 'core.mjs');
        const sources = await editedSources(mutation);
        await build({
            entryPoints: [coreFile],
            outfile,
            bundle: true,
            format: 'esm',
            platform: 'node',
            target: 'node20',
            logLevel: 'warning',
            plugins: [
                {
                    name: 'edits',
                    setup(builder) {
                        builder.onLoad({ filter: /store\/raft\/[^/]+\.ts$/ }, ({ path }) => {
                            const contents = sources.get(path);
                            return contents === undefined ? undefined : { contents, loader: 'ts' };
                        });
                    },
                },
            ],
        });
        const { productionCore } = (await import(pathToFileURL(outfile).href)) as { productionCore: Core };
        return productionCore;
    } finally {
        await rm(directory, { recursive: true, force: true });
    }
}

async function editedSources({ name, edits }: Mutation): Promise<Map<string, string>> {
    const sources = new Map<string, string>();
    for (const { file, search, replace } of edits) {
        const path = join(raftDirectory, file);
        const source = sources.get(path) ?? (await readFile(path, 'utf8'));
        const count = source.split(search).length - 1;
        if (count !== 1) {
            throw new Error(
                `mutation "${name}": ${file} contains its search text ${count} times, not once: ${search}`,
            );
        }
        sources.set(
            path,
            source.replace(search, () => replace),
        );
    }
    return sources;
}
