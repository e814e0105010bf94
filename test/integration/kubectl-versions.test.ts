import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { fileURLToPath } from 'node:url';
import { expectedOutput, type Step } from './kubectl-versions/chapter.ts';
import { reasonWanted } from './kubectl-versions/rewrite.ts';
import { type ChapterResult, readChapters, type Walk, walkTours } from './kubectl-versions/tour.ts';
import { findVersions, newest, oldest, type Version } from './kubectl-versions/versions.ts';

/**
 * Every kubectl says what the chapters say. Three versions share the chapters here, each of which is walked once:
 * that takes some 55 s of one core. With KUBECTL_TOUR=all in the environment, or by `npm run tour -- --all`, each
 * version on this machine walks through all of them (some 45 s each). `npm run tour -- --all --rewrite` writes what
 * they print into the chapters: read the difference, and say why, before committing it.
 */
const middle: Version = '1.30';
const shared: Readonly<Record<string, Version>> = {
    about: middle,
    access: oldest,
    apply: newest,
    change: middle,
    create: newest,
    debug: newest,
    delete: middle,
    describe: newest,
    errors: middle,
    explain: oldest,
    get: oldest,
    kinds: newest,
    nodes: oldest,
};
/** Steps that do not reach the server cannot show a change of it. */
const withoutServer = new Set(['client']);

const chapters = readChapters(fileURLToPath(new URL('kubectl-versions/chapters', import.meta.url)));
const found = findVersions();
const walksAll = process.env['KUBECTL_TOUR'] === 'all';

/** What the versions that are not to be had would walk, the newest does. */
const walkerOf = (chapter: string): Version => {
    const version = shared[chapter] ?? newest;
    return found.has(version) ? version : newest;
};

const walks: Walk[] = [...found]
    .map(([version, binary]) => ({
        ...{ version, binary },
        chapters: chapters.filter(
            ({ name }) => walksAll || (!withoutServer.has(name) && walkerOf(name) === version),
        ),
    }))
    .filter((walk) => walk.chapters.length > 0);
const tourMs = walksAll ? 900_000 : 240_000;

const results = new Map<string, Promise<ChapterResult>>();
const settle = new Map<string, (result: ChapterResult) => void>();
const keyOf = (version: Version, chapter: string): string => `${version} ${chapter}`;
let walking: Promise<void> | undefined;

beforeAll(() => {
    for (const { version, chapters: own } of walks)
        for (const { name } of own) {
            const key = keyOf(version, name);
            results.set(key, new Promise((resolve) => settle.set(key, resolve)));
        }
    walking = walkTours(walksAll ? walks.map((walk) => [walk]) : [walks], {
        atOnce: 2,
        done: (version, { name }, result) => settle.get(keyOf(version, name))?.(result),
    }).catch((error: unknown) => {
        const failure = error instanceof Error ? error : new Error(String(error));
        for (const resolve of settle.values()) resolve(failure);
    });
});

afterAll(async () => {
    await walking;
}, tourMs);

/** Commands with what they print, as one text that shows what differs. */
function transcript(
    result: ReadonlyMap<Step, readonly string[]>,
    of: (step: Step) => readonly string[],
): string {
    return [...result.keys()].map((step) => [`$ ${step.command}`, ...of(step)].join('\n')).join('\n\n');
}

for (const { version, chapters: own } of walks)
    describe(`kubectl ${version}`, () => {
        for (const { name } of own)
            it(
                `says what the chapter "${name}" says`,
                async () => {
                    const result = await results.get(keyOf(version, name));
                    if (result === undefined) throw new Error('the chapter was not walked');
                    if (result instanceof Error) throw result;
                    const expected = transcript(result, (step) => expectedOutput(step, version));
                    expect(transcript(result, (step) => result.get(step) ?? [])).toBe(expected);
                },
                tourMs,
            );
    });

for (const version of [oldest, middle, newest] satisfies Version[])
    if (!found.has(version))
        it.skip(`kubectl ${version} is neither on this machine nor to be had: it is not tested`, () =>
            undefined);

describe('the chapters', () => {
    it('are all walked by some version', () => {
        const names = chapters.map(({ name }) => name).filter((name) => !withoutServer.has(name));
        expect(names).toEqual(Object.keys(shared));
    });

    it('give a reason for every deviation', () => {
        const unexplained = chapters.flatMap(({ name, entries }) =>
            entries.flatMap((entry) =>
                entry.type === 'step' &&
                entry.deviations.some(({ reason }) => reason.trim() === '' || reason === reasonWanted)
                    ? [`${name}: ${entry.command}`]
                    : [],
            ),
        );
        expect(unexplained).toEqual([]);
    });
});
