/** A broken invariant: can only be a bug of this program, never a consequence of input. */
export class AssertionError extends Error {
    override readonly name = 'AssertionError';
}

/** Stays on in production. `operands` end up in the message, so that a report is enough to debug with. */
export function assert(
    condition: unknown,
    message: string,
    operands?: Record<string, unknown>,
): asserts condition {
    if (!condition) {
        throw new AssertionError(
            operands === undefined ? message : `${message}: ${JSON.stringify(operands)}`,
        );
    }
}

/** The default branch of an exhaustive switch: a compile error when a case was forgotten. */
export function unreachable(value: never): never {
    throw new AssertionError(`unreachable: ${JSON.stringify(value)}`);
}
