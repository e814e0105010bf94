/** Expression texts and the complaints about them, in cel-go's form. */

export interface Complaint {
    /** In UTF-16 units from the start of the text. */
    offset: number;
    message: string;
}

/** Thrown by the parser where it cannot go on. */
export class SyntaxFault extends Error {
    readonly offset: number;

    constructor(offset: number, message: string) {
        super(message);
        this.offset = offset;
    }
}

const complaintsMax = 100;
const tabs = /\t/g;

interface Position {
    line: number;
    /** In code points, from 0. */
    column: number;
    text: string;
}

function locate(source: string, offset: number): Position {
    const before = source.slice(0, offset);
    const start = before.lastIndexOf('\n') + 1;
    const end = source.indexOf('\n', offset);
    return {
        line: before.split('\n').length,
        column: Array.from(source.slice(start, offset)).length,
        text: source.slice(start, end < 0 ? source.length : end),
    };
}

function format(source: string, { offset, message }: Complaint): string {
    const { line, column, text } = locate(source, offset);
    const snippet = text.replace(tabs, ' ');
    return `ERROR: <input>:${line}:${column + 1}: ${message}\n | ${snippet}\n | ${'.'.repeat(column)}^`;
}

/**
 * "compilation failed: " and every complaint with its line and a caret, in the order of the text:
 *
 *     compilation failed: ERROR: <input>:1:5: undefined field 'foo'
 *      | self.foo
 *      | ....^
 */
export function compilationFailure(source: string, complaints: readonly Complaint[]): string {
    const sorted = [...complaints].sort((a, b) => a.offset - b.offset).slice(0, complaintsMax);
    return `compilation failed: ${sorted.map((complaint) => format(source, complaint)).join('\n')}`;
}
