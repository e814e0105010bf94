import { inspect } from 'node:util';
import { admissionPluginNames } from '../components/apiserver/admission/index.ts';
import { parseIpRange } from '../components/apiserver/services/ip-range.ts';
import type { ApiServerOptions, AuditEvent, LogEntry, ManifestSource } from './index.ts';

/** Options with their defaults, checked. */
export interface CheckedOptions {
    crds: readonly ManifestSource[];
    objects: readonly ManifestSource[];
    controllers: readonly string[];
    admissionPlugins: { enable: readonly string[]; disable: readonly string[] };
    port: number;
    serviceClusterIpRange: string;
    audit: ((event: AuditEvent) => void) | undefined;
    log: ((entry: LogEntry) => void) | undefined;
    logLevel: NonNullable<ApiServerOptions['logLevel']>;
}

const logLevels = ['trace', 'debug', 'info', 'warn', 'error'] as const;
const portMax = 65_535;

const known: Readonly<Record<keyof ApiServerOptions, true>> = {
    crds: true,
    objects: true,
    controllers: true,
    admissionPlugins: true,
    port: true,
    serviceClusterIpRange: true,
    audit: true,
    log: true,
    logLevel: true,
};

/** @throws TypeError that names the option. JavaScript has no compiler: what the types say is checked here. */
export function checkOptions(given: ApiServerOptions): CheckedOptions {
    refuseUnknown('', optionalObject('', given), Object.keys(known));
    const { port = 0, serviceClusterIpRange = '10.96.0.0/16', logLevel = 'info' } = given;
    if (!Number.isInteger(port) || port < 0 || port > portMax)
        throw bad('port', port, `a whole number from 0 to ${portMax}`);
    if (!logLevels.includes(logLevel)) throw bad('logLevel', logLevel, `one of ${logLevels.join(', ')}`);
    return {
        crds: sourcesOf('crds', given.crds),
        objects: sourcesOf('objects', given.objects),
        controllers: stringsOf('controllers', given.controllers),
        admissionPlugins: admissionOf(given.admissionPlugins),
        port,
        serviceClusterIpRange: rangeOf(serviceClusterIpRange),
        audit: functionOf('audit', given.audit),
        log: functionOf('log', given.log),
        logLevel,
    };
}

/** @throws TypeError unless each is a path, a file: URL or an object. */
export function sourcesOf(
    option: string,
    value: ManifestSource | readonly ManifestSource[] | undefined,
): ManifestSource[] {
    const list: unknown[] = value === undefined ? [] : [value].flat();
    return list.map((source, index) => {
        if (typeof source === 'string' && source !== '') return source;
        if (typeof source === 'object' && source !== null && !Array.isArray(source)) return source;
        throw bad(`${option}[${index}]`, source, 'a path, a file: URL or an object');
    });
}

/** @throws TypeError unless it is a list of strings that are not empty. */
export function stringsOf(option: string, value: unknown): string[] {
    if (value === undefined) return [];
    if (!Array.isArray(value)) throw bad(option, value, 'a list of strings');
    return value.map((item: unknown, index) => {
        if (typeof item === 'string' && item !== '') return item;
        throw bad(`${option}[${index}]`, item, 'a string');
    });
}

/** What to throw for a value that cannot be used. */
export function bad(option: string, value: unknown, expected: string): TypeError {
    let given = inspect(value, { breakLength: Infinity });
    if (typeof value === 'function') given = 'a function';
    if (typeof value === 'string') given = JSON.stringify(value);
    return new TypeError(`hyperkube: ${option}: expected ${expected}, not ${given.slice(0, 100)}`);
}

function admissionOf(value: ApiServerOptions['admissionPlugins']): CheckedOptions['admissionPlugins'] {
    const given = optionalObject('admissionPlugins', value);
    refuseUnknown('admissionPlugins.', given, ['enable', 'disable']);
    const [enable, disable] = (['enable', 'disable'] as const).map((side) => {
        const names = stringsOf(`admissionPlugins.${side}`, given[side]);
        for (const [index, name] of names.entries())
            if (!admissionPluginNames.includes(name))
                throw bad(
                    `admissionPlugins.${side}[${index}]`,
                    name,
                    `one of ${[...admissionPluginNames].sort().join(', ')}`,
                );
        return names;
    }) as [string[], string[]];
    const both = enable.find((name) => disable.includes(name));
    if (both !== undefined)
        throw new TypeError(`hyperkube: admissionPlugins: ${both} is both enabled and disabled`);
    return { enable, disable };
}

function rangeOf(value: unknown): string {
    const expected = 'an IPv4 network such as 10.96.0.0/16';
    if (typeof value !== 'string') throw bad('serviceClusterIpRange', value, expected);
    try {
        parseIpRange(value);
    } catch {
        throw bad('serviceClusterIpRange', value, expected);
    }
    return value;
}

function functionOf<T>(option: string, value: T): T {
    if (value !== undefined && typeof value !== 'function') throw bad(option, value, 'a function');
    return value;
}

function optionalObject(option: string, value: unknown): Record<string, unknown> {
    if (value === undefined) return {};
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
        return value as Record<string, unknown>;
    throw bad(option || 'options', value, 'an object');
}

function refuseUnknown(prefix: string, given: object, names: readonly string[]): void {
    for (const name of Object.keys(given))
        if (!names.includes(name))
            throw new TypeError(
                `hyperkube: unknown option ${prefix}${name}; there are ${names.map((one) => prefix + one).join(', ')}`,
            );
}
