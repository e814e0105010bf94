import type { Expression } from '../ast.ts';
import { exactly, type Range, union } from './range.ts';

/** How large the keys and the values of a list or map may be. */
export interface Contents {
    container: 'list' | 'map';
    keys: Range;
    values: Range;
}

/** Over all of them; nothing has no size. */
export function unite(ranges: readonly Range[]): Range {
    const [first, ...rest] = ranges;
    return first ? rest.reduce(union, first) : exactly(0);
}

/** Of what may be either; known only where all are. */
export function contentsOfMany(
    expressions: readonly Expression[],
    estimator: { contentsOf(expression: Expression): Contents | undefined },
): Contents | undefined {
    const known = expressions.map((expression) => estimator.contentsOf(expression));
    return known.reduce((all, each) => all && each && uniteContents(all, each));
}

export function uniteContents(a: Contents, b: Contents): Contents {
    return { container: a.container, keys: union(a.keys, b.keys), values: union(a.values, b.values) };
}
