import { parseYaml } from '../../../api/schema/parse.ts';
import { parseGoDuration } from '../../../util/duration-text.ts';

type Fields = Readonly<Record<string, unknown>>;

/** A configuration file that cannot be read. */
export class ConfigurationError extends Error {
    override readonly name = 'ConfigurationError';
}

/** Which documents are taken. */
export interface ExpectedDocument {
    kind: string;
    apiVersions: readonly string[];
}

/**
 * Takes a configuration apart, strictly: fields that nobody asks for and values of other types are errors. What is
 * absent, or null, is the empty value of its type.
 */
export class StrictReader {
    readonly #problems: string[] = [];

    /** Reads YAML or JSON. Rejects with a ConfigurationError. */
    static async read<T>(
        text: string,
        { kind, apiVersions }: ExpectedDocument,
        decode: (reader: StrictReader, root: unknown) => T,
    ): Promise<T> {
        if (text.length === 0) throw new ConfigurationError('empty config data');
        const { value, duplicateFields } = await parseYaml(Buffer.from(text)).catch((error: unknown) => {
            const why = error instanceof Error ? error.message : String(error);
            throw new ConfigurationError(why, { cause: error });
        });
        const { apiVersion, kind: given } = (value ?? {}) as { apiVersion?: unknown; kind?: unknown };
        if (given === undefined || given === '') throw new ConfigurationError("Object 'Kind' is missing");
        if (given !== kind || !apiVersions.some((known) => known === apiVersion)) {
            throw new ConfigurationError(
                `no kind ${JSON.stringify(given)} is registered for version ${JSON.stringify(apiVersion ?? '')}: expected ${kind} of ${apiVersions.join(' or ')}`,
            );
        }
        const reader = new StrictReader();
        const decoded = decode(reader, value);
        const problems = [...duplicateFields, ...reader.#problems];
        if (problems.length > 0)
            throw new ConfigurationError(`strict decoding error: ${problems.join(', ')}`);
        return decoded;
    }

    fields(value: unknown, path: string, known: readonly string[]): Fields {
        if (value === undefined || value === null) return {};
        if (typeof value !== 'object' || Array.isArray(value)) throw wrongType(path, 'an object');
        for (const name of Object.keys(value)) {
            if (known.includes(name)) continue;
            this.#problems.push(`unknown field ${JSON.stringify(path === '' ? name : `${path}.${name}`)}`);
        }
        return value as Fields;
    }

    text(value: unknown, path: string): string {
        return this.optionalText(value, path) ?? '';
    }

    optionalText(value: unknown, path: string): string | undefined {
        if (value === undefined || value === null) return undefined;
        if (typeof value !== 'string') throw wrongType(path, 'a string');
        return value;
    }

    flag(value: unknown, path: string): boolean | undefined {
        if (value === undefined || value === null) return undefined;
        if (typeof value !== 'boolean') throw wrongType(path, 'true or false');
        return value;
    }

    list<T>(value: unknown, path: string, read: (item: unknown, path: string) => T): T[] {
        if (value === undefined || value === null) return [];
        if (!Array.isArray(value)) throw wrongType(path, 'a list');
        return value.map((item, index) => read(item, `${path}[${index}]`));
    }

    /** Go's "1m30s", as milliseconds. */
    durationMs(value: unknown, path: string): number | undefined {
        const text = this.optionalText(value, path);
        if (text === undefined) return undefined;
        const ms = parseGoDuration(text);
        if (ms === undefined) {
            throw new ConfigurationError(`${path}: time: invalid duration ${JSON.stringify(text)}`);
        }
        return ms;
    }
}

function wrongType(path: string, expected: string): ConfigurationError {
    return new ConfigurationError(`${path === '' ? 'the document' : path}: expected ${expected}`);
}
