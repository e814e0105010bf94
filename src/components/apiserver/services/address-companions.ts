import { objectKey, type V1IPAddress, type V1Service } from '../../../api/meta/object.ts';
import type { Companion } from '../extensions.ts';
import type { ObjectReader } from '../object-reader.ts';
import { addressesOf, addressObject, serviceKeyOf } from './address-object.ts';
import { addressesResource } from './cluster-ips.ts';

/**
 * The IPAddresses that come and go with a write of a Service. One that belongs to somebody else stays, and so does
 * one with finalizers, which cannot go at once: what is left over is the repair's business.
 */
export function companionsOf(
    reader: ObjectReader,
    service: V1Service | undefined,
    old: V1Service | undefined,
): Companion[] {
    const [after, before] = [addressesOf(service), addressesOf(old)];
    const made = after.filter((address) => !before.includes(address));
    const left = before.filter((address) => !after.includes(address));
    return [
        ...made.map((address): Companion => {
            return {
                type: 'create',
                resource: addressesResource,
                object: addressObject(address, service ?? {}),
            };
        }),
        ...left.flatMap((address): Companion[] => {
            const object = reader.get<V1IPAddress>(addressesResource, '', address);
            if (object === undefined || (object.metadata.finalizers?.length ?? 0) > 0) return [];
            const isOwn = serviceKeyOf(object) === objectKey(old ?? {});
            return isOwn ? [{ type: 'delete', resource: addressesResource, object }] : [];
        }),
    ];
}
