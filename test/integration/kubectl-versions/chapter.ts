import { isVersion, formatVersions, parseVersions, type Version } from './versions.ts';

/**
 * A chapter of the tour: a text file with commands and what the newest kubectl prints. One entry of each kind:
 *
 *     # A comment.
 *
 *     file pod.yaml
 *         apiVersion: v1
 *
 *     $ kubectl create -f pod.yaml
 *     | pod/a created
 *
 *     $ kubectl get pod nobody
 *     ! Error from server (NotFound): pods "nobody" not found
 *     exit 1
 *     @ 1.20: why this version says something else
 *     - ! Error from server (NotFound): pods "nobody" not found
 *     + ! what it says instead
 *
 *     request PATCH /api/v1/namespaces/web/pods/a/status
 *         status: { phase: Running }
 *
 *     until GET /api/v1/namespaces/web/pods/a
 *         status: { phase: Running }
 *
 *     mask web-data-\w+ -> web-data-<random>
 *
 * `|` is a line of standard output, `!` of standard error, `exit` the exit code when it is not 0. Below `@` stands
 * how the output of some versions differs: lines that are missing there (`-`), that are there instead (`+`), and
 * lines that say where (` `), with `..` between places; or the whole output (`=`). The commands are run by a shell;
 * a backslash at the end of a line continues it. `request` and `until` are not kubectl's: what a
 * kubelet would do, and waiting for controllers (until the answer has these fields).
 */
export interface Chapter {
    name: string;
    entries: Entry[];
}

export type Entry =
    | { type: 'text'; lines: string[] }
    | { type: 'file'; name: string; content: string }
    | { type: 'mask'; pattern: RegExp; replacement: string; line: string }
    | { type: 'request' | 'until'; method: string; path: string; body: string }
    | Step;

export interface Step {
    type: 'step';
    command: string;
    /** As in the file: with their mark. */
    output: string[];
    deviations: Deviation[];
}

export interface Deviation {
    versions: readonly Version[];
    reason: string;
    /** As in the file: with `-`, `+`, ` `, `..` or `=` before each. */
    body: string[];
}

const isOutput = (line: string): boolean => /^(?:[|!](?: |$)|exit \d+$)/.test(line);
const isDeviationBody = (line: string): boolean =>
    /^(?:[-+= ] (?:[|!](?: |$)|exit \d+$)|\.\.$|=$)/.test(line);
const indent = '    ';

export function parseChapter(name: string, text: string): Chapter {
    const lines = text.split('\n');
    if (lines.at(-1) === '') lines.pop();
    const entries: Entry[] = [];
    let at = 0;
    const take = (matches: (line: string) => boolean): string[] => {
        const from = at;
        while (at < lines.length && matches(lines[at]!)) at++;
        return lines.slice(from, at);
    };
    const block = (): string => {
        const from = at;
        let end = at;
        for (; at < lines.length && (lines[at] === '' || lines[at]!.startsWith(indent)); at++)
            if (lines[at] !== '') end = at + 1;
        at = end;
        return lines
            .slice(from, end)
            .map((line) => `${line.slice(indent.length)}\n`)
            .join('');
    };
    while (at < lines.length) {
        const line = lines[at]!;
        if (line === '' || line.startsWith('#')) {
            entries.push({ type: 'text', lines: take((one) => one === '' || one.startsWith('#')) });
            continue;
        }
        const head = /^(file|mask|request|until) (.*)$/.exec(line) ?? /^(\$) (.*)$/.exec(line);
        if (head === null) throw new Error(`${name}:${at + 1}: not an entry of a chapter: ${line}`);
        at++;
        const [, kind, rest = ''] = head;
        if (kind === 'file') entries.push({ type: 'file', name: rest, content: block() });
        else if (kind === 'mask') entries.push(parseMask(rest));
        else if (kind === 'request' || kind === 'until') {
            const [method = '', path = ''] = rest.split(' ');
            entries.push({ type: kind, method, path, body: block() });
        } else {
            let command = rest;
            while (command.endsWith('\\')) command += `\n${lines[at++] ?? ''}`;
            const output = take(isOutput);
            const deviations: Deviation[] = [];
            for (let match; (match = /^@ (\S+): (.*)$/.exec(lines[at] ?? '')) !== null;) {
                at++;
                const [, names = '', reason = ''] = match;
                deviations.push({ versions: parseVersions(names), reason, body: take(isDeviationBody) });
            }
            entries.push({ type: 'step', command, output, deviations });
        }
    }
    return { name, entries };
}

function parseMask(rest: string): Entry {
    const [pattern = '', replacement] = rest.split(' -> ');
    if (replacement === undefined) throw new Error(`mask ${rest}: expected "PATTERN -> TEXT"`);
    return { type: 'mask', pattern: new RegExp(pattern, 'g'), replacement, line: rest };
}

export function formatChapter({ entries }: Chapter): string {
    return `${entries.flatMap(linesOf).join('\n')}\n`;
}

const indented = (text: string): string[] =>
    text
        .split('\n')
        .slice(0, -1)
        .map((line) => (line === '' ? '' : indent + line));

function linesOf(entry: Entry): string[] {
    switch (entry.type) {
        case 'text':
            return entry.lines;
        case 'file':
            return [`file ${entry.name}`, ...indented(entry.content)];
        case 'mask':
            return [`mask ${entry.line}`];
        case 'request':
        case 'until':
            return [`${entry.type} ${entry.method} ${entry.path}`, ...indented(entry.body)];
        case 'step':
            return [
                ...`$ ${entry.command}`.split('\n'),
                ...entry.output,
                ...entry.deviations.flatMap(({ versions, reason, body }) => [
                    `@ ${formatVersions(versions)}: ${reason}`,
                    ...body,
                ]),
            ];
    }
}

/** What a version prints according to the chapter. Throws where a deviation does not fit the output. */
export function expectedOutput(step: Step, version: string): string[] {
    const deviation =
        isVersion(version) && step.deviations.find(({ versions }) => versions.includes(version));
    return deviation ? applyDeviation(step.output, deviation.body) : step.output;
}

export function applyDeviation(output: readonly string[], body: readonly string[]): string[] {
    if (body[0]?.startsWith('=')) return body.filter((line) => line !== '=').map((line) => line.slice(2));
    const result: string[] = [];
    let cursor = 0;
    for (const place of splitPlaces(body)) {
        const with_ = (marks: string): string[] =>
            place.filter((line) => marks.includes(line[0]!)).map((line) => line.slice(2));
        const before = with_(' -');
        const start = findLines(output, before, cursor);
        if (start < 0) throw new Error(`a deviation does not fit the output:\n${place.join('\n')}`);
        result.push(...output.slice(cursor, start), ...with_(' +'));
        cursor = start + before.length;
    }
    return [...result, ...output.slice(cursor)];
}

function splitPlaces(body: readonly string[]): string[][] {
    const places: string[][] = [[]];
    for (const line of body) {
        if (line === '..') places.push([]);
        else places.at(-1)!.push(line);
    }
    return places;
}

function findLines(lines: readonly string[], wanted: readonly string[], from: number): number {
    for (let start = from; start + wanted.length <= lines.length; start++)
        if (wanted.every((line, i) => lines[start + i] === line)) return start;
    return -1;
}
