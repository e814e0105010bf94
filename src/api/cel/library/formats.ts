import {
    isDns1035Label,
    isDns1123Label,
    isDns1123Subdomain,
    isLabelValue,
    isQualifiedName,
} from '../../meta/name-formats.ts';
import { define, type Overload } from '../functions.ts';
import { parseTimestamp } from '../time.ts';
import { EvaluationError, List, Opaque, Optional, sizeOf } from '../values.ts';
import { parseUrl } from './urls.ts';

/** Named formats of texts: `format.dns1123Label().validate(x)` is empty, or has the complaints. */

type Validator = (text: string) => string[];

/** As the start of a generated name: a hyphen may end it, for something follows. */
function prefix(validate: Validator): Validator {
    return (text) => validate(text.length > 1 && text.endsWith('-') ? `${text.slice(0, -1)}a` : text);
}

function tested(test: (text: string) => boolean, complaint: string): Validator {
    return (text) => (test(text) ? [] : [complaint]);
}

/** The complaint of a reader that throws. */
function complaint(read: () => unknown): string | undefined {
    try {
        read();
        return undefined;
    } catch (error) {
        if (error instanceof EvaluationError) return error.message;
        throw error;
    }
}

function validateUri(text: string): string[] {
    const problem = complaint(() => parseUrl(text));
    return problem === undefined
        ? []
        : [problem.replace(/^URL parse error during conversion from string: /, '')];
}

const uuid = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i;
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const isTime = (text: string) => complaint(() => parseTimestamp(text)) === undefined;
const isDate = (text: string) => text.length === 10 && isTime(`${text}T00:00:00Z`);

const formats = new Map<string, Validator>([
    ['dns1123Label', isDns1123Label],
    ['dns1123Subdomain', isDns1123Subdomain],
    ['dns1035Label', isDns1035Label],
    ['qualifiedName', isQualifiedName],
    ['dns1123LabelPrefix', prefix(isDns1123Label)],
    ['dns1123SubdomainPrefix', prefix(isDns1123Subdomain)],
    ['dns1035LabelPrefix', prefix(isDns1035Label)],
    ['labelValue', isLabelValue],
    ['uri', validateUri],
    ['uuid', tested((text) => uuid.test(text), 'does not match the UUID format')],
    ['byte', tested((text) => text !== '' && base64.test(text), 'invalid base64')],
    ['date', tested(isDate, 'invalid date')],
    ['datetime', tested(isTime, 'invalid datetime')],
]);

function formatValue(name: string): Opaque {
    return new Opaque('kubernetes.NamedFormat', formats.get(name), name);
}

function validate(format: Opaque, text: string): Optional {
    const complaints = (format.value as Validator)(text);
    return complaints.length ? new Optional(List.of(complaints)) : Optional.none;
}

export const namedFormats: readonly Overload[] = [
    define('format.named(string) optional(Format)', (name: string) =>
        formats.has(name) ? new Optional(formatValue(name)) : Optional.none,
    ),
    ...[...formats.keys()].map((name) => define(`format.${name}() Format`, () => formatValue(name))),
    define(
        'Format.validate(string) optional(list(string))',
        validate,
        (_format: Opaque, text: string) => Math.ceil(sizeOf(text) / 10) * 10,
    ),
];
