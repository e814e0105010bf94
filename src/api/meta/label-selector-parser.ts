import { isLabelValue, isQualifiedName } from './name-formats.ts';

/** One term of a label selector, in the words of the query form: "a in (b, c)", "!d". */
export interface LabelRequirement {
    key: string;
    operator: LabelOperator;
    values: readonly string[];
}
export type LabelOperator = '=' | '!=' | 'in' | 'notin' | 'exists' | '!' | 'gt' | 'lt';

type Token =
    | { type: 'identifier' | 'error' | 'end'; text: string }
    | { type: ',' | '(' | ')' | '!' | '=' | '==' | '!=' | '<' | '>' | 'in' | 'notin'; text: string };

const selectorBytesMax = 64 * 1024;
const symbols = new Set([',', '(', ')', '!', '=', '==', '!=', '<', '>']);
const operatorNames = 'in, notin, =, ==, !=, gt, lt';

function isSymbolCharacter(text: string): boolean {
    return text !== '' && '=!(),<>'.includes(text);
}
function isSpace(text: string): boolean {
    return text !== '' && ' \t\r\n'.includes(text);
}

function tokenize(text: string): Token[] {
    const tokens: Token[] = [];
    let at = 0;
    while (at < text.length) {
        const start = at;
        const first = text.charAt(at);
        if (isSpace(first)) {
            at++;
        } else if (isSymbolCharacter(first)) {
            // Greedy: "==" and "!=" are one symbol.
            const two = text.slice(at, at + 2);
            const symbol = symbols.has(two) ? two : first;
            at += symbol.length;
            tokens.push({ type: symbol as ',', text: symbol });
        } else {
            while (at < text.length && !isSpace(text.charAt(at)) && !isSymbolCharacter(text.charAt(at))) at++;
            const word = text.slice(start, at);
            tokens.push({ type: word === 'in' || word === 'notin' ? word : 'identifier', text: word });
        }
    }
    return tokens;
}

/** Recursive descent over the grammar in k8s.io/apimachinery pkg/labels/selector.go. */
class Parser {
    readonly #tokens: readonly Token[];
    #at = 0;

    constructor(text: string) {
        this.#tokens = tokenize(text);
    }

    /** "in" and "notin" are ordinary words except where an operator is expected. */
    #peek(operators = false): Token {
        const token = this.#tokens[this.#at] ?? { type: 'end', text: '' };
        return !operators && (token.type === 'in' || token.type === 'notin')
            ? { type: 'identifier', text: token.text }
            : token;
    }

    #next(operators = false): Token {
        const token = this.#peek(operators);
        this.#at++;
        return token;
    }

    parse(): LabelRequirement[] {
        const requirements: LabelRequirement[] = [];
        for (;;) {
            const token = this.#peek();
            if (token.type === 'end') return requirements;
            if (token.type !== 'identifier' && token.type !== '!')
                throw new Error(`found '${token.text}', expected: !, identifier, or 'end of string'`);
            requirements.push(this.#requirement());
            const separator = this.#next();
            if (separator.type === 'end') return requirements;
            if (separator.type !== ',')
                throw new Error(`found '${separator.text}', expected: ',' or 'end of string'`);
            const following = this.#peek();
            if (following.type !== 'identifier' && following.type !== '!')
                throw new Error(`found '${following.text}', expected: identifier after ','`);
        }
    }

    #requirement(): LabelRequirement {
        try {
            return this.#parseRequirement();
        } catch (cause) {
            const why = cause instanceof Error ? cause.message : String(cause);
            throw new Error(`unable to parse requirement: ${why}`, { cause });
        }
    }

    #parseRequirement(): LabelRequirement {
        let token = this.#next();
        const negated = token.type === '!';
        if (negated) token = this.#next();
        if (token.type !== 'identifier') throw new Error(`found '${token.text}', expected: identifier`);
        const key = token.text;
        checkKey(key);
        const following = this.#peek();
        if (negated || following.type === 'end' || following.type === ',')
            return { key, operator: negated ? '!' : 'exists', values: [] };
        const operator = this.#operator();
        const values = operator === 'in' || operator === 'notin' ? this.#list() : [this.#exactValue()];
        const requirement = { key, operator, values };
        checkRequirement(requirement);
        return requirement;
    }

    #operator(): LabelOperator {
        const token = this.#next(true);
        switch (token.type) {
            case '=':
            case '==':
                return '=';
            case '!=':
            case 'in':
            case 'notin':
                return token.type;
            case '>':
                return 'gt';
            case '<':
                return 'lt';
            default:
                throw new Error(`found '${token.text}', expected: ${operatorNames}`);
        }
    }

    #list(): string[] {
        const open = this.#next();
        if (open.type !== '(') throw new Error(`found '${open.text}' expected: '('`);
        const first = this.#peek();
        if (first.type === ')') {
            this.#at++;
            return [];
        }
        if (first.type !== 'identifier' && first.type !== ',')
            throw new Error(`found '${first.text}', expected: ',', ')' or identifier`);
        // Between two commas, and beside a parenthesis, stands the empty value.
        const values = new Set<string>();
        for (;;) {
            let value = '';
            if (this.#peek().type === 'identifier') value = this.#next().text;
            values.add(value);
            const separator = this.#next();
            if (separator.type === ')') return [...values].sort();
            if (separator.type !== ',') throw new Error(`found '${separator.text}', expected: ',' or ')'`);
        }
    }

    #exactValue(): string {
        const following = this.#peek();
        if (following.type === 'end' || following.type === ',') return '';
        const token = this.#next();
        if (token.type !== 'identifier') throw new Error(`found '${token.text}', expected: identifier`);
        return token.text;
    }
}

function checkKey(key: string): void {
    const messages = isQualifiedName(key);
    if (messages.length > 0)
        throw new Error(`key: Invalid value: ${JSON.stringify(key)}: ${messages.join('; ')}`);
}

/** @throws Error in upstream's words when the operator and its values do not fit. */
export function checkRequirement({ key, operator, values }: LabelRequirement): void {
    checkKey(key);
    if ((operator === 'in' || operator === 'notin') && values.length === 0)
        throw new Error("values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty");
    if (operator === 'gt' || operator === 'lt') {
        for (const [i, value] of values.entries())
            if (!/^[-+]?\d+$/.test(value))
                throw new Error(
                    `values[${i}]: Invalid value: ${JSON.stringify(value)}: for 'Gt', 'Lt' operators, the value must be an integer`,
                );
    }
    for (const [i, value] of values.entries()) {
        const messages = isLabelValue(value);
        if (messages.length > 0)
            throw new Error(
                `values[${i}][${key}]: Invalid value: ${JSON.stringify(value)}: ${messages.join('; ')}`,
            );
    }
}

/** The terms of "a=b,c in (d,e),!f". @throws Error in upstream's words. */
export function parseLabelRequirements(text: string): LabelRequirement[] {
    if (text.length > selectorBytesMax)
        throw new Error(`label selector is longer than ${selectorBytesMax} bytes`);
    return new Parser(text).parse();
}
