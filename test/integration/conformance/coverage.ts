import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What an area says of the conformance suite: the default export of its `covered.ts`. */
export interface Coverage {
    /** By the suite's `Testname`: the file beside `covered.ts` that tests the same behaviour. */
    covered: Readonly<Record<string, string>>;
    /** By the suite's `Testname`: why, and where, it is tested elsewhere. */
    elsewhere: Readonly<Record<string, string>>;
}

/** One behaviour that the conformance suite demands. */
export interface Behaviour {
    testname: string;
    /** Of the suite: "test/e2e/apimachinery/watch.go". */
    file: string;
}

/** Turns lists of names by what they have in common into what each name has. */
export function byName(lists: Readonly<Record<string, readonly string[]>>): Record<string, string> {
    const entries = Object.entries(lists);
    return Object.fromEntries(entries.flatMap(([common, names]) => names.map((name) => [name, common])));
}

/** The behaviours of one area, from the folders of the suite that have its name. */
export function behavioursOf(area: string, all: readonly Behaviour[]): Behaviour[] {
    const folders = [`test/e2e/${area}/`, `test/e2e/common/${area}/`];
    return all.filter(({ file }) => folders.some((folder) => file.startsWith(folder)));
}

/** Reads the list of behaviours; undefined where there is none. */
export async function readBehaviours(path: string): Promise<Behaviour[] | undefined> {
    if (!existsSync(path)) return undefined;
    const { load } = await import('js-yaml');
    return load(await readFile(path, 'utf8')) as Behaviour[];
}

/** The areas that have a `covered.ts`. */
export async function areasIn(directory: string): Promise<{ area: string; coverage: Coverage }[]> {
    const entries = await readdir(directory, { withFileTypes: true });
    const areas = entries.filter(
        (entry) => entry.isDirectory() && existsSync(join(directory, entry.name, 'covered.ts')),
    );
    return await Promise.all(
        areas.map(async ({ name: area }) => {
            const module = (await import(join(directory, area, 'covered.ts'))) as { default: Coverage };
            return { area, coverage: module.default };
        }),
    );
}
