import type { ControllerDefinition } from './controller-context.ts';

/**
 * Which controllers `--controllers` selects: `*` stands for all that are on by default, `foo` turns
 * one on, `-foo` off; the first entry that names a controller counts.
 * @throws Error in upstream's words when an entry names none.
 */
export function enabledControllers(
    all: readonly ControllerDefinition[],
    selection: readonly string[],
): ControllerDefinition[] {
    const names = new Set(all.map(({ name }) => name));
    for (const entry of selection) {
        const name = entry.replace(/^-/, '');
        if (entry !== '*' && !names.has(name)) {
            throw new Error(`"${name}" is not in the list of known controllers`);
        }
    }
    return all.filter((controller) => isEnabled(controller, selection));
}

function isEnabled({ name, disabledByDefault }: ControllerDefinition, selection: readonly string[]): boolean {
    for (const entry of selection) {
        if (entry === name) return true;
        if (entry === `-${name}`) return false;
    }
    return selection.includes('*') && disabledByDefault !== true;
}
