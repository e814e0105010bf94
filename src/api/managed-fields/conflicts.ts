import { StatusError } from '../meta/status-error.ts';
import { type FieldSet, pathsOf } from './field-set.ts';
import type { Manager } from './managed.ts';
import { formatPath } from './path-element.ts';

/** Paths that an applied configuration would change although another manager owns them. */
export interface Conflict {
    manager: Manager;
    set: FieldSet;
}

export class ConflictsError extends Error {
    override readonly name = 'ConflictsError';
    readonly conflicts: readonly Conflict[];

    constructor(conflicts: readonly Conflict[]) {
        super('the applied configuration conflicts with other managers');
        this.conflicts = conflicts;
    }
}

/** 409 with one cause for each path. `apiVersion` replaces the managers' where a subresource is applied. */
export function conflictStatus(conflicts: readonly Conflict[], apiVersion?: string): StatusError {
    const found = conflicts
        .map(({ manager, set }) => ({
            name: describe(apiVersion === undefined ? manager : { ...manager, apiVersion }),
            paths: pathsOf(set).map(formatPath),
        }))
        .sort((a, b) => (a.name < b.name ? -1 : 1));
    const causes = found.flatMap(({ name, paths }) =>
        paths.map((path) => ({
            reason: 'FieldManagerConflict',
            message: `conflict with ${name}`,
            field: path,
        })),
    );
    return new StatusError({
        reason: 'Conflict',
        code: 409,
        message: messageOf(found, causes.length),
        details: { causes },
    });
}

function messageOf(found: readonly { name: string; paths: readonly string[] }[], count: number): string {
    const [first] = found;
    if (count === 1 && first !== undefined) {
        return `Apply failed with 1 conflict: conflict with ${first.name}: ${first.paths.join('')}`;
    }
    const texts = found.map(
        ({ name, paths }) => `conflicts with ${name}:\n${paths.map((path) => `- ${path}`).join('\n')}`,
    );
    return `Apply failed with ${count} conflicts: ${texts.join('\n')}`;
}

function describe({ manager, operation, apiVersion, subresource }: Manager): string {
    const name = JSON.stringify(manager);
    const where = subresource === '' ? name : `${name} with subresource ${JSON.stringify(subresource)}`;
    return operation === 'Update' ? `${where} using ${apiVersion}` : where;
}
