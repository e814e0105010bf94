import type { CelType } from '../cel.ts';
import { add, exactly, multiply, type Range, scale, unknown } from './range.ts';

/** What a call costs, besides its arguments, and how large its result is where that is known. */
export interface CallEstimate {
    cost: Range;
    size?: Range;
}

/** An argument of a call, or what stands before its dot. */
export interface Operand {
    type: CelType;
    size: Range | undefined;
    /** Of what is in the list that it is. */
    elementSize: () => Range;
    /** The number that is written there. */
    literal: bigint | undefined;
}

/** A call by one of its overloads. */
export interface EstimatedCall {
    name: string;
    /** Of the overload, the one before the dot first. */
    parameters: readonly CelType[];
    target: Operand | undefined;
    args: readonly Operand[];
}

export type Estimator = (call: EstimatedCall) => CallEstimate | undefined;

/** What walking a text costs by its characters, and trying a pattern by those of the pattern. */
export const traversal = 0.1;
export const patternFactor = 0.25;
export const one = exactly(1);

export function sizeOf(operand: Operand | undefined): Range {
    return operand?.size ?? unknown;
}

/** Of a text against a pattern; the text counts one more, so that an empty one is not free. */
export function patternCost(text: Range, pattern: Range): Range {
    return multiply(scale(add(text, one), traversal), scale(pattern, patternFactor));
}
