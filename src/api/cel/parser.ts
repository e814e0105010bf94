import type { Entry, Expression, Field, Item } from './ast.ts';
import type { CelLibrary } from './cel.ts';
import { Lexer, type Token } from './lexer.ts';
import { expandMacro } from './macros.ts';
import { SyntaxFault } from './source.ts';
import { Uint } from './values.ts';

/** As cel-go bounds texts, in code points. */
const codePointsMax = 100_000;
/** As cel-go bounds the nesting of a text. */
const nestingMax = 250;
/** Of a chain of operators or selections, which nests to the left. */
const chainMax = 500;

const primaryExpected =
    "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}";
const reserved = new Set(
    'as break const continue else for function if import let loop package namespace return var void while'.split(
        ' ',
    ),
);
const constants = new Map([
    ['true', true],
    ['false', false],
    ['null', null],
]);
const keywords = new Set([...constants.keys(), 'in']);

/** Binary operators by how tight they bind, with the names under which functions have them. */
const binaryOperators: readonly Readonly<Record<string, string>>[] = [
    { '==': '_==_', '!=': '_!=_', '<': '_<_', '<=': '_<=_', '>': '_>_', '>=': '_>=_', in: '@in' },
    { '+': '_+_', '-': '_-_' },
    { '*': '_*_', '/': '_/_', '%': '_%_' },
];

/**
 * Parses one expression (cel-spec, "Syntax"), macros expanded.
 * @throws SyntaxFault at the first place that is not of the language.
 */
export function parse(source: string, libraries: readonly CelLibrary[] = []): Expression {
    if (source.length > codePointsMax) {
        const size = Array.from(source).length;
        if (size > codePointsMax)
            throw new SyntaxFault(
                0,
                `expression code point size exceeds limit: size: ${size}, limit ${codePointsMax}`,
            );
    }
    return new Parser(new Lexer(source).tokens(), libraries).parse();
}

class Parser {
    readonly #tokens: readonly Token[];
    #at = 0;
    readonly #libraries: readonly CelLibrary[];
    #nesting = 0;

    constructor(tokens: readonly Token[], libraries: readonly CelLibrary[]) {
        this.#tokens = tokens;
        this.#libraries = libraries;
    }

    parse(): Expression {
        const expression = this.#expression();
        const { kind, start, text } = this.#token;
        if (kind === 'end') return expression;
        const lone = this.#tokens[this.#at + 1]?.kind === 'end' ? 'extraneous' : 'mismatched';
        throw new SyntaxFault(start, `Syntax error: ${lone} input '${text}' expecting <EOF>`);
    }

    get #token(): Token {
        const token = this.#tokens[this.#at] ?? this.#tokens.at(-1);
        if (!token) throw new Error('the lexer gave no end');
        return token;
    }

    #is(operator: string): boolean {
        return this.#token.kind === 'operator' && this.#token.text === operator;
    }

    /** Takes the operator when it is the next token. */
    #take(operator: string): Token | undefined {
        if (!this.#is(operator)) return undefined;
        const token = this.#token;
        this.#at++;
        return token;
    }

    #expect(operator: string): Token {
        const token = this.#take(operator);
        if (token) return token;
        const { start, text, kind } = this.#token;
        const problem = kind === 'end' ? `missing '${operator}' at` : `mismatched input`;
        const expected = kind === 'end' ? '' : ` expecting '${operator}'`;
        throw new SyntaxFault(start, `Syntax error: ${problem} '${text}'${expected}`);
    }

    #unexpected(): SyntaxFault {
        const { start, text } = this.#token;
        return new SyntaxFault(
            start,
            `Syntax error: mismatched input '${text}' expecting ${primaryExpected}`,
        );
    }

    #expression(): Expression {
        if (++this.#nesting > nestingMax)
            throw new SyntaxFault(this.#token.start, `expression recursion limit exceeded: ${nestingMax}`);
        const condition = this.#logic('||');
        const question = this.#take('?');
        let result = condition;
        if (question) {
            const then = this.#logic('||');
            this.#expect(':');
            const otherwise = this.#expression();
            result = { type: 'conditional', offset: question.start, condition, then, otherwise };
        }
        this.#nesting--;
        return result;
    }

    /** Chains of one operator are one node, so that a long one does not nest. */
    #logic(operator: '&&' | '||'): Expression {
        const operand = () => (operator === '||' ? this.#logic('&&') : this.#binary(0));
        const first = operand();
        if (!this.#is(operator)) return first;
        const offset = this.#token.start;
        const terms = [first];
        while (this.#take(operator)) terms.push(operand());
        return { type: 'logic', offset, operator, terms };
    }

    #binary(level: number): Expression {
        const operators = binaryOperators[level];
        if (!operators) return this.#unary();
        let left = this.#binary(level + 1);
        for (let length = 0; ; length++) {
            const { kind, text, start } = this.#token;
            const known = (kind === 'operator' || text === 'in') && Object.hasOwn(operators, text);
            const name = known ? operators[text] : undefined;
            if (name === undefined) return left;
            this.#boundChain(length);
            this.#at++;
            left = { type: 'call', offset: start, name, args: [left, this.#binary(level + 1)] };
        }
    }

    #boundChain(length: number): void {
        if (length >= chainMax)
            throw new SyntaxFault(this.#token.start, `expression recursion limit exceeded: ${chainMax}`);
    }

    #unary(): Expression {
        const { start } = this.#token;
        for (const sign of ['!', '-'] as const) {
            if (!this.#is(sign)) continue;
            let count = 0;
            for (; this.#take(sign); count++);
            const negative = sign === '-' ? this.#negativeLiteral(start) : undefined;
            if (negative) count--;
            const operand = negative ? this.#members(negative) : this.#members(this.#primary());
            if (count % 2 === 0) return operand;
            return { type: 'call', offset: start, name: sign === '!' ? '!_' : '-_', args: [operand] };
        }
        return this.#members(this.#primary());
    }

    #negativeLiteral(offset: number): Expression | undefined {
        const token = this.#token;
        if (token.kind !== 'int' && token.kind !== 'double') return undefined;
        this.#at++;
        return { type: 'literal', offset, value: -token.value };
    }

    #members(start: Expression): Expression {
        let operand = start;
        for (let length = 0; ; length++) {
            this.#boundChain(length);
            const dot = this.#take('.');
            const bracket = dot ? undefined : this.#take('[');
            if (dot) operand = this.#member(operand, dot.start);
            else if (bracket) operand = this.#index(operand, bracket.start);
            else return operand;
        }
    }

    #index(operand: Expression, offset: number): Expression {
        const optional = this.#take('?') !== undefined;
        const key = this.#expression();
        this.#expect(']');
        return { type: 'index', offset, operand, key, optional };
    }

    #member(operand: Expression, dot: number): Expression {
        const optional = this.#take('?') !== undefined;
        const field = this.#selector();
        const open = optional || field.kind === 'quoted' ? undefined : this.#take('(');
        if (!open) return { type: 'select', offset: dot, operand, field: field.text, optional };
        const args = this.#arguments();
        const call = { name: field.text, receiver: operand, args, offset: open.start };
        return expandMacro(call, this.#libraries) ?? { type: 'call', ...call };
    }

    #selector(): Token {
        const token = this.#token;
        const isName = token.kind === 'identifier' && !keywords.has(token.text);
        if (!isName && token.kind !== 'quoted')
            throw new SyntaxFault(
                token.start,
                `Syntax error: no viable alternative at input '.${token.kind === 'end' ? '' : token.text}'`,
            );
        this.#at++;
        return token;
    }

    /** Behind the opening parenthesis. */
    #arguments(): Expression[] {
        const args: Expression[] = [];
        if (this.#take(')')) return args;
        do args.push(this.#expression());
        while (this.#take(','));
        this.#expect(')');
        return args;
    }

    #primary(): Expression {
        const token = this.#token;
        const { start } = token;
        switch (token.kind) {
            case 'int':
                this.#at++;
                if (token.value >= 2n ** 63n) throw new SyntaxFault(start, 'invalid int literal');
                return { type: 'literal', offset: start, value: token.value };
            case 'uint':
                this.#at++;
                return { type: 'literal', offset: start, value: new Uint(token.value) };
            case 'double':
            case 'string':
            case 'bytes':
                this.#at++;
                return { type: 'literal', offset: start, value: token.value };
            case 'identifier':
                return this.#name();
            case 'operator':
                return this.#bracketed();
            default:
                throw this.#unexpected();
        }
    }

    #bracketed(): Expression {
        if (this.#is('.')) return this.#name();
        const token = this.#take('(') ?? this.#take('[') ?? this.#take('{');
        if (token?.text === '(') {
            const inner = this.#expression();
            this.#expect(')');
            return inner;
        }
        if (token?.text === '[') return { type: 'list', offset: token.start, items: this.#items() };
        if (token?.text === '{') return { type: 'map', offset: token.start, entries: this.#entries() };
        throw this.#unexpected();
    }

    /** A constant, a variable, a call, or the name of a type with its fields behind it. */
    #name(): Expression {
        const leading = this.#take('.');
        const { kind, text, start } = this.#token;
        if (kind !== 'identifier' || text === 'in') throw this.#unexpected();
        this.#at++;
        const constant = constants.get(text);
        if (constant !== undefined) return { type: 'literal', offset: start, value: constant };
        const construction = this.#construction(text);
        if (construction) return construction;
        const open = this.#take('(');
        if (reserved.has(text)) throw new SyntaxFault(start, `reserved identifier: ${text}`);
        if (!open) return { type: 'identifier', offset: leading?.start ?? start, name: text };
        const call = { name: text, args: this.#arguments(), offset: open.start };
        return expandMacro(call, this.#libraries) ?? { type: 'call', ...call };
    }

    /** `a.b.C{…}`; undefined, and nothing taken, when it is none. */
    #construction(first: string): Expression | undefined {
        let name = first;
        let at = this.#at;
        for (; this.#tokens[at]?.text === '.' && this.#tokens[at + 1]?.kind === 'identifier'; at += 2)
            name += `.${this.#tokens[at + 1]?.text ?? ''}`;
        const open = this.#tokens[at];
        if (open?.kind !== 'operator' || open.text !== '{') return undefined;
        this.#at = at + 1;
        return { type: 'object', offset: open.start, name, fields: this.#fields() };
    }

    #items(): Item[] {
        return this.#list(']', () => ({
            optional: this.#take('?') !== undefined,
            value: this.#expression(),
        }));
    }

    #entries(): Entry[] {
        return this.#list('}', () => {
            const optional = this.#take('?') !== undefined;
            const key = this.#expression();
            const { start: offset } = this.#expect(':');
            return { offset, key, optional, value: this.#expression() };
        });
    }

    #fields(): Field[] {
        return this.#list('}', () => {
            const optional = this.#take('?') !== undefined;
            const name = this.#selector().text;
            const { start: offset } = this.#expect(':');
            return { offset, name, optional, value: this.#expression() };
        });
    }

    /** Elements between commas, one of which may end the list. */
    #list<T>(close: string, element: () => T): T[] {
        const result: T[] = [];
        while (!this.#take(close)) {
            result.push(element());
            if (!this.#take(',')) {
                this.#expect(close);
                break;
            }
        }
        return result;
    }
}
