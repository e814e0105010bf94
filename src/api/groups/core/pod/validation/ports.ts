import { type FieldError, fieldErrors } from '../../../../meta/field-error.ts';
import { isPortName } from '../../../../meta/names.ts';
import type { V1Container, V1ContainerPort } from '../../../../meta/object.ts';
import { each, formatErrors, isBlank, items, oneOf, portNumber } from '../../../validation/basic.ts';

export const protocols = ['SCTP', 'TCP', 'UDP'] as const;

export function validatePorts(ports: V1ContainerPort[] | undefined, path: string): FieldError[] {
    const names = new Set<string>();
    return each(ports, path, (port, itemPath) => [
        ...validateName(port.name, `${itemPath}.name`, names),
        ...(isUnset(port.containerPort)
            ? [fieldErrors.required(`${itemPath}.containerPort`)]
            : portNumber(port.containerPort, `${itemPath}.containerPort`)),
        ...(isUnset(port.hostPort) ? [] : portNumber(port.hostPort, `${itemPath}.hostPort`)),
        ...oneOf(port.protocol, `${itemPath}.protocol`, protocols),
    ]);
}

function isUnset(port: number | undefined): boolean {
    return port === undefined || port === 0;
}

function validateName(name: string | undefined, path: string, names: Set<string>): FieldError[] {
    if (name === undefined || isBlank(name)) return [];
    const messages = isPortName(name);
    if (messages.length > 0) return formatErrors(name, path, messages);
    if (names.has(name)) return [fieldErrors.duplicate(path, name)];
    names.add(name);
    return [];
}

/** No two containers may claim the same protocol, address and port of the host. */
export function validateHostPortConflicts(containers: readonly V1Container[], path: string): FieldError[] {
    const claimed = new Set<string>();
    return containers.flatMap((container, containerIndex) =>
        items(container.ports).flatMap((port, index) => {
            if (isUnset(port.hostPort)) return [];
            const claim = `${port.protocol ?? ''}/${port.hostIP ?? ''}/${port.hostPort ?? 0}`;
            if (!claimed.has(claim)) {
                claimed.add(claim);
                return [];
            }
            return [fieldErrors.duplicate(`${path}[${containerIndex}].ports[${index}].hostPort`, claim)];
        }),
    );
}
