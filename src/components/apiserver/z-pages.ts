import { statusErrors } from '../../api/meta/status-error.ts';
import { rfc3339 } from '../../util/clock.ts';
import { kubernetesVersion } from '../../util/version.ts';
import type { NonResourceRoute } from './extensions.ts';
import { type ApiRequest, type ApiResult, headerOf } from './request.ts';
import type { VersionInfo } from './version.ts';

const component = 'kube-apiserver';
const group = 'config.k8s.io';
const versions: readonly string[] = ['v1alpha1', 'v1beta1'];
/** What is served for everybody, and nothing to look into. */
const uninteresting = new Set(['/apis', '/api', '/openid', '/openapi', '/.well-known']);
const warning =
    'Warning: This endpoint is not meant to be machine parseable, has no formatting compatibility guarantees and is for debugging purposes only.';

export interface ZPagesOptions {
    version: VersionInfo;
    startedMs: number;
    nowMs: () => number;
    /** All that is served besides resources. */
    paths: () => readonly string[];
    /** Flags and their values as texts; undefined: /flagz is not served. */
    flags: Readonly<Record<string, string>> | undefined;
}

/** /statusz and /flagz: what this process is, as a text for people or, where asked for by version, as JSON. */
export function zPages(options: ZPagesOptions): NonResourceRoute[] {
    const { flags } = options;
    const pages: NonResourceRoute[] = [
        {
            path: '/statusz',
            handle: (request) => answer(request, 'Statusz', statusz(options)),
        },
    ];
    if (flags !== undefined) {
        pages.push({ path: '/flagz', handle: (request) => answer(request, 'Flagz', flagz(flags)) });
    }
    return pages;
}

interface Page {
    text: string;
    fields: object;
}

function statusz({ version, startedMs, nowMs, paths }: ZPagesOptions): Page {
    const uptimeSeconds = Math.max(0, Math.floor((nowMs() - startedMs) / 1000));
    const emulationVersion = `${version.major}.${version.minor}`;
    const shown = [...new Set(paths().map((path) => `/${path.split('/')[1] ?? ''}`))]
        .filter((path) => !uninteresting.has(path))
        .sort();
    const lines = [
        `Started: ${unixDate(startedMs)}`,
        `Up: ${uptimeText(uptimeSeconds)}`,
        `Go version: ${version.goVersion}`,
        `Binary version: ${kubernetesVersion}`,
        `Emulation version: ${emulationVersion}`,
        `Paths: ${shown.join(' ')}`,
    ];
    return {
        text: `\n${component} statusz\n${warning}\n\n${lines.join('\n')}\n`,
        fields: {
            startTime: rfc3339(startedMs),
            uptimeSeconds,
            goVersion: version.goVersion,
            binaryVersion: kubernetesVersion,
            emulationVersion,
            paths: shown,
        },
    };
}

function flagz(flags: Readonly<Record<string, string>>): Page {
    const lines = Object.entries(flags)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, value]) => `${name}=${value}\n`);
    return { text: `\n${component} flagz\n${warning}\n${lines.join('')}`, fields: { flags } };
}

/** JSON is given only to those who name the version that they understand; 406 where nothing fits. */
function answer(request: ApiRequest, kind: string, { text, fields }: Page): ApiResult {
    const accept = headerOf(request, 'accept') ?? '';
    for (const clause of accept.split(',')) {
        const [type = '', ...parameters] = clause.split(';').map((part) => part.trim());
        if (type === '' || type === '*/*' || type === 'text/*' || type === 'text/plain') {
            return plain(text);
        }
        const version = versions.find((one) => parameters.includes(`v=${one}`));
        const isAsked = parameters.includes(`g=${group}`) && parameters.includes(`as=${kind}`);
        if (type === 'application/json' && version !== undefined && isAsked) {
            const apiVersion = `${group}/${version}`;
            return {
                type: 'value',
                status: 200,
                value: { kind, apiVersion, metadata: { name: component }, ...fields },
            };
        }
    }
    const offered = versions.map((version) => `application/json;v=${version};g=${group};as=${kind}`);
    const all = ['text/plain', ...offered].join(', ');
    throw statusErrors.notAcceptable(`only the following media types are accepted: ${all}`);
}

function plain(text: string): ApiResult {
    return {
        type: 'bytes',
        status: 200,
        contentType: 'text/plain; charset=utf-8',
        body: Buffer.from(text),
    };
}

/** "0 hr 00 min 16 sec" */
function uptimeText(seconds: number): string {
    const two = (value: number): string => String(value).padStart(2, '0');
    return `${Math.floor(seconds / 3600)} hr ${two(Math.floor(seconds / 60) % 60)} min ${two(seconds % 60)} sec`;
}

/** "Wed Oct 16 21:03:43 UTC 2024" */
function unixDate(ms: number): string {
    const [weekday, day, month, year, time] = new Date(ms).toUTCString().replace(',', '').split(' ');
    return `${weekday} ${month} ${(day ?? '').replace(/^0/, ' ')} ${time} UTC ${year}`;
}
