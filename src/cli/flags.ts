import { Command, InvalidArgumentError, Option } from 'commander';
import { readFileSync } from 'node:fs';
import { parseGoDuration } from '../util/duration-text.ts';

/**
 * Flags as data: upstream's names and forms (`--flag=value`, `--flag value`, `--bool`, `--bool=false`),
 * also settable by the same names in a YAML file (`--config`). The command line wins over the file.
 */
interface FlagSpec<T> {
    description: string;
    placeholder: string;
    fallback: T;
    /** Throws InvalidArgumentError with a sentence that says what is expected. */
    parse(text: string): NonNullable<T>;
    isBoolean?: true;
    /** Given several times, or separated by commas. */
    isList?: true;
    /** Given several times: the texts are joined by commas. */
    joins?: true;
    /** Accepted, does nothing, not shown in --help. */
    hidden?: true;
}

export type FlagSet = Readonly<Record<string, FlagSpec<unknown>>>;
export type FlagValues<S extends FlagSet> = { [K in keyof S]: S[K] extends FlagSpec<infer T> ? T : never };

/** Go's duration syntax, to milliseconds: "1h30m", "10s", "1.5m". */
export function parseDuration(text: string): number {
    const ms = /^[-+]/.test(text) ? undefined : parseGoDuration(text);
    if (ms === undefined) throw new InvalidArgumentError('expected a duration such as 30s, 5m or 1h30m');
    return ms;
}

function parseBoolean(text: string): boolean {
    if (/^(1|t|true)$/i.test(text)) return true;
    if (/^(0|f|false)$/i.test(text)) return false;
    throw new InvalidArgumentError('expected true or false');
}

function parseInteger(text: string, min: number, max: number): number {
    const value = Number(text);
    if (!/^-?\d+$/.test(text) || value < min || value > max)
        throw new InvalidArgumentError(`expected a whole number from ${min} to ${max}`);
    return value;
}

function parseMap(text: string): Record<string, string> {
    const entries = text.split(',').filter((part) => part !== '');
    return Object.fromEntries(
        entries.map((entry) => {
            const equals = entry.indexOf('=');
            if (equals <= 0) throw new InvalidArgumentError('expected key=value pairs separated by commas');
            return [entry.slice(0, equals), entry.slice(equals + 1)];
        }),
    );
}

/** Builders of flags; what they return goes into a FlagSet. */
export const flag = {
    string: (description: string, fallback = '', placeholder = 'string'): FlagSpec<string> => ({
        description,
        placeholder,
        fallback,
        parse: (text) => text,
    }),
    oneOf: <const C extends string>(
        description: string,
        choices: readonly C[],
        fallback: C,
    ): FlagSpec<C> => ({
        description: `${description} (${choices.join(', ')})`,
        placeholder: 'string',
        fallback,
        parse: (text) => {
            const choice = choices.find((known) => known === text);
            if (choice === undefined) throw new InvalidArgumentError(`expected one of ${choices.join(', ')}`);
            return choice;
        },
    }),
    boolean: (description: string, fallback = false): FlagSpec<boolean> => ({
        description,
        placeholder: 'true|false',
        fallback,
        parse: parseBoolean,
        isBoolean: true,
    }),
    /** A boolean of which it matters whether it was given at all. */
    optionalBoolean: (description: string): FlagSpec<boolean | undefined> => ({
        description,
        placeholder: 'true|false',
        fallback: undefined,
        parse: parseBoolean,
        isBoolean: true,
    }),
    /** One text, or several separated by commas. */
    joined: (description: string, fallback = '', placeholder = 'strings'): FlagSpec<string> => ({
        description,
        placeholder,
        fallback,
        parse: (text) => text,
        joins: true,
    }),
    number: (description: string, fallback: number): FlagSpec<number> => ({
        description,
        placeholder: 'number',
        fallback,
        parse: (text) => {
            const value = Number(text);
            if (text.trim() === '' || !Number.isFinite(value))
                throw new InvalidArgumentError('expected a number');
            return value;
        },
    }),
    integer: (
        description: string,
        fallback: number,
        { min = 0, max = Number.MAX_SAFE_INTEGER }: { min?: number; max?: number } = {},
    ): FlagSpec<number> => ({
        description,
        placeholder: 'int',
        fallback,
        parse: (text) => parseInteger(text, min, max),
    }),
    port: (description: string, fallback: number): FlagSpec<number> => ({
        description,
        placeholder: 'port',
        fallback,
        parse: (text) => parseInteger(text, 0, 65_535),
    }),
    /** Value in milliseconds. */
    duration: (description: string, fallbackMs: number): FlagSpec<number> => ({
        description,
        placeholder: 'duration',
        fallback: fallbackMs,
        parse: parseDuration,
    }),
    list: (description: string, fallback: readonly string[] = []): FlagSpec<readonly string[]> => ({
        description,
        placeholder: 'strings',
        fallback,
        parse: (text) => text.split(',').filter((part) => part !== ''),
        isList: true,
    }),
    map: (description: string): FlagSpec<Readonly<Record<string, string>>> => ({
        description,
        placeholder: 'k=v,…',
        fallback: {},
        parse: parseMap,
    }),
};

/** A flag of upstream that has no effect here; accepted so that existing unit files keep working. */
export function ignoredFlag(description: string): FlagSpec<string> {
    return { ...flag.string(description), hidden: true };
}

function optionOf(name: string, spec: FlagSpec<unknown>): Option {
    const value = spec.isBoolean ? `[${spec.placeholder}]` : `<${spec.placeholder}>`;
    const option = new Option(`--${name} ${value}`, spec.description);
    option.argParser((text: string, previous: unknown) => {
        const parsed = spec.parse(text);
        if (spec.joins && typeof previous === 'string' && typeof parsed === 'string')
            return `${previous},${parsed}` as unknown;
        return spec.isList && Array.isArray(previous) && Array.isArray(parsed)
            ? ([...(previous as unknown[]), ...(parsed as unknown[])] as unknown)
            : parsed;
    });
    if (spec.isBoolean) option.preset('true');
    if (spec.hidden) option.hideHelp();
    const fallback = describeFallback(spec.fallback);
    if (fallback !== undefined) option.defaultValueDescription = fallback;
    return option;
}

function describeFallback(fallback: unknown): string | undefined {
    if (fallback === '' || fallback === undefined) return undefined;
    return typeof fallback === 'string' ? fallback : JSON.stringify(fallback);
}

/** Adds the flags to a command. `readFlags` gives their values in the command's action. */
export function addFlags(command: Command, flags: FlagSet): Command {
    for (const [name, spec] of Object.entries(flags)) command.addOption(optionOf(name, spec));
    return command;
}

const camelCase = (name: string): string =>
    name.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

/** An unusable configuration file: the message names the file and the entry. */
export class ConfigFileError extends Error {
    override readonly name = 'ConfigFileError';
}

/** The flags' values: command line, then `--config` file, then defaults. Throws ConfigFileError. */
export async function readFlags<S extends FlagSet>(command: Command, flags: S): Promise<FlagValues<S>> {
    const given: Record<string, unknown> = command.opts();
    const file = typeof given['config'] === 'string' && given['config'] !== '' ? given['config'] : undefined;
    const fromFile = file === undefined ? {} : await readConfigFile(file, flags);
    const values: Record<string, unknown> = {};
    for (const [name, spec] of Object.entries(flags))
        values[name] = given[camelCase(name)] ?? fromFile[name] ?? spec.fallback;
    return values as FlagValues<S>;
}

async function readConfigFile(file: string, flags: FlagSet): Promise<Record<string, unknown>> {
    const { load } = await import('js-yaml');
    let content: unknown;
    try {
        content = load(readFileSync(file, 'utf8')) ?? {};
    } catch (error) {
        throw new ConfigFileError(`cannot read the configuration file ${file}: ${String(error)}`, {
            cause: error,
        });
    }
    if (typeof content !== 'object' || Array.isArray(content) || content === null)
        throw new ConfigFileError(`the configuration file ${file} must be a map of flag names to values`);
    const values: Record<string, unknown> = {};
    for (const [name, value] of Object.entries(content)) {
        const spec = flags[name];
        if (spec === undefined)
            throw new ConfigFileError(`${file}: ${unknownEntry(name, Object.keys(flags))}`);
        try {
            values[name] = spec.parse(configText(value));
        } catch (error) {
            const why = error instanceof Error ? error.message : String(error);
            throw new ConfigFileError(`${file}: ${name}: ${why}`, { cause: error });
        }
    }
    return values;
}

/** A YAML value as the command line would have it. */
function configText(value: unknown): string {
    if (Array.isArray(value)) return value.map(String).join(',');
    if (typeof value === 'object' && value !== null)
        return Object.entries(value)
            .map(([key, entry]) => `${key}=${String(entry)}`)
            .join(',');
    return String(value);
}

function unknownEntry(name: string, known: readonly string[]): string {
    const nearest = known
        .map((candidate) => ({ candidate, distance: editDistance(name, candidate) }))
        .sort((a, b) => a.distance - b.distance)[0];
    const hint = nearest && nearest.distance <= 3 ? ` (did you mean ${nearest.candidate}?)` : '';
    return `unknown entry "${name}"${hint}`;
}

function editDistance(a: string, b: string): number {
    let row = Array.from({ length: b.length + 1 }, (_, i) => i);
    for (let i = 1; i <= a.length; i++) {
        const next = [i];
        for (let j = 1; j <= b.length; j++) {
            const substitution = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
            next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, substitution));
        }
        row = next;
    }
    return row[b.length] ?? 0;
}
