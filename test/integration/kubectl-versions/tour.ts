import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Chapter, parseChapter, type Step } from './chapter.ts';
import { startTourCluster } from './cluster.ts';
import { Walker } from './run-chapter.ts';
import type { Version } from './versions.ts';

/** What the steps of a chapter printed, or why the chapter came to no end. */
export type ChapterResult = Map<Step, string[]> | Error;

export function readChapters(directory: string): Chapter[] {
    return readdirSync(directory)
        .filter((file) => file.endsWith('.txt'))
        .sort()
        .map((file) => parseChapter(file.replace(/\.txt$/, ''), readFileSync(join(directory, file), 'utf8')));
}

/** A version and the chapters that it walks through. */
export interface Walk {
    version: Version;
    binary: string;
    chapters: readonly Chapter[];
}

/** Hears of each chapter as it ends. */
export type Listener = (version: Version, chapter: Chapter, result: ChapterResult, walker: Walker) => void;

/** One walk after the other on a cluster of their own. No chapter may be in two of them: it would meet its own traces. */
export async function walkTour(walks: readonly Walk[], done: Listener): Promise<void> {
    const cluster = await startTourCluster();
    try {
        for (const { version, binary, chapters } of walks) {
            const walker = await Walker.create(cluster, binary);
            try {
                for (const chapter of chapters)
                    done(version, chapter, await resultOf(walker, chapter), walker);
            } finally {
                await walker.close();
            }
        }
    } finally {
        await cluster.stop();
    }
}

async function resultOf(walker: Walker, chapter: Chapter): Promise<ChapterResult> {
    try {
        return await walker.walk(chapter);
    } catch (error) {
        return error instanceof Error ? error : new Error(String(error));
    }
}

/** Tours that do not meet, so many of them at a time. */
export async function walkTours(
    tours: readonly (readonly Walk[])[],
    options: { atOnce: number; done: Listener },
): Promise<void> {
    const waiting = [...tours];
    await Promise.all(
        Array.from({ length: Math.min(options.atOnce, waiting.length) }, async () => {
            for (let next; (next = waiting.shift()) !== undefined;) await walkTour(next, options.done);
        }),
    );
}
