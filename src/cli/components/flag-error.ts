/** A flag whose value cannot be used. */
export class FlagError extends Error {
    override readonly name = 'FlagError';
}
