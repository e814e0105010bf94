import { readFile } from 'node:fs/promises';
import { ConfigurationError } from '../../components/apiserver/configuration/strict-reader.ts';
import type { FlagSet, FlagValues } from '../flags.ts';
import { FlagError } from './flag-error.ts';

/** Whether a flag has another value than that of one that was not given. A list is given where it is not that one. */
export function isGiven<S extends FlagSet>(set: S, values: FlagValues<S>, name: keyof S & string): boolean {
    return (values as Readonly<Record<string, unknown>>)[name] !== set[name]?.fallback;
}

/** The content of the file that a flag names; empty where it names none. Rejects with a FlagError. */
export async function readFlagFile<N extends string>(
    flags: Readonly<Record<N, string>>,
    name: N,
): Promise<string> {
    const file = flags[name];
    if (file === '') return '';
    try {
        return await readFile(file, 'utf8');
    } catch (error) {
        throw new FlagError(`--${name}: cannot read ${file}`, { cause: error });
    }
}

/** What a configuration file is refused with: its own words tell it all, other errors are kept as the cause. */
export function flagErrorOf(name: string, error: unknown): FlagError {
    if (error instanceof FlagError) return error;
    const why = error instanceof Error ? error.message : String(error);
    return new FlagError(`${name}: ${why}`, error instanceof ConfigurationError ? {} : { cause: error });
}
