import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What an area says of the conformance suite: the default export of its `covered.ts`. */
export interface Coverage {
    /** By the suite's `Testname`: the test of the same behaviour. */
    covered: Readonly<Record<string, NamedTest>>;
    /** By the suite's `Testname`: what its test needs that is not here. */
    elsewhere: Readonly<Record<string, string>>;
    /** By the suite's `Testname`: what is not built, "not built: preemption". */
    unbuilt: Readonly<Record<string, string>>;
}

export interface NamedTest {
    /** Seen from `covered.ts`. */
    file: string;
    /** As it stands in the file: "%s" and "$name" are not filled in. */
    title: string;
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

/** Turns what each test of each file tests into the test of each behaviour. */
export function tested(
    files: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>,
): Record<string, NamedTest> {
    return Object.fromEntries(
        Object.entries(files).flatMap(([file, titles]) =>
            Object.entries(titles).flatMap(([title, names]) => names.map((name) => [name, { file, title }])),
        ),
    );
}

/** Whether a test of that title stands in the file's text. */
export function hasTest(text: string, title: string): boolean {
    return (
        ["'", '"', '`'].some((quote) => text.includes(`(${quote}${title}${quote},`)) || opensLine(text, title)
    );
}

/** Of a table of tests the title may stand on a line of its own. */
function opensLine(text: string, title: string): boolean {
    return text.split('\n').some((line) => line.trim() === `'${title}',`);
}

/** The areas of the suite, from the folders of its files: "test/e2e/common/node/pods.go" is of "node". */
export function areasOf(all: readonly Behaviour[]): string[] {
    const areas = all.map(({ file }) => /^test\/e2e\/(?:common\/)?([^/]+)\//.exec(file)?.[1] ?? file);
    return [...new Set(areas)].sort();
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
