import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Chapter, expectedOutput, formatChapter, type Step } from './chapter.ts';
import { rewriteStep } from './rewrite.ts';
import type { Walker } from './run-chapter.ts';
import { type ChapterResult, readChapters, walkTours } from './tour.ts';
import { findVersions, formatVersions, newest, parseVersions, type Version } from './versions.ts';

/** npm run tour -- [--all | --versions 1.20,1.33] [--rewrite] [--slow] [CHAPTER …] */
const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
        all: { type: 'boolean', default: false },
        versions: { type: 'string', default: `1.20,1.27,${newest}` },
        rewrite: { type: 'boolean', default: false },
        slow: { type: 'boolean', default: false },
        'at-once': { type: 'string', default: '2' },
        directory: { type: 'string' },
    },
});
const directory = values.directory ?? 'test/integration/kubectl-versions/chapters';
const chapters = readChapters(directory).filter(
    ({ name }) => positionals.length === 0 || positionals.includes(name),
);
const found = findVersions();
const wanted = values.all ? [...found.keys()] : parseVersions(values.versions);
const walks = [...found]
    .filter(([version]) => wanted.includes(version))
    .map(([version, binary]) => ({ version, binary, chapters }));
for (const version of wanted)
    if (!found.has(version)) console.log(`kubectl ${version} is not at hand: skipped`);

const results = new Map<Version, Map<string, ChapterResult>>();
let failures = 0;
let steps = 0;
await walkTours(
    walks.map((walk) => [walk]),
    { atOnce: Number(values['at-once']), done: report },
);

function report(version: Version, { name }: Chapter, result: ChapterResult, walker: Walker): void {
    const ofVersion = results.get(version) ?? new Map<string, ChapterResult>();
    results.set(version, ofVersion.set(name, result));
    if (result instanceof Error) {
        failures++;
        console.log(`kubectl ${version}, ${name}: ${result.message}`);
    } else if (!values.rewrite)
        for (const [step, actual] of result) compare(`kubectl ${version}, ${name}`, step, actual, version);
    if (name !== chapters.at(-1)?.name || !values.slow) return;
    const slow = [...walker.timings].sort((a, b) => b.ms - a.ms);
    for (const chapter of [...chapters.map((one) => one.name), '']) {
        const own = slow.filter((one) => chapter === '' || one.chapter === chapter);
        const total = own.reduce((sum, { ms }) => sum + ms, 0);
        console.log(`kubectl ${version} ${chapter}: ${own.length} commands, ${total} ms`);
    }
    for (const { command, ms } of slow.slice(0, 15)) console.log(`${ms} ms  ${command}`);
}

function compare(where: string, step: Step, actual: readonly string[], version: string): void {
    steps++;
    const expected = expectedOutput(step, version);
    if (expected.join('\n') === actual.join('\n')) return;
    failures++;
    console.log(
        `\n${where}\n$ ${step.command}\n--- expected\n${expected.join('\n')}\n--- printed\n${actual.join('\n')}`,
    );
}

if (values.rewrite)
    for (const chapter of chapters) {
        const entries = chapter.entries.map((entry) => {
            if (entry.type !== 'step') return entry;
            const printed = new Map<Version, string[]>();
            for (const [version, ofVersion] of results) {
                const result = ofVersion.get(chapter.name);
                const lines = result instanceof Map ? result.get(entry) : undefined;
                if (lines !== undefined) printed.set(version, lines);
            }
            const base = printed.get(newest);
            printed.delete(newest);
            return rewriteStep(entry, base, printed);
        });
        writeFileSync(join(directory, `${chapter.name}.txt`), formatChapter({ ...chapter, entries }));
    }
else
    console.log(
        `${chapters.length} chapters with kubectl ${formatVersions(walks.map(({ version }) => version))}: ${steps} outputs compared, ${failures} failed`,
    );
process.exit(failures === 0 ? 0 : 1);
