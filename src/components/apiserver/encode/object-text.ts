import { fieldsText } from '../../../api/managed-fields/fields-text.ts';
import { isMap } from '../../../api/managed-fields/field-schema.ts';
import type { ApiObject, V1ObjectMeta } from '../../../api/meta/object.ts';

/** An object's JSON, and where in it the metadata stands. */
export interface ObjectText {
    text: string;
    metadataStart: number;
    /** Behind its closing brace. */
    metadataEnd: number;
    /** The JSON of the labels; undefined where there are none. */
    labels: string | undefined;
}

/** The JSON of an object with kind, apiVersion and metadata before everything else. */
export function objectText({ kind, apiVersion, metadata = {}, ...rest }: ApiObject): ObjectText {
    const head = JSON.stringify({ kind, apiVersion }).slice(0, -1);
    const { text: metadataText, labels } = metadataTextOf(metadata);
    const beginning = `${head}${head === '{' ? '' : ','}"metadata":`;
    const others = JSON.stringify(rest);
    return {
        text: `${beginning}${metadataText}${others === '{}' ? '}' : `,${others.slice(1)}`}`,
        metadataStart: beginning.length,
        metadataEnd: beginning.length + metadataText.length,
        labels,
    };
}

function metadataTextOf(metadata: V1ObjectMeta): { text: string; labels: string | undefined } {
    let labels: string | undefined;
    const text = mapText(metadata, (name, value) => {
        if (name === 'managedFields' && Array.isArray(value)) return entriesText(value);
        const member = json(value);
        if (name === 'labels') labels = member;
        return member;
    });
    return { text, labels };
}

function entriesText(entries: readonly unknown[]): string {
    const texts = entries.map((entry: unknown) =>
        !isMap(entry)
            ? (json(entry) ?? 'null')
            : mapText(entry, (name, value) =>
                  name === 'fieldsV1' && isMap(value) ? fieldsText(value) : json(value),
              ),
    );
    return `[${texts.join(',')}]`;
}

/** As `JSON.stringify` with another text for some of the members; undefined ones are left out. */
function mapText(map: object, textOf: (name: string, value: unknown) => string | undefined): string {
    const members: string[] = [];
    for (const [name, value] of Object.entries(map)) {
        const text = textOf(name, value);
        if (text !== undefined) members.push(`${JSON.stringify(name)}:${text}`);
    }
    return `{${members.join(',')}}`;
}

/** Undefined for what has no JSON. */
function json(value: unknown): string | undefined {
    return JSON.stringify(value);
}
