/**
 * YAML as sigs.k8s.io/yaml reads it: a mix of 1.1 and 1.2. "yes", "on" and "y" are booleans, "0644" is an
 * octal number, dates stay text, keys become text, merge keys work.
 */
import {
    boolYaml11Tag,
    defineScalarTag,
    FAILSAFE_SCHEMA,
    load,
    loadAll,
    mergeTag,
    NOT_RESOLVED,
    nullYaml11Tag,
    YAMLException,
} from 'js-yaml';
import type { Parsed } from './parse.ts';

const depthMax = 200;
const aliasesMax = 100;
/** Aliases multiply what they name; this bounds the result. */
const nodesMax = 200_000;

const digits = Array.from('+-.0123456789');
const integerPattern = /^[-+]?(?:0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|0|[1-9]\d*)$/;
const floatPattern = /^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?$/;

function integerOf(source: string): number | typeof NOT_RESOLVED {
    const text = source.replaceAll('_', '');
    if (!integerPattern.test(text)) return NOT_RESOLVED;
    const sign = text.startsWith('-') ? -1 : 1;
    const magnitude = text.replace(/^[-+]/, '');
    return sign * Number(magnitude.replace(/^0[oO]?(?=[0-7])/, '0o'));
}

const schema = FAILSAFE_SCHEMA.withTags(
    nullYaml11Tag,
    boolYaml11Tag,
    defineScalarTag('tag:yaml.org,2002:int', {
        implicit: true,
        implicitFirstChars: digits,
        resolve: integerOf,
        identify: () => false,
    }),
    defineScalarTag('tag:yaml.org,2002:float', {
        implicit: true,
        implicitFirstChars: digits,
        resolve: (source) => {
            const text = source.replaceAll('_', '');
            return floatPattern.test(text) ? Number(text) : NOT_RESOLVED;
        },
        identify: () => false,
    }),
    defineScalarTag('tag:yaml.org,2002:binary', {
        resolve: (source) => Buffer.from(source, 'base64').toString('utf8'),
        identify: () => false,
    }),
    mergeTag,
);

function countNodes(value: unknown, budget: { left: number }): void {
    if (--budget.left < 0) throw new Error('yaml: document contains excessive aliasing');
    if (typeof value !== 'object' || value === null) return;
    for (const member of Object.values(value)) countNodes(member, budget);
}

function duplicateKeyMessage(error: YAMLException, text: string): string {
    const line = error.mark?.line ?? 0;
    const source = text.split('\n')[line] ?? '';
    const key = /^[\s-]*(?:"([^"]*)"|'([^']*)'|([^:\s][^:]*?))\s*:/.exec(source);
    const name = key?.[1] ?? key?.[2] ?? key?.[3] ?? '';
    return `yaml: unmarshal errors:\n  line ${line + 1}: key "${name}" already set in map`;
}

function yamlMessage(error: unknown): Error {
    if (!(error instanceof YAMLException)) return error instanceof Error ? error : new Error(String(error));
    const line = error.mark === undefined ? '' : `line ${error.mark.line + 1}: `;
    return new Error(`yaml: ${line}${error.reason}`, { cause: error });
}

/** Parses one document. @throws Error, "yaml: line 3: …" */
export function parseYamlText(text: string): Parsed {
    const options = { schema, maxDepth: depthMax, maxAliases: aliasesMax };
    const duplicateFields: string[] = [];
    let value: unknown;
    try {
        value = text.trim() === '' ? null : load(text, options);
    } catch (error) {
        if (!(error instanceof YAMLException) || error.reason !== 'duplicated mapping key')
            throw yamlMessage(error);
        duplicateFields.push(duplicateKeyMessage(error, text));
        value = load(text, { ...options, json: true });
    }
    if (text.includes('*')) countNodes(value, { left: nodesMax });
    return { value, duplicateFields };
}

/** Parses a stream of documents; empty ones are left out. @throws Error, "yaml: line 3: …" */
export function parseYamlDocuments(text: string): unknown[] {
    try {
        const documents = loadAll(text, { schema, maxDepth: depthMax, maxAliases: aliasesMax });
        if (text.includes('*')) countNodes(documents, { left: nodesMax });
        return documents.filter((document) => document !== null && document !== undefined);
    } catch (error) {
        throw yamlMessage(error);
    }
}
