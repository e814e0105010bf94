import { readFileSync, readdirSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { basename, join } from 'node:path';

/** Of V8's CPU profile: what is used here. */
interface CpuProfile {
    nodes: readonly {
        id: number;
        callFrame: { functionName: string; url: string; lineNumber: number; columnNumber: number };
    }[];
    samples: readonly number[];
    timeDeltas: readonly number[];
}

/** Where a process spent its time: a part of the program, and its share of the time that was not idle. */
export interface Share {
    part: string;
    percent: number;
}

/** Names one level below these folders are parts of their own. */
const partOf =
    /^(?:src\/(?:components\/apiserver|api|store)\/[^/]+|src\/[^/]+|node_modules\/(?:@[^/]+\/)?[^/]+)/;

/** Maps what a bundle's profile names back to the sources, with the source maps that lie beside it. */
export class HotPaths {
    readonly #maps = new Map<string, SourceMap>();

    constructor(dist: string) {
        for (const directory of [dist, join(dist, 'chunks')])
            for (const name of readdirSync(directory).filter((each) => each.endsWith('.js.map'))) {
                const payload = JSON.parse(
                    readFileSync(join(directory, name), 'utf8'),
                ) as ConstructorParameters<typeof SourceMap>[0];
                this.#maps.set(name.slice(0, -'.map'.length), new SourceMap(payload));
            }
    }

    /** The largest parts of the time first; what V8 does for all of them is in parentheses. */
    sharesOf(json: string): Share[] {
        const profile = JSON.parse(json) as CpuProfile;
        const parts = new Map(
            profile.nodes.map(({ id, callFrame }) => [id, this.#partOf(callFrame)] as const),
        );
        const times = new Map<string, number>();
        let busy = 0;
        profile.samples.forEach((id, i) => {
            const part = parts.get(id) ?? '';
            // The last is the profiler itself, which writes its own report.
            if (part === '(idle)' || part === 'dispatch (native)') return;
            const micros = profile.timeDeltas[i] ?? 0;
            busy += micros;
            times.set(part, (times.get(part) ?? 0) + micros);
        });
        return [...times]
            .map(([part, micros]) => ({ part, percent: (micros / busy) * 100 }))
            .sort((a, b) => b.percent - a.percent);
    }

    #partOf({
        functionName,
        url,
        lineNumber,
        columnNumber,
    }: CpuProfile['nodes'][number]['callFrame']): string {
        if (url === '') return functionName.startsWith('(') ? functionName : `${functionName} (native)`;
        if (url.startsWith('node:')) return /http2/.test(url) ? 'node http2' : 'node, other';
        const map = this.#maps.get(basename(url));
        const entry = map?.findEntry(lineNumber, columnNumber);
        const source = entry !== undefined && 'originalSource' in entry ? entry.originalSource : url;
        const inside = source.replace(/^(?:\.\.\/)+/, '');
        return (
            partOf
                .exec(inside)?.[0]
                .replace(/^src\//, '')
                .replace('components/', '') ?? inside
        );
    }
}
