import type { ComprehensionKind, Expression } from './ast.ts';
import type { CelLibrary } from './cel.ts';
import { SyntaxFault } from './source.ts';

interface Call {
    name: string;
    receiver?: Expression;
    args: Expression[];
    offset: number;
}

/** What a call of a macro becomes; undefined for a call of a function. */
export function expandMacro(call: Call, libraries: readonly CelLibrary[]): Expression | undefined {
    const { receiver, args } = call;
    if (!receiver) return call.name === 'has' && args.length === 1 ? presence(call, args) : undefined;
    const isBinding = isName(receiver, 'cel') && call.name === 'bind' && args.length === 3;
    if (isBinding && libraries.includes('bindings')) return bind(call, args);
    if (call.name === 'sortBy' && args.length === 2) return sortBy(call, receiver);
    const optional = /^opt(Flat)?Map$/.exec(call.name);
    if (optional && args.length === 2) {
        const [variable, body] = args;
        if (!variable || !body) return undefined;
        const name = variableName(variable, `${call.name}() variable name must be a simple identifier`);
        const flat = optional[1] !== undefined;
        return { type: 'optionalMap', offset: call.offset, flat, name, operand: receiver, body };
    }
    return comprehension(call, receiver);
}

function isName(expression: Expression, name: string): boolean {
    return expression.type === 'identifier' && expression.name === name;
}

function presence({ offset }: Call, [field]: Expression[]): Expression {
    if (field?.type !== 'select' || field.optional)
        throw new SyntaxFault(field?.offset ?? offset, 'invalid argument to has() macro');
    return { type: 'presence', offset, operand: field.operand, field: field.field };
}

function bind({ offset }: Call, [variable, value, body]: Expression[]): Expression | undefined {
    if (!variable || !value || !body) return undefined;
    const name = variableName(variable, 'cel.bind() variable names must be simple identifiers');
    return { type: 'bind', offset, name, value, body };
}

/** What can be sorted by keys. */
const sortable = new Set<Expression['type']>([
    'list',
    'select',
    'identifier',
    'comprehension',
    'call',
    'index',
    'logic',
    'conditional',
    'bind',
    'optionalMap',
]);
const sorted = '@__sortBy_input__';

/** x.sortBy(e, key) is x bound to a name, sorted by what becomes of each element under the key. */
function sortBy({ offset, args }: Call, list: Expression): Expression | undefined {
    const [variable, key] = args;
    if (!variable || !key) return undefined;
    if (!sortable.has(list.type))
        throw new SyntaxFault(
            list.offset,
            'sortBy can only be applied to a list, identifier, comprehension, call or select expression',
        );
    const input = (): Expression => ({ type: 'identifier', offset, name: sorted });
    const keys: Expression = {
        type: 'comprehension',
        offset,
        kind: 'map',
        range: input(),
        variables: [variableName(variable)],
        condition: undefined,
        transform: key,
    };
    const name = '@sortByAssociatedKeys';
    const body: Expression = { type: 'call', offset, name, receiver: input(), args: [keys] };
    return { type: 'bind', offset, name: sorted, value: list, body };
}

function variableName(expression: Expression, complaint = 'argument must be a simple name'): string {
    if (expression.type !== 'identifier') throw new SyntaxFault(expression.offset, complaint);
    return expression.name;
}

/** By name and number of arguments: the kind, how many are variables, whether there is a condition. */
const comprehensions: Readonly<
    Record<string, { kind: ComprehensionKind; variables: 1 | 2; filter: boolean }>
> = {
    'all/2': { kind: 'all', variables: 1, filter: true },
    'exists/2': { kind: 'exists', variables: 1, filter: true },
    'exists_one/2': { kind: 'existsOne', variables: 1, filter: true },
    'existsOne/2': { kind: 'existsOne', variables: 1, filter: true },
    'filter/2': { kind: 'filter', variables: 1, filter: true },
    'map/2': { kind: 'map', variables: 1, filter: false },
    'map/3': { kind: 'map', variables: 1, filter: true },
    'all/3': { kind: 'all', variables: 2, filter: true },
    'exists/3': { kind: 'exists', variables: 2, filter: true },
    'exists_one/3': { kind: 'existsOne', variables: 2, filter: true },
    'existsOne/3': { kind: 'existsOne', variables: 2, filter: true },
    'transformList/3': { kind: 'transformList', variables: 2, filter: false },
    'transformList/4': { kind: 'transformList', variables: 2, filter: true },
    'transformMap/3': { kind: 'transformMap', variables: 2, filter: false },
    'transformMap/4': { kind: 'transformMap', variables: 2, filter: true },
    'transformMapEntry/3': { kind: 'transformMapEntry', variables: 2, filter: false },
    'transformMapEntry/4': { kind: 'transformMapEntry', variables: 2, filter: true },
};

function comprehension(call: Call, range: Expression): Expression | undefined {
    const shape = comprehensions[`${call.name}/${call.args.length}`];
    if (!shape) return undefined;
    const rest = call.args.slice(shape.variables);
    const names = call.args.slice(0, shape.variables);
    const variables = names.map((name) => variableName(name));
    if (variables.length === 2 && variables[0] === variables[1])
        throw new SyntaxFault(
            names[1]?.offset ?? call.offset,
            `duplicate variable name: ${variables[0] ?? ''}`,
        );
    const condition = shape.filter ? rest.shift() : undefined;
    const transform = rest.shift();
    return {
        type: 'comprehension',
        offset: call.offset,
        kind: shape.kind,
        range,
        variables,
        condition,
        transform,
    };
}
