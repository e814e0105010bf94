/** Field selectors: "spec.nodeName=a,status.phase!=Failed" (k8s.io/apimachinery pkg/fields). */
export interface FieldRequirement {
    field: string;
    operator: '=' | '!=';
    value: string;
}

const selectorBytesMax = 64 * 1024;

/** Splits at commas that no backslash escapes. */
function splitTerms(text: string): string[] {
    const terms: string[] = [];
    let start = 0;
    for (let at = 0; at < text.length; at++) {
        const character = text[at];
        if (character === '\\') at++;
        else if (character === ',') {
            terms.push(text.slice(start, at));
            start = at + 1;
        }
    }
    terms.push(text.slice(start));
    return terms;
}

/** Splits at the first operator; undefined where there is none. */
function splitTerm(term: string): FieldRequirement | undefined {
    for (let at = 0; at < term.length; at++) {
        const two = term.slice(at, at + 2);
        if (two === '!=' || two === '==')
            return {
                field: term.slice(0, at),
                operator: two === '!=' ? '!=' : '=',
                value: unescape(term.slice(at + 2)),
            };
        if (term[at] === '=')
            return { field: term.slice(0, at), operator: '=', value: unescape(term.slice(at + 1)) };
    }
    return undefined;
}

function unescape(value: string): string {
    let result = '';
    for (let at = 0; at < value.length; at++) {
        const character = value.charAt(at);
        if (character === '\\') {
            const escaped = value.charAt(at + 1);
            if (escaped === '') throw new Error(`invalid field selector: ended with backslash`);
            if (!'\\,='.includes(escaped))
                throw new Error(`invalid field selector: invalid escape sequence: \\${escaped}`);
            result += escaped;
            at++;
        } else if (character === '=') {
            throw new Error('invalid field selector: unescaped character in value: =');
        } else {
            result += character;
        }
    }
    return result;
}

/** @throws Error in upstream's words. */
export function parseFieldSelector(text: string): FieldRequirement[] {
    if (text.length > selectorBytesMax)
        throw new Error(`field selector is longer than ${selectorBytesMax} bytes`);
    const requirements: FieldRequirement[] = [];
    for (const term of splitTerms(text)) {
        if (term === '') continue;
        const requirement = splitTerm(term);
        if (requirement === undefined)
            throw new Error(`invalid selector: '${text}'; can't understand '${term}'`);
        requirements.push(requirement);
    }
    return requirements;
}

/** Whether an object with these selectable fields meets all of the requirements. */
export function matchesFields(
    requirements: readonly FieldRequirement[],
    fields: Readonly<Record<string, string>>,
): boolean {
    return requirements.every(
        ({ field, operator, value }) => ((fields[field] ?? '') === value) === (operator === '='),
    );
}
