import { column } from '../columns.ts';

interface Annotated {
    metadata?: { name?: string | undefined; annotations?: Record<string, string> | undefined } | undefined;
}

/** The name, marked when the class is the one that claims get who name none. */
function nameText({ metadata }: Annotated, annotation: string): string {
    const isDefault = metadata?.annotations?.[annotation] === 'true';
    return `${metadata?.name ?? ''}${isDefault ? ' (default)' : ''}`;
}

/** Column of names, with those of default classes marked. */
export function defaultMarkedName<T extends Annotated>(...annotations: string[]) {
    return column<T & object>(
        'Name',
        (object) => {
            const marked = annotations.find((one) => object.metadata?.annotations?.[one] === 'true');
            return nameText(object, marked ?? '');
        },
        { format: 'name' },
    );
}
