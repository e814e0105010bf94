import type { Comprehension } from '../ast.ts';
import type { Contents } from './contents.ts';
import type { CostEstimator } from './estimator.ts';
import type { Local } from './locals.ts';
import { add, exactly, multiply, type Range, union } from './range.ts';

const one = exactly(1);

/** What cel-go makes of a macro: an initial value, a step for each element, and a result. */
interface Loop {
    start: Range;
    /** The step, and the condition under which it is taken. */
    each: Range;
    result: Range;
}

const emptyList = exactly(10);
const emptyMap = exactly(30);
const equalityWithOne = exactly(2);

/** The variables as cel-go knows them: one is the element of a list, but the key of a map. */
function variablesOf(
    { variables, range }: Comprehension,
    estimator: CostEstimator,
): (readonly [string, Local])[] {
    const contents = estimator.contentsOf(range);
    const container = contents?.container ?? estimator.typeOf(range).kind;
    const local = (part: 'keys' | 'values'): Local => {
        const isKey = part === 'keys';
        // The indexes of a list have no size of their own.
        const move = isKey ? (container === 'list' ? { field: '@indices' } : '@keys') : '@elements';
        return { place: estimator.placeWithin(range, move), size: contents?.[part], contents: undefined };
    };
    const [first = '', second] = variables;
    if (second !== undefined)
        return [
            [first, local('keys')],
            [second, local('values')],
        ];
    return [[first, local(container === 'list' ? 'values' : 'keys')]];
}

/** A step that is taken only where the condition holds; else the value so far stays. */
function conditional(condition: Range | undefined, step: Range): Range {
    return condition ? add(condition, union(step, one)) : step;
}

function shorted(condition: Range): Range {
    return { min: 1n, max: add(one, condition).max };
}

function loopOf(kind: Comprehension['kind'], condition: Range | undefined, transform: Range): Loop {
    const zero = exactly(0);
    const test = condition ?? zero;
    switch (kind) {
        case 'all':
            return { start: zero, each: add(exactly(2), shorted(test)), result: one };
        case 'exists':
            return { start: zero, each: add(exactly(3), shorted(test)), result: one };
        case 'existsOne':
            return { start: zero, each: conditional(test, exactly(2)), result: equalityWithOne };
        case 'filter':
        case 'map':
        case 'transformList': {
            const appended = add(one, emptyList, transform, one);
            return { start: emptyList, each: conditional(condition, appended), result: one };
        }
        case 'transformMap':
            return {
                start: emptyMap,
                each: conditional(condition, add(exactly(3), transform)),
                result: one,
            };
        case 'transformMapEntry':
            return {
                start: emptyMap,
                each: conditional(condition, add(exactly(2), transform)),
                result: one,
            };
    }
}

const predicates = new Set<Comprehension['kind']>(['all', 'exists', 'existsOne']);
const lists = new Set<Comprehension['kind']>(['filter', 'map', 'transformList']);

/** Of a comprehension over all that it may go through. */
export function estimateComprehension(expression: Comprehension, estimator: CostEstimator): Range {
    const { kind, range, condition, transform, variables } = expression;
    const over = estimator.cost(range);
    let contents: Contents | undefined;
    const loop = estimator.locals.within(variablesOf(expression, estimator), () => {
        const test = condition && estimator.cost(condition);
        const [element = ''] = variables;
        // A filter keeps the element itself.
        const made = transform ? estimator.cost(transform) : one;
        if (lists.has(kind)) {
            const { max } = transform ? estimator.sizeOf(transform) : estimator.sizeOfLocal(element);
            contents = { container: 'list', keys: one, values: { min: 0n, max } };
        }
        return loopOf(kind, test, made);
    });
    const count = estimator.sizeOf(range);
    estimator.setSize(expression, predicates.has(kind) ? one : count);
    estimator.setContents(expression, contents);
    return add(over, loop.start, multiply(count, loop.each), loop.result);
}
