/** A container cannot be created as its spec asks; reported as CreateContainerConfigError. */
export class ContainerConfigError extends Error {
    override readonly name = 'ContainerConfigError';
}
