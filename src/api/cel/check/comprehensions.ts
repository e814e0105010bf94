import type { Comprehension, Expression } from '../ast.ts';
import type { CelType } from '../cel.ts';
import { dyn, listOf, mapOf, optionalContent, optionalOf } from '../types.ts';
import type { Checking } from './checker.ts';

const bool: CelType = { kind: 'bool' };
const int: CelType = { kind: 'int' };

/** Types of what the variables go through. */
function variableTypes(range: CelType, { variables }: Comprehension): CelType[] | undefined {
    if (range.kind === 'list') return variables.length === 2 ? [int, range.of] : [range.of];
    if (range.kind === 'map') return [range.keys, range.of];
    return range.kind === 'dyn' || range.kind === 'parameter' ? [dyn, dyn] : undefined;
}

export function checkComprehension(expression: Comprehension, checking: Checking): CelType {
    const { inference, check, within } = checking;
    const range = inference.resolve(check(expression.range));
    const types = variableTypes(range, expression);
    if (!types)
        inference.complain(
            expression.range.offset,
            `expression of type '${inference.nameOf(range)}' cannot be range of a comprehension (must be list, map, or dynamic)`,
        );
    const names = expression.variables.map((name, index) => [name, types?.[index] ?? dyn] as const);
    return within(names, () => resultType(expression, types?.[0] ?? dyn, checking));
}

/** With the variables in scope, of which the first has this type. */
function resultType(
    { kind, condition, transform }: Comprehension,
    first: CelType,
    checking: Checking,
): CelType {
    if (condition) checkCondition(condition, kind, checking);
    const made = transform ? checking.check(transform) : dyn;
    switch (kind) {
        case 'all':
        case 'exists':
        case 'existsOne':
            return bool;
        case 'filter':
            return listOf(first);
        case 'map':
        case 'transformList':
            return listOf(made);
        case 'transformMap':
            return mapOf(first, made);
        case 'transformMapEntry': {
            const entry = checking.inference.resolve(made);
            return entry.kind === 'map' ? entry : mapOf(dyn, dyn);
        }
    }
}

/** Told of as the operator that cel-go makes of the macro. */
function checkCondition(
    condition: Expression,
    kind: Comprehension['kind'],
    { check, inference }: Checking,
): void {
    const type = check(condition);
    if (inference.assign(bool, type)) return;
    const name = inference.nameOf(type);
    const [operator, applied] =
        kind === 'all'
            ? ['_&&_', `(bool, ${name})`]
            : kind === 'exists'
              ? ['_||_', `(bool, ${name})`]
              : ['_?_:_', `(${name}, ${kind === 'existsOne' ? 'int, int' : 'list(dyn), list(dyn)'})`];
    inference.noOverload(condition.offset, operator, applied);
}

export function checkOptionalMap(
    expression: Extract<Expression, { type: 'optionalMap' }>,
    { check, inference, within }: Checking,
): CelType {
    const { operand, name, body, flat, offset } = expression;
    const type = inference.resolve(check(operand));
    const content = optionalContent(type) ?? (type.kind === 'dyn' ? dyn : undefined);
    if (!content)
        return inference.noOverload(offset, flat ? 'optFlatMap' : 'optMap', `${inference.nameOf(type)}.()`);
    const made = within([[name, content]], () => check(body));
    if (!flat) return optionalOf(made);
    const inner = inference.resolve(made);
    if (optionalContent(inner)) return inner;
    if (inner.kind !== 'dyn') {
        const found = inference.nameOf(made);
        inference.complain(body.offset, `expected type 'optional_type(dyn)' but found '${found}'`);
    }
    return optionalOf(dyn);
}
