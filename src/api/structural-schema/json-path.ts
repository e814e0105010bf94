/**
 * The JSONPath of printer columns and selectable fields (k8s.io/client-go/util/jsonpath, the parts that one path
 * without text around it can have): `.spec.a`, `['a']`, `[0]`, `[1:3]`, `[*]`, `..a`, `[?(@.type=="Ready")]`.
 */
type Step =
    | { type: 'field'; name: string }
    | { type: 'wildcard' }
    | { type: 'descend'; name: string }
    | { type: 'slice'; from: number | undefined; to: number | undefined; single: boolean }
    | { type: 'filter'; left: Operand; operator: Operator; right: Operand }
    | { type: 'exists'; path: JsonPath };
type Operator = '==' | '!=' | '<' | '<=' | '>' | '>=';
type Operand = { type: 'path'; path: JsonPath } | { type: 'literal'; value: string | number | boolean };

/** Values that one path finds at most. */
const resultsMax = 1000;
const stepsMax = 100;

export interface JsonPath {
    /** Plain names from the root on, where the path is nothing else. */
    readonly fields: readonly string[] | undefined;
    find(root: unknown): unknown[];
}

const fieldPattern = /(?:[^.[\]{}()*?@\\\s'"=<>!,]|\\.)+/y;
const bracketNamePattern = /\[(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")\]/y;
const slicePattern = /\[(-?\d*)(?:(:)(-?\d*))?\]/y;
const filterPattern = /\[\?\(([^()]*)\)\]/y;
const comparisonPattern = /^(.+?)\s*(==|!=|<=|>=|<|>)\s*(.+)$/;

/** @throws Error that says what is wrong with the path */
export function parseJsonPath(text: string): JsonPath {
    const source = text.startsWith('{') && text.endsWith('}') ? text.slice(1, -1) : text;
    const steps = parseSteps(source.startsWith('$') ? source.slice(1) : source, text);
    const fields = steps.every((step) => step.type === 'field') ? steps.map(({ name }) => name) : undefined;
    return { fields, find: (root) => find(steps, root) };
}

function match(pattern: RegExp, source: string, at: number): RegExpExecArray | undefined {
    pattern.lastIndex = at;
    return pattern.exec(source) ?? undefined;
}

function parseSteps(source: string, whole: string): Step[] {
    const steps: Step[] = [];
    let at = 0;
    while (at < source.length) {
        const { step, length } = parseStep(source, at, whole);
        if (step !== undefined) steps.push(step);
        at += length;
        if (steps.length > stepsMax) throw new Error(`too many steps in ${JSON.stringify(whole)}`);
    }
    return steps;
}

function parseStep(source: string, at: number, whole: string): { step: Step | undefined; length: number } {
    if (source[at] === '.') return parseDotted(source, at, whole);
    if (source[at] !== '[')
        throw new Error(`unexpected ${JSON.stringify(source.slice(at))} in ${JSON.stringify(whole)}`);
    if (source.startsWith('[*]', at)) return { step: { type: 'wildcard' }, length: 3 };
    const name = match(bracketNamePattern, source, at);
    if (name !== undefined)
        return { step: { type: 'field', name: unescape(name[1] ?? name[2] ?? '') }, length: name[0].length };
    const filter = match(filterPattern, source, at);
    if (filter !== undefined) return { step: parseFilter(filter[1] ?? '', whole), length: filter[0].length };
    const slice = match(slicePattern, source, at);
    if (slice === undefined || slice[0] === '[]')
        throw new Error(`invalid array index in ${JSON.stringify(whole)}`);
    const bound = (digits: string | undefined): number | undefined => (digits ? Number(digits) : undefined);
    const step: Step = {
        type: 'slice',
        from: bound(slice[1]),
        to: bound(slice[3]),
        single: slice[2] === undefined,
    };
    return { step, length: slice[0].length };
}

function parseDotted(source: string, at: number, whole: string): { step: Step | undefined; length: number } {
    const descends = source.startsWith('..', at);
    const start = at + (descends ? 2 : 1);
    if (source[start] === '*') return { step: { type: 'wildcard' }, length: start + 1 - at };
    if (!descends && (source[start] === '[' || start === source.length))
        return { step: undefined, length: 1 };
    const found = match(fieldPattern, source, start);
    if (found === undefined) throw new Error(`unterminated or empty field in ${JSON.stringify(whole)}`);
    const name = unescape(found[0]);
    const step: Step = { type: descends ? 'descend' : 'field', name };
    return { step, length: start - at + found[0].length };
}

const unescape = (text: string): string => text.replaceAll(/\\(.)/g, '$1');

function parseFilter(text: string, whole: string): Step {
    const comparison = comparisonPattern.exec(text.trim());
    if (comparison === null) {
        const operand = parseOperand(text.trim(), whole);
        if (operand.type !== 'path') throw new Error(`invalid filter in ${JSON.stringify(whole)}`);
        return { type: 'exists', path: operand.path };
    }
    return {
        type: 'filter',
        left: parseOperand((comparison[1] ?? '').trim(), whole),
        operator: comparison[2] as Operator,
        right: parseOperand((comparison[3] ?? '').trim(), whole),
    };
}

function parseOperand(text: string, whole: string): Operand {
    const quoted = /^(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")$/.exec(text);
    if (quoted !== null) return { type: 'literal', value: unescape(quoted[1] ?? quoted[2] ?? '') };
    if (text === 'true' || text === 'false') return { type: 'literal', value: text === 'true' };
    if (/^-?\d+(\.\d+)?$/.test(text)) return { type: 'literal', value: Number(text) };
    if (text.startsWith('@')) return { type: 'path', path: parseJsonPath(text.slice(1)) };
    throw new Error(`invalid filter in ${JSON.stringify(whole)}`);
}

function find(steps: readonly Step[], root: unknown): unknown[] {
    let values: unknown[] = [root];
    for (const step of steps) values = values.flatMap((value) => take(step, value)).slice(0, resultsMax);
    return values;
}

function membersOf(value: unknown): unknown[] {
    return typeof value === 'object' && value !== null ? Object.values(value) : [];
}

function take(step: Step, value: unknown): unknown[] {
    switch (step.type) {
        case 'field':
            return memberOf(value, step.name);
        case 'wildcard':
            return membersOf(value);
        case 'descend':
            return [
                ...memberOf(value, step.name),
                ...membersOf(value).flatMap((member) => take(step, member)),
            ];
        case 'slice':
            return slice(value, step);
        case 'exists':
            return membersOf(value).filter((member) => step.path.find(member).length > 0);
        case 'filter':
            return membersOf(value).filter((member) => compare(step, member));
    }
}

function memberOf(value: unknown, name: string): unknown[] {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
    const member: unknown = Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
    return member === undefined ? [] : [member];
}

function slice(value: unknown, { from = 0, to, single }: Step & { type: 'slice' }): unknown[] {
    if (!Array.isArray(value)) return [];
    if (!single) return (value as unknown[]).slice(from, to);
    const item: unknown = (value as unknown[]).at(from);
    return item === undefined ? [] : [item];
}

function valueOf(operand: Operand, member: unknown): unknown {
    return operand.type === 'literal' ? operand.value : operand.path.find(member)[0];
}

function compare({ left, operator, right }: Step & { type: 'filter' }, member: unknown): boolean {
    const [a, b] = [valueOf(left, member), valueOf(right, member)];
    if (operator === '==') return a === b;
    if (operator === '!=') return a !== undefined && a !== b;
    if (typeof a !== typeof b || (typeof a !== 'number' && typeof a !== 'string')) return false;
    const other = b as typeof a;
    switch (operator) {
        case '<':
            return a < other;
        case '<=':
            return a <= other;
        case '>':
            return a > other;
        case '>=':
            return a >= other;
    }
}
