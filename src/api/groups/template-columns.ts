import type { ApiObject, V1PodTemplateSpec } from '../meta/object.ts';
import { wideColumn } from './columns.ts';
import type { Column } from './resource.ts';
import { items } from './validation/basic.ts';

export function containerNames(template: V1PodTemplateSpec | undefined): string {
    return items(template?.spec?.containers)
        .map(({ name }) => name)
        .join(',');
}

export function images(template: V1PodTemplateSpec | undefined): string {
    return items(template?.spec?.containers)
        .map(({ image }) => image ?? '')
        .join(',');
}

/** The wide columns that every workload has. */
export function containerColumns<T extends ApiObject>(
    templateOf: (object: T) => V1PodTemplateSpec | undefined,
): readonly Column<T>[] {
    return [
        wideColumn('Containers', (object) => containerNames(templateOf(object)), {
            description: 'Names of the containers in the template.',
        }),
        wideColumn('Images', (object) => images(templateOf(object)), {
            description: 'Images of the containers in the template.',
        }),
    ];
}
