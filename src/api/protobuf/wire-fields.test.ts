import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { JsonSchema } from '../schema/openapi/published-types.ts';
import { schema } from '../schema/schema.ts';
import { wireFieldLines } from './wire-fields.ts';
import { embedded, messageNameOf, scalarPresence, wireMessage } from './wire-types.ts';

/** JSON names of a message's fields, those of embedded structs included. */
function fieldNames(message: string): string[] {
    return [...(wireMessage(message)?.values() ?? [])].flatMap(({ name, value }) =>
        name === embedded && typeof value === 'object' ? fieldNames(value.message) : [name],
    );
}

/** The names of a kind travel in the envelope. */
const inEnvelope = new Set(['apiVersion', 'kind']);

/** Types of which no message is sent. */
const neverSent = new Set([
    // Documents of discovery; clients ask for them as JSON.
    'io.k8s.apimachinery.pkg.version.Info',
    // What a PATCH sends is a document of its own.
    'io.k8s.apimachinery.pkg.apis.meta.v1.Patch',
    // Only API groups in alpha and beta refer to it.
    'io.k8s.apimachinery.pkg.apis.meta.v1.GroupResource',
]);

describe('the table of wire fields', () => {
    it('has every message it refers to', () => {
        const missing: string[] = [];
        const seen = new Set<string>();
        const visit = (message: string): void => {
            if (seen.has(message)) return;
            seen.add(message);
            const fields = wireMessage(message);
            if (fields === undefined) missing.push(message);
            for (const { value } of fields?.values() ?? [])
                if (typeof value === 'object') visit(value.message);
        };
        for (const { type } of schema().resources)
            if (type !== '') visit(messageNameOf(schema().openApiNameOf(type)));
        expect(missing).toEqual([]);
        expect(seen.size).toBeGreaterThan(300);
    });

    it('has a number for each field of every type that is served', () => {
        const missing: string[] = [];
        for (const name of schema()
            .typeNames()
            .filter((one) => !one.endsWith('List'))) {
            const { openapiName, fields } = schema().peek(name);
            if (neverSent.has(openapiName)) continue;
            const known = new Set(fieldNames(messageNameOf(openapiName)));
            for (const field of fields.keys())
                if (!known.has(field) && !inEnvelope.has(field)) missing.push(`${openapiName} ${field}`);
        }
        expect(missing).toEqual([]);
    });

    it('has no number or name twice, and no field with a type it does not know', () => {
        const wrong: string[] = [];
        for (const line of wireFieldLines.split('\n').filter((one) => one !== '')) {
            const numbers = line
                .slice(line.indexOf('=') + 1)
                .split(',')
                .map((field) => field.split(' ')[0]);
            if (new Set(numbers).size !== numbers.length) wrong.push(line);
        }
        for (const name of schema().typeNames()) {
            const message = messageNameOf(schema().openApiNameOf(name));
            const fields = [...(wireMessage(message)?.values() ?? [])];
            for (const { name: field, value } of fields)
                if ((value as unknown) === undefined) wrong.push(`${message} ${field}`);
            const names = fieldNames(message);
            if (new Set(names).size !== names.length) wrong.push(message);
        }
        expect(wrong).toEqual([]);
    });

    it('says of scalars whether Go has them as pointers', () => {
        const pod = scalarPresence('k8s.io.api.core.v1.PodSpec');
        expect(pod.get('hostNetwork')).toBe('nothing-when-zero');
        expect(pod.get('automountServiceAccountToken')).toBe('said');
        expect(scalarPresence('k8s.io.api.core.v1.Event').get('reportingComponent')).toBe('always');
        expect(scalarPresence('k8s.io.api.core.v1.EphemeralContainer').get('stdin')).toBe(
            'nothing-when-zero',
        );
        expect(pod.has('containers')).toBe(false);
    });
});

/** What upstream publishes; not part of the project, so this test passes over it where it is missing. */
const directory = process.env.HYPERKUBE_REFERENCE ?? join(process.cwd(), '..', 'shared', 'reference');
const openApiFile = join(directory, 'openapi-v1.36.json');
const whereThere = existsSync(openApiFile) ? describe : describe.skip;

whereThere('the table of wire fields against upstream', () => {
    it('has a number for every property of every GA type', () => {
        const { definitions } = JSON.parse(readFileSync(openApiFile, 'utf8')) as {
            definitions: Record<string, JsonSchema>;
        };
        const missing: string[] = [];
        for (const [name, { properties = {} }] of Object.entries(definitions)) {
            if (/(alpha|beta)\d/.test(name) || name.endsWith('List') || neverSent.has(name)) continue;
            const known = new Set(fieldNames(messageNameOf(name)));
            for (const property of Object.keys(properties))
                if (!known.has(property) && !inEnvelope.has(property)) missing.push(`${name} ${property}`);
        }
        expect(missing).toEqual([]);
    });
});
